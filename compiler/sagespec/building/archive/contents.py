"""What an archive holds, and its bytes: the same wherever it is packed.

Inside lies what the SageMaker Python SDK puts there: the entries of `source_dir` at the root (or the entry point
alone), and each dependency at the root under its own name; links are replaced by what they lead to.

Names, contents and the owner's right to execute decide the bytes, and nothing else does. Ready-made parts would let
more in, so both formats are written here, in a few lines each. `tarfile` has changed its headers between Python
versions (device numbers of plain files: 3.8 and 3.10 differ), and builds of zlib (zlib, zlib-ng and others) compress
the same input to different bytes. So the gzip holds *stored* blocks (RFC 1951, section 3.2.4), which leave nothing to
choose. Source code is small; in return the hash in the archive's key is the SHA-256 of the very object that lies in S3,
so it can be verified without unpacking it. The tar is GNU's, because its names are plain UTF-8 bytes, which the Python
of every container, 2.7 included, extracts under every locale.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from sagespec.base.errors import SagespecError
from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple

MODIFIED = 946_684_800
"""Every member's time: 2000-01-01 00:00 UTC. Not 0, because zip files, and so the wheels that a container builds from a
`setup.py`, begin with 1980."""

_TAR_BLOCK = 512
_STORED_BLOCK = 65_535  # the most that one stored deflate block holds
_GZIP_HEADER = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255))  # deflate, no name, no time, "unknown" system


class ArchiveError(SagespecError):
    """The author's files cannot become an archive. Names inside a folder are relative to it."""

    def __init__(self, message: str, hint: str, path: Path, field: tuple[str | int, ...]) -> None:
        super().__init__(message, hint)
        self.path = path
        """The file or folder that it is about."""
        self.field = field
        """What named it in the manifest: `("entry_point",)`, `("source_dir",)` or `("dependencies", index)`."""


class ArchiveMember(NamedTuple):
    """A file or folder of the archive."""

    name: str
    """Its name in the archive: parts joined by `/`, none at the end."""
    path: Path
    size: int = 0
    """Bytes; 0 for a folder."""
    executable: bool = False
    """Its owner may execute it."""
    is_folder: bool = False


class Ignored(NamedTuple):
    """A file or folder that stays out; a folder stands for all that is in it."""

    name: str
    """What its name in the archive would be; a folder's ends in `/`."""
    rule: str
    """Why: `.git`, `*.pyc`, `virtual environment`, or the ignore file's line as `.sagespecignore:3: data/`."""


class _Contents(NamedTuple):
    members: tuple[ArchiveMember, ...]
    """In the archive's order: by the UTF-8 bytes of their names, so a folder comes before what is in it."""
    ignored: tuple[Ignored, ...] = ()
    """By name."""


class Contents(_Contents):
    """What an archive holds."""

    named_by: Mapping[str, tuple[str | int, ...]] = MappingProxyType({})
    """Name at the root → the field of the manifest that named it, for messages; no part of what is equal."""

    def naming(self, named_by: Mapping[str, tuple[str | int, ...]]) -> Contents:
        """The same, of which nothing is read yet, with these names."""
        contents = self._replace()
        contents.named_by = named_by
        return contents

    def unread(self) -> Contents:
        """The same, of which nothing is read yet."""
        return self.naming(self.named_by)

    @lazy
    def files(self) -> dict[str, ArchiveMember]:
        """The members that are files, by name."""
        return {member.name: member for member in self.members if not member.is_folder}

    @lazy
    def total_bytes(self) -> int:
        """The files' sizes; the archive is larger by a header or two per member."""
        return sum(member.size for member in self.members)

    def largest(self, count: int = 5) -> tuple[ArchiveMember, ...]:
        """The largest files, largest first, equal ones by name."""
        import heapq  # as those below: only where an archive is made or shown

        return tuple(heapq.nsmallest(count, self.files.values(), key=lambda member: -member.size))

    @lazy
    def sha256(self) -> str:
        """Hex digest of the archive's bytes. Reads every file once.

        Raises:
            ArchiveError: a file cannot be read, or is no longer as it was when it was collected.
        """
        import hashlib  # files are listed without it

        digest = hashlib.sha256()
        for piece in _gzip(self._tar()):
            digest.update(piece)
        return digest.hexdigest()

    def pack(self, out: BinaryIO) -> None:
        """Write the archive that `sha256` names, holding no more than a few blocks in memory.

        Raises:
            ArchiveError: a file cannot be read or has changed. What was written by then is not that archive.
        """
        import hashlib  # files are listed without it

        digest = hashlib.sha256()
        for piece in _gzip(self._tar()):
            digest.update(piece)
            out.write(piece)
        if digest.hexdigest() != self.sha256:
            first = self.members[0]
            raise ArchiveError(
                "the source files were changed while they were packed", "run it again", first.path, self._field(first)
            )

    def _tar(self) -> Iterator[bytes]:
        for member in self.members:
            yield from _header(member)
            if not member.is_folder:
                yield from self._content(member)
                yield bytes(-member.size % _TAR_BLOCK)
        yield bytes(2 * _TAR_BLOCK)

    def _content(self, member: ArchiveMember) -> Iterator[bytes]:
        left = member.size
        try:
            with member.path.open("rb", buffering=0) as file:
                # One byte more than is left reveals a file that grew.
                while piece := file.read(min(left + 1, _STORED_BLOCK)):
                    left -= len(piece)
                    if left < 0:
                        break
                    yield piece
        except OSError as error:
            raise unreadable(member.name, error, member.path, self._field(member)) from error
        if left:
            message = f"'{member.name}' was changed while it was packed"
            raise ArchiveError(message, "run it again", member.path, self._field(member))

    def _field(self, member: ArchiveMember) -> tuple[str | int, ...]:
        return self.named_by.get(member.name.partition("/")[0], ("source_dir",))


def _header(member: ArchiveMember) -> Iterator[bytes]:
    """A member's tar header, after the long name that does not fit into it."""
    name = member.name.encode() + b"/" * member.is_folder
    if len(name) > 100:
        yield _header_block(b"././@LongLink", b"L", 0o644, len(name) + 1, 0)
        yield name + bytes(-len(name) % _TAR_BLOCK or _TAR_BLOCK)
    kind, mode = (b"5", 0o755) if member.is_folder else (b"0", 0o755 if member.executable else 0o644)
    yield _header_block(name[:100], kind, mode, member.size, MODIFIED)


def _header_block(name: bytes, kind: bytes, mode: int, size: int, modified: int) -> bytes:
    """Source: GNU tar manual, "Basic Tar Format": https://www.gnu.org/software/tar/manual/html_node/Standard.html"""
    # Eleven octal digits end below 8 GiB; GNU writes larger sizes as a binary number behind a set top bit.
    octal = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    fields = (name, b"%07o\0" % mode, b"%07o\0" % 0, b"%07o\0" % 0, octal, b"%011o\0" % modified)
    block = struct.pack("100s8s8s8s12s12s8s1s100s8s247x", *fields, b" " * 8, kind, b"", b"ustar  \0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def _gzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces as one gzip file of stored blocks, all full but the last, however the pieces were cut."""
    import zlib

    yield _GZIP_HEADER
    checksum = length = 0
    waiting = bytearray()
    for piece in pieces:
        checksum = zlib.crc32(piece, checksum)
        length += len(piece)
        waiting += piece
        while len(waiting) > _STORED_BLOCK:
            yield _stored(waiting[:_STORED_BLOCK], last=False)
            del waiting[:_STORED_BLOCK]
    yield _stored(waiting, last=True)
    yield struct.pack("<II", checksum, length & 0xFFFF_FFFF)


def _stored(data: bytearray, *, last: bool) -> bytes:
    return struct.pack("<BHH", last, len(data), len(data) ^ 0xFFFF) + data


def unreadable(name: str, error: Exception, path: Path, field: tuple[str | int, ...]) -> ArchiveError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ArchiveError(f"'{name}' cannot be read: {reason}", "make it readable, or take it out", path, field)
