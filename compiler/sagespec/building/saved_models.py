"""Which models an archive or a folder holds, by the rule of TensorFlow Serving's container.

Source: https://github.com/aws/sagemaker-tensorflow-serving-container (tfs_utils.py, find_models)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

FILE = "saved_model.pb"
LEGACY = "export/Servo"
"""The only place where the Python-based server looks.

Source: https://github.com/aws/sagemaker-tensorflow-training-toolkit (tf_container/serve.py)
"""


class FoundModel(NamedTuple):
    """A model with one version or several."""

    name: str
    """What requests call it: its folder's name; `model` for one at the root."""
    folder: str
    """Below the root; empty for the root itself."""
    versions: tuple[str, ...]
    """Names of the folders of its versions, lowest number first."""


def models_among(names: Iterable[str]) -> list[FoundModel]:
    """The models among files, given by their names below the root: each lies in `<digits>/saved_model.pb`."""
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        *folders, file = name.removeprefix("./").split("/")
        if file == FILE and folders and folders[-1].isdecimal() and folders[-1].isascii():
            found.setdefault("/".join(folders[:-1]), []).append(folders[-1])
    return [
        FoundModel(folder.rpartition("/")[2] or "model", folder, tuple(sorted(versions, key=int)))
        for folder, versions in found.items()
    ]


def misplaced(names: Iterable[str]) -> list[str]:
    """What looks like a model and is none to the container, by name."""
    kinds = (FILE, ".keras", ".h5", ".hdf5", ".ckpt.index", "checkpoint")
    return sorted(name for name in names if name.endswith(kinds))


def why_none(names: Iterable[str]) -> str:
    """What is wrong with files that hold no model that the container finds, in words."""
    close = misplaced(names)
    if not close:
        return "it holds no saved_model.pb"
    if close[0].endswith(FILE):
        return f"{close[0]} does not lie in a folder that is called by a number"
    return f"it holds {close[0]}, which is no SavedModel"
