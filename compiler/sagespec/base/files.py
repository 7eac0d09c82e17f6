"""The folders of data that travel beside the package (`schemas`, `templates`), and writing whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def data_folder(name: str) -> Path:
    """The folder `name`: inside the installed package, else at the top of the source checkout.

    Raises:
        FileNotFoundError: neither is there, so the installation is not whole.
    """
    for folder in (PACKAGE / name, PACKAGE.parents[1] / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"no folder {name!r} in {PACKAGE} nor in {PACKAGE.parents[1]}; install sagespec again")


def write_whole(path: Path, text: str) -> None:
    """Writes a text as UTF-8, so that a reader never sees half of it."""
    replace_whole(path, text.encode(), 0o644)


def replace_whole(path: Path, content: bytes, mode: int) -> None:
    """Writes beside the file and renames, so that a reader never sees half of it.

    Args:
        mode: the permissions that the file has then.
    """
    import tempfile

    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
