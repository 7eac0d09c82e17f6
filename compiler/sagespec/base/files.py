"""The file system as a run sees it, the folders of data beside the package, and writing whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Mapping
from functools import lru_cache
from operator import truediv
from pathlib import Path
from typing import Any, TypeAlias

StrPath: TypeAlias = "str | os.PathLike[str]"

_PIECE = 1 << 20
_READING = os.O_RDONLY | getattr(os, "O_BINARY", 0)


class Files:
    """The file system, with texts laid over it that are not saved yet. Each thing is looked for once.

    Unlike pathlib's, the questions never raise: a name that is too long, or that may not be looked at, is not there.
    """

    def __init__(self, unsaved: Mapping[str, str] | None = None) -> None:
        """
        Args:
            unsaved: path → text, of files that an editor holds open; they need not exist yet.
        """
        self._unsaved = {os.path.abspath(path): text.encode() for path, text in (unsaved or {}).items()}  # noqa: PTH100
        self._folders = {os.path.dirname(path) for path in self._unsaved}  # noqa: PTH120
        remembered: Callable[[Any], Any] = lru_cache(maxsize=1_024)
        self.below: Callable[[Path, str], Path] = remembered(truediv)
        """A path in a folder, put together once: thousands of manifests may share one."""
        self.is_file: Callable[[StrPath], bool] = remembered(self._is_file)
        self.is_folder: Callable[[StrPath], bool] = remembered(self._is_folder)
        self.exists: Callable[[StrPath], bool] = remembered(self._exists)
        self.text: Callable[[StrPath, int], str] = remembered(self._text)
        """What a small file beside a script says, bytes that are not UTF-8 replaced; raises what `read` raises."""
        self.once: Callable[..., Any] = lru_cache(maxsize=128)(_made)
        """What a function makes of files, and of what else it is given: made once for all that give the same."""

    def read(self, path: StrPath, most: int) -> bytes:
        """What a file holds; of a larger one, some bytes more than `most`.

        Raises:
            OSError: it cannot be read; IsADirectoryError also where it is not a regular file.
            ValueError: no file can have such a name.
        """
        if self._is_unsaved(path):
            return self._unsaved[self._key(path)]
        found = os.stat(path)  # noqa: PTH116
        if not stat.S_ISREG(found.st_mode):  # a named pipe would keep us waiting
            raise IsADirectoryError(errno.EISDIR, "it is not a file")
        handle = os.open(path, _READING)
        try:
            whole = os.read(handle, min(found.st_size, most) + 1)
            if len(whole) == found.st_size:  # as it nearly always is
                return whole
            pieces, length = [whole], len(whole)
            while length <= most and (piece := os.read(handle, _PIECE)):
                pieces.append(piece)
                length += len(piece)
        finally:
            os.close(handle)
        return b"".join(pieces)

    def _text(self, path: StrPath, most: int) -> str:
        return self.read(path, most).decode("utf-8", "replace")

    def _is_unsaved(self, path: StrPath) -> bool:
        return bool(self._unsaved) and self._key(path) in self._unsaved

    def _key(self, path: StrPath) -> str:
        """By which name an unsaved text is known."""
        return os.path.abspath(path)  # noqa: PTH100

    def _is_file(self, path: StrPath) -> bool:
        return self._is_unsaved(path) or os.path.isfile(path)  # noqa: PTH113

    def _exists(self, path: StrPath) -> bool:
        return self._is_unsaved(path) or self._is_folder(path) or os.path.exists(path)  # noqa: PTH110

    def _is_folder(self, path: StrPath) -> bool:
        unsaved = bool(self._unsaved) and os.path.abspath(path) in self._folders  # noqa: PTH100
        return unsaved or os.path.isdir(path)  # noqa: PTH112


def _made(make: Callable[..., Any], *of: Any) -> Any:
    return make(*of)


DISK = Files()
"""For reading what is not part of a run. A run has `Files` of its own, which live no longer than it."""

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


def unwritable(file: Path | None) -> str:
    """Why a file cannot be written, asked before anything is done; empty where it can."""
    if file is None:
        return ""
    folder = file.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if file.is_dir():
        return f"{file} is a folder"
    if not folder.is_dir():
        return f"{folder} is not a folder"
    return "" if os.access(folder, os.W_OK) else f"{folder} may not be written to"


def unwritable_folder(folder: Path | None) -> str:
    """Why no files can be written into a folder, which need not be there yet; empty where they can."""
    return "" if folder is None else unwritable(folder / "file")


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
