"""Finds the folders of data that travel beside the package: `schemas` and `templates`."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """The folder `name`: inside the installed package, else at the top of the source checkout.

    Raises:
        FileNotFoundError: neither is there, so the installation is not whole.
    """
    for folder in (PACKAGE / name, PACKAGE.parents[1] / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no folder {name!r} in {PACKAGE} nor in {PACKAGE.parents[1]}; install sagespec again")
