"""Which models an archive or a folder holds, by the rule of TensorFlow Serving's container.

Source: https://github.com/aws/sagemaker-tensorflow-serving-container (tfs_utils.py, find_models)
"""

from __future__ import annotations

from collections.abc import Iterable

from sagespec.base.named import NamedTuple

DEFAULT_MODEL = "SAGEMAKER_TFS_DEFAULT_MODEL_NAME"
"""The container's setting that says which of the models answers where a request names none."""
NO_DEFAULT = "None"
"""The value of it that the container takes for none: the first model that it finds is the default one."""
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


def unloadable(names: Iterable[str]) -> str:
    """Why TensorFlow Serving would not load all that the container finds, in words; empty where it would."""
    names = list(names)
    found = models_among(names)
    for model in found:
        same = [other.folder for other in found if other.name == model.name]
        if len(same) > 1:
            places = " and ".join(folder or "the root" for folder in same)
            return f"two models are called '{model.name}' ({places}), and TensorFlow Serving takes neither"
        inside = f"{model.folder}/" if model.folder else ""
        below = [name.removeprefix(inside) for name in names if name.startswith(inside)]
        empty = {first for first in (name.split("/")[0] for name in below) if first.isnumeric()} - {*model.versions}
        if empty:
            what = f"version {min(empty)} of the model '{model.name}' has no {FILE}"
            return f"{what}, and the container waits until every version is loaded"
    return ""


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
    return f"it holds {close[0]}, which is not a SavedModel"


def cure_of(names: Iterable[str]) -> str:
    """What to do about files that hold no model that the container finds."""
    close = misplaced(names)
    if close and close[0].endswith(FILE):
        folder = close[0].rpartition("/")[0]
        return (
            f"move what lies {f'in {folder}' if folder else 'there'} into a folder that is called by a number: 1/{FILE}"
        )
    return f'export a SavedModel, which lies at <number>/{FILE}: model.export("1") in Keras'
