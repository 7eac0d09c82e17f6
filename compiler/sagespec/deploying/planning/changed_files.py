"""Which files of a source archive are not those of the job before: a reviewer thinks in files, not in hashes."""

from __future__ import annotations

import hashlib
import re
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sagespec.base.named import NamedTuple
from sagespec.building.archive import ArchiveError, Contents
from sagespec.kinds.lifecycle import Nature

if TYPE_CHECKING:
    from sagespec.deploying.planning.plan import Change

LARGEST_ARCHIVE = 500_000_000
"""Bytes of unpacked files that are looked at to name what has changed."""
_UNREADABLE = (tarfile.TarError, zlib.error, OSError, EOFError)


class ChangedFiles(NamedTuple):
    """Names of files in an archive, each list in order."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unknown: str = ""
    """Why it could not be looked at, in words."""


def archive_before(change: Change) -> str | None:
    """Where the archive lies that the job before ran; None where a change does not change code."""
    before = change.before
    source = next((one for one in change.differences if one.field == "source"), None)
    if source is None or before is None or change.nature is not Nature.RUNS:
        return None
    place = re.compile(rf"s3://[^\s\"]+/{re.escape(str(source.before))}/[^\s\"]+")
    return next((found[0] for text in _texts(before.body) if (found := place.search(text))), None)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return [text for each in inner for text in _texts(each)]


def changed_files(archive: Path, change: Change) -> ChangedFiles:
    """An archive's files held against those that a change would pack.

    Args:
        archive: the one of the job before, brought here.
    """
    assert change.request is not None
    uploads = change.request.uploads
    contents = next((one.content for one in uploads if isinstance(one.content, Contents)), None)
    if contents is None:
        return ChangedFiles(unknown="the code is not packed here")
    try:
        before, after = _packed(archive), _to_pack(contents)
    except ArchiveError as error:
        return ChangedFiles(unknown=error.message)
    except _UNREADABLE as error:
        return ChangedFiles(unknown=f"the archive of the job before cannot be read: {error}")
    return ChangedFiles(
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(name for name in after.keys() & before.keys() if after[name] != before[name])),
    )


def _packed(archive: Path) -> dict[str, str]:
    """File → hash of its content."""
    found: dict[str, str] = {}
    size = 0
    with tarfile.open(archive, "r|gz") as tar:
        for member in tar:
            size += member.size
            if size > LARGEST_ARCHIVE:
                raise OSError(f"it holds more than {LARGEST_ARCHIVE:,} bytes")
            file = tar.extractfile(member) if member.isfile() else None
            if file is not None:
                found[member.name] = hashlib.sha256(file.read()).hexdigest()
    return found


def _to_pack(contents: Contents) -> dict[str, str]:
    """The same of what would be packed.

    Raises:
        OSError: a file is not there any more.
    """
    return {name: hashlib.sha256(member.path.read_bytes()).hexdigest() for name, member in contents.files.items()}
