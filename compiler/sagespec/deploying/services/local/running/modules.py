"""Whether this machine's Python has what a script cannot do without, asked before a job is started."""

from __future__ import annotations

import importlib.util
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.base.named import NamedTuple
from sagespec.scripts import imports_of

if TYPE_CHECKING:
    from sagespec.building.archive import Contents

FRAMEWORKS: Mapping[str, str] = {
    "tensorflow": "TensorFlow",
    "keras": "Keras",
    "torch": "PyTorch",
    "transformers": "Transformers",
    "sklearn": "scikit-learn",
    "xgboost": "XGBoost",
    "mxnet": "MXNet",
}
"""Modules that the images bring, and what they are called. Others may come in many ways."""


class SourceCode(NamedTuple):
    """What a source archive holds, as far as it decides what the entry point needs."""

    names: frozenset[str]
    """Of its files."""
    program: str
    """The entry point's text."""


def packed(archive: Path, program: str) -> SourceCode | None:
    """What lies in an archive; None where that cannot be read.

    Args:
        program: the entry point's path in it.
    """
    try:
        with tarfile.open(archive) as opened:
            names = {name.removeprefix("./") for name in opened.getnames()}
            entry = opened.extractfile(program)
            return SourceCode(frozenset(names), entry.read().decode("utf-8") if entry is not None else "")
    except (OSError, KeyError, tarfile.TarError, UnicodeDecodeError):
        return None


def to_be_packed(contents: Contents, program: str) -> SourceCode | None:
    """What will lie in an archive that nobody has packed yet; None where that cannot be read."""
    try:
        return SourceCode(frozenset(contents.files), contents.files[program].path.read_text(encoding="utf-8"))
    except (OSError, KeyError, UnicodeDecodeError):
        return None


def lacking(code: SourceCode | None, python: str) -> str | None:
    """The framework that the entry point imports in every run and this Python lacks; None where it lacks none, or that
    cannot be known.

    Args:
        python: the Python that would run it.
    """
    if code is None or python != sys.executable or "requirements.txt" in code.names:  # which may bring what is missing
        return None
    tops = {name.partition(".")[0] for name in imports_of(code.program)}
    own = {name.partition("/")[0].removesuffix(".py") for name in code.names}
    found = (title for module, title in FRAMEWORKS.items() if module in tops - own and not is_here(module))
    return next(found, None)


def is_here(module: str) -> bool:
    """Whether this Python could import it."""
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
