"""A trained model that lies on this machine: what of it is uploaded, byte for byte the same wherever it is packed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple
from sagespec.building.archive import ArchiveError, ArchiveMember, Contents
from sagespec.building.archive.contents import unreadable
from sagespec.building.draft import pending
from sagespec.building.model_archive import RepackedModel
from sagespec.building.request import Upload

FIELD = ("model_data",)
CODE = "code"
"""The folder of a model in which its code lies."""
LARGEST_LISTED = 32 << 20
"""Bytes of an archive that is listed while a manifest is judged: that takes some tenths of a second."""
_PIECE = 1 << 20


def is_local(model_data: object) -> bool:
    """Whether a model is given by a path."""
    return isinstance(model_data, str) and "://" not in model_data


class Listing(NamedTuple):
    """What a model on this machine holds."""

    names: tuple[str, ...]
    """Files, below its root."""
    link: str = ""
    """The first link, if there is one."""
    broken: str = ""
    """Why an archive is none."""


def listing(path: Path) -> Listing | None:
    """What a folder or an archive holds; None where that cannot be said, or not at once."""
    try:
        if path.is_dir():
            return Listing(tuple(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()))
        found = path.stat()
        return _listed(path, found.st_mtime_ns, found.st_size) if found.st_size <= LARGEST_LISTED else None
    except OSError:
        return None


@lru_cache(maxsize=64)
def _listed(path: Path, _changed: int, _size: int) -> Listing:
    import tarfile
    import zlib

    try:
        with tarfile.open(path, "r:gz") as file:
            members = list(file)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        return Listing((), broken=str(error))
    names = tuple(member.name.removeprefix("./") for member in members if not member.isdir())
    return Listing(names, next((member.name for member in members if member.issym() or member.islnk()), ""))


class _ArchiveFile(NamedTuple):
    path: Path


class ArchiveFile(_ArchiveFile):
    """A model's archive as it is."""

    @lazy
    def sha256(self) -> str:
        """Hex digest of its bytes.

        Raises:
            ArchiveError: it cannot be read.
        """
        import hashlib

        digest = hashlib.sha256()
        for piece in self._pieces():
            digest.update(piece)
        return digest.hexdigest()

    def pack(self, out: BinaryIO) -> None:
        """Copies it.

        Raises:
            ArchiveError: it cannot be read.
        """
        for piece in self._pieces():
            out.write(piece)

    def _pieces(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                while piece := file.read(_PIECE):
                    yield piece
        except OSError as error:
            raise unreadable(self.path.name, error, self.path, FIELD) from error


class RepackedFile(RepackedModel):
    """A model's archive on this machine, with code: its content identifies it, and not its place."""

    @lazy
    def sha256(self) -> str:
        import hashlib

        code = self.code if self.contents is None else self.contents.sha256
        return hashlib.sha256(f"{ArchiveFile(Path(self.model)).sha256}\n{code}\n".encode()).hexdigest()


def local_upload(path: Path, code: Contents | None, prefix: str, index: int) -> Upload:
    """A model's upload, at a key that holds the hash of its content.

    Args:
        path: a folder, or an archive.
        code: what is laid into it; only into a folder.

    Raises:
        ArchiveError: it is not there, or cannot be packed.
    """
    uri = f"{prefix}/sagespec/models/{pending(index)}/model.tar.gz"
    if path.is_dir():
        contents = with_code(folder_contents(path), code)
        return Upload("model", path, uri, "", contents.total_bytes, len(contents.files), contents)
    if not path.is_file():
        hint = "give a folder or a .tar.gz archive relative to the manifest, or s3://…"
        raise ArchiveError(f"there is no '{path}'", hint, path, FIELD)
    if code is not None:
        hint = "unpack it and give the folder, or an archive in S3"
        raise ArchiveError(f"code cannot be laid into the local archive '{path.name}'", hint, path, FIELD)
    return Upload("model", path, uri, "", path.stat().st_size, 1, ArchiveFile(path))


def folder_contents(folder: Path) -> Contents:
    """What a model's folder holds.

    Raises:
        ArchiveError: it holds a link, which the service does not take, or what cannot be packed.
    """
    members = []
    for parent, folders, files in os.walk(folder):
        for path in (Path(parent, name) for name in (*folders, *files)):
            members.append(_member(path, path.relative_to(folder).as_posix()))
    if not any(not member.is_folder for member in members):
        raise ArchiveError(f"'{folder}' holds no file", "a model needs at least one", folder, FIELD)
    return _contents(members)


def _member(path: Path, name: str) -> ArchiveMember:
    if path.is_symlink():
        raise ArchiveError(
            f"'{name}' is a link, and SageMaker takes no model with links", "copy what it leads to", path, FIELD
        )
    try:
        name.encode()
        found = path.stat()
    except UnicodeEncodeError:
        raise ArchiveError(f"the file name {name!a} is not UTF-8", "rename the file", path, FIELD) from None
    except OSError as error:
        raise unreadable(name, error, path, FIELD) from None
    if path.is_dir():
        return ArchiveMember(name, path, is_folder=True)
    return ArchiveMember(name, path, found.st_size, bool(found.st_mode & 0o100))


def with_code(model: Contents, code: Contents | None) -> Contents:
    """The model with code below `code/`, laid in as the SDK does it: a source folder replaces what is there, a single
    file joins it, and dependencies lie in `code/lib`.

    Source: https://github.com/aws/sagemaker-python-sdk (utils.py, repack_model)
    """
    if code is None:
        return model
    libraries = {name for name, field in code.named_by.items() if field[0] == "dependencies"}
    alone = ("entry_point",) in code.named_by.values()
    kept = {
        member.name: member
        for member in model.members
        if alone or not (member.name == CODE or member.name.startswith(f"{CODE}/"))
    }
    folders = [CODE, *([f"{CODE}/lib"] if libraries else [])]
    kept |= {name: ArchiveMember(name, code.members[0].path.parent, is_folder=True) for name in folders}
    for member in code.members:
        within = f"{CODE}/lib" if member.name.partition("/")[0] in libraries else CODE
        kept[f"{within}/{member.name}"] = member._replace(name=f"{within}/{member.name}")
    return _contents(kept.values())


def _contents(members: Iterable[ArchiveMember]) -> Contents:
    return Contents(tuple(sorted(members, key=lambda member: member.name.encode())))
