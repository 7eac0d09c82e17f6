"""Whether this machine's Python has what a script cannot do without, asked before a job is started."""

from __future__ import annotations

import importlib.util
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

from sagespec.scripts import imports_of

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


def lacking(archive: Path, program: str, python: str) -> str | None:
    """The framework that the entry point imports in every run and this Python lacks; None where it lacks none, or that
    cannot be known.

    Args:
        archive: the source archive of the job.
        program: the entry point's path in it.
        python: the Python that would run it.
    """
    if python != sys.executable:
        return None
    try:
        with tarfile.open(archive) as opened:
            names = {name.removeprefix("./") for name in opened.getnames()}
            entry = opened.extractfile(program)
            text = entry.read().decode("utf-8") if entry is not None else ""
    except (OSError, KeyError, tarfile.TarError, UnicodeDecodeError):
        return None
    if "requirements.txt" in names:
        return None  # it may bring what is missing
    tops = {name.partition(".")[0] for name in imports_of(text)}
    own = {name.partition("/")[0].removesuffix(".py") for name in names}
    found = (title for module, title in FRAMEWORKS.items() if module in tops - own and not _is_here(module))
    return next(found, None)


def _is_here(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False
