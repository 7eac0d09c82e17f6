"""Lays code into a trained model's archive, from stream to stream: nothing is unpacked, and little is held in memory.

Where things lie is as in the SDK: a source folder becomes `code/` and replaces what is there, a lone script joins it,
dependencies lie in `code/lib/`. Source: sagemaker 2.257.7, utils.py (repack_model).
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from sagespec.building.archive import Contents
from sagespec.building.archive.contents import MODIFIED

_PIECE = 1 << 20
CODE, LIB = "code", "code/lib"


class NoModel(Exception):
    """What was read is not a `.tar.gz` archive. Its text is what is wrong."""


def repack(model: BinaryIO, code: Contents | BinaryIO, out: BinaryIO) -> None:
    """Writes the model with code inside. The same input gives the same bytes, with the same build of zlib.

    Args:
        model: the archive's bytes.
        code: local files, or the bytes of an archive of them.

    Raises:
        NoModel: the model, or the code's archive, is none.
        ArchiveError, OSError: a local file cannot be read.
    """
    inside = _Layout(code if isinstance(code, Contents) else None)
    with (
        gzip.GzipFile("", "wb", fileobj=out, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT) as written,
    ):
        for member, content in _members(model, "the model"):
            if not inside.replaces(member.name):
                _add(written, member, content)
        for name in inside.folders:
            _add(written, _folder(name), None)
        if isinstance(code, Contents):
            _add_local(written, code, inside)
        else:
            for member, content in _members(code, "source_dir"):
                member.name = f"{CODE}/{member.name}"
                _add(written, member, content)


class _Layout:
    """Where code lies in a model, and what it replaces."""

    def __init__(self, code: Contents | None) -> None:
        named_by = {} if code is None else code.named_by
        self.libraries = {name for name, field in named_by.items() if field[0] == "dependencies"}
        self.alone = ("entry_point",) in named_by.values()
        self.folders = [CODE, *([LIB] if self.libraries else [])]
        self.own = {self.place(name) for name in named_by}

    def place(self, name: str) -> str:
        return f"{LIB if name.partition('/')[0] in self.libraries else CODE}/{name}"

    def replaces(self, name: str) -> bool:
        """Whether a member of the model makes room."""
        if name in self.folders:
            return True
        if not self.alone:
            return name.startswith(f"{CODE}/")
        return any(name == own or name.startswith(f"{own}/") for own in self.own)


def _members(archive: BinaryIO, what: str) -> Iterator[tuple[tarfile.TarInfo, BinaryIO | None]]:
    """The members of an archive, one after the other, under plain names; each content is read before the next."""
    try:
        with gzip.GzipFile(fileobj=archive, mode="rb") as bare:
            with tarfile.open(fileobj=bare, mode="r|") as tar:
                for member in tar:
                    member.name = str(PurePosixPath(member.name))
                    if member.name != ".":
                        yield member, tar.extractfile(member) if member.isfile() else None  # type: ignore[misc]
            while bare.read(_PIECE):  # to its end, where its checksum is
                pass
    except (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError) as error:
        raise NoModel(f"{what} is not a .tar.gz archive: {error}") from error


def _add(written: tarfile.TarFile, member: tarfile.TarInfo, content: BinaryIO | None) -> None:
    """Adds a member, without what says on whose machine it was packed."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.pax_headers = {}
    written.addfile(member, content)


def _add_local(written: tarfile.TarFile, code: Contents, inside: _Layout) -> None:
    for member in code.members:
        place = inside.place(member.name)
        if member.is_folder:
            _add(written, _folder(place), None)
            continue
        info = tarfile.TarInfo(place)
        info.size, info.mtime, info.mode = member.size, MODIFIED, 0o755 if member.executable else 0o644
        with member.path.open("rb") as file:
            _add(written, info, file)


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, MODIFIED
    return info
