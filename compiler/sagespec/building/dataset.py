"""A local channel's files, and the hash of their content that becomes part of their place in S3."""

from __future__ import annotations

import os
from pathlib import Path

from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple
from sagespec.building.archive import ArchiveError
from sagespec.building.archive.contents import unreadable

_PIECE = 1 << 20


class _Dataset(NamedTuple):
    root: Path
    field: tuple[str | int, ...]
    """What named it in the manifest."""
    files: tuple[tuple[str, Path, int], ...]
    """(name below the root with `/` between its parts, path, size in bytes)."""


class Dataset(_Dataset):
    """The files of one channel, by the UTF-8 bytes of their names."""

    def unread(self) -> Dataset:
        """The same, of which nothing is read yet."""
        return self._replace()

    @property
    def size(self) -> int:
        return sum(size for _, _, size in self.files)

    @lazy
    def sha256(self) -> str:
        """Hex digest over names, sizes and contents: equal data have it in common, wherever they lie.

        Raises:
            ArchiveError: a file cannot be read.
        """
        import hashlib  # files are listed without it

        digest = hashlib.sha256()
        for name, path, size in self.files:
            content = hashlib.sha256()
            try:
                with path.open("rb") as file:
                    while piece := file.read(_PIECE):
                        content.update(piece)
            except OSError as error:
                raise unreadable(name, error, path, self.field) from None
            digest.update(f"{len(name.encode())} {name} {size} {content.hexdigest()}\n".encode())
        return digest.hexdigest()


class Datasets:
    """The local channels of one run: however many jobs share them, each is read and hashed once."""

    def __init__(self) -> None:
        self._known: dict[str, Dataset] = {}

    def collect(self, path: Path, field: tuple[str | int, ...]) -> Dataset:
        """The files of a folder, or a file alone. Hidden files belong to data as well.

        Raises:
            ArchiveError: it is not there, is empty, holds a link that leaves it, or cannot be read.
        """
        real = os.path.realpath(path)
        if real not in self._known:
            files = sorted(_files(path, real, field), key=lambda file: file[0].encode())
            self._known[real] = Dataset(path, field, tuple(files))
        return self._known[real]


def _files(path: Path, real: str, field: tuple[str | int, ...]) -> list[tuple[str, Path, int]]:
    if os.path.isfile(path):  # noqa: PTH113 - of a name that is too long, pathlib's raises
        return [(path.name, path, path.stat().st_size)]
    if not os.path.isdir(path):  # noqa: PTH112
        hint = "give a file or a folder relative to the manifest, or s3://…"
        raise ArchiveError(f"there is no '{path}'", hint, path, field)
    found = []
    for folder, _, names in os.walk(path):
        for name in names:
            item = Path(folder, name)
            inner = item.relative_to(path).as_posix()
            if item.is_symlink() and not os.path.realpath(item).startswith(real + os.sep):
                raise ArchiveError(f"'{inner}' is a link that leaves '{path}'", "copy what it leads to", item, field)
            try:
                inner.encode()
                found.append((inner, item, item.stat().st_size))
            except UnicodeEncodeError:
                raise ArchiveError(f"the file name {inner!a} is not UTF-8", "rename the file", item, field) from None
            except OSError as error:
                raise unreadable(inner, error, item, field) from None
    if not found:
        raise ArchiveError(f"'{path}' holds no file", "a channel needs at least one", path, field)
    return found
