"""Packs what a job leaves behind: the model, and what the script wrote beside it."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

_COMPRESSION = 6
"""Of nine; the last three cost much time for one part in a hundred."""


def gather(folders: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """The entries of several hosts' folders as of one; where two have the same name, the first host's."""
    seen = set()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if name not in seen:
                seen.add(name)
                yield path, name


def pack(folders: Iterable[Path], target: Path) -> bool:
    """Writes the folders' content as a `.tar.gz`; False, and no file, where there is none. Never half a file."""
    entries = list(gather(folders))
    if not entries:
        return False
    temporary = target.with_name(f".{target.name}")
    try:
        with tarfile.open(temporary, "w:gz", compresslevel=_COMPRESSION) as archive:
            for path, name in entries:
                archive.add(path, name, recursive=False)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return True


def lay_open(folders: Iterable[Path], target: Path) -> bool:
    """The folders' content as a folder: what a job with CompressionType NONE leaves."""
    entries = list(gather(folders))
    for path, name in entries:
        place = target / name
        if path.is_dir() and not path.is_symlink():
            place.mkdir(parents=True, exist_ok=True)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, place, follow_symlinks=False)
    return bool(entries)


def unpack(archive: Path, folder: Path) -> None:
    """Extracts a source archive; a member that would leave the folder is an error.

    Raises:
        tarfile.TarError: it is not such an archive, or holds such a member.
    """
    with tarfile.open(archive) as source:
        if hasattr(tarfile, "data_filter"):
            source.extractall(folder, filter="data")
            return
        for member in source.getmembers():
            inside = (folder / member.name).resolve().is_relative_to(folder.resolve())
            if not inside or not (member.isfile() or member.isdir()):
                raise tarfile.TarError(f"'{member.name}' would leave the folder")
        source.extractall(folder)  # noqa: S202 - looked through above; this Python's tarfile has no filters
