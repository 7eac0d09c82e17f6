"""The source archive: the author's code as one `sourcedir.tar.gz`, byte for byte the same wherever it is packed.

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

import dataclasses
import errno
import hashlib
import heapq
import os
import re
import stat
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

IGNORE_FILE = ".sagespecignore"
"""Says what stays out of the archive, in the language of `.gitignore`, for its own folder and those below."""

IGNORED_NAMES = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".ipynb_checkpoints"}
    | {".DS_Store", ".sagespec", "node_modules", IGNORE_FILE}
)
"""Never packed, in any folder."""

VIRTUAL_ENVIRONMENT = "pyvenv.cfg"
"""The file that marks its folder as a virtual environment (PEP 405)."""

MODIFIED = 946_684_800
"""Every member's time: 2000-01-01 00:00 UTC. Not 0, because zip files, and so the wheels that a container builds from a
`setup.py`, begin with 1980."""

LINK_LIMIT = 100
"""How often links may lead to one folder; more would be a tree that grows without end."""

_TAR_BLOCK = 512
_STORED_BLOCK = 65_535  # the most that one stored deflate block holds
_GZIP_HEADER = bytes((0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255))  # deflate, no name, no time, "unknown" system


class ArchiveError(Exception):
    """The author's files cannot become an archive."""

    def __init__(self, message: str, hint: str, path: Path, field: tuple[str | int, ...]) -> None:
        super().__init__(message)
        self.message = message
        """What is wrong; names inside a folder are relative to it."""
        self.hint = hint
        self.path = path
        """The file or folder that it is about."""
        self.field = field
        """What named it in the manifest: `("entry_point",)`, `("source_dir",)` or `("dependencies", index)`."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file or folder of the archive."""

    name: str
    """Its name in the archive: parts joined by `/`, none at the end."""
    path: Path
    size: int = 0
    """Bytes; 0 for a folder."""
    executable: bool = False
    """Its owner may execute it."""
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Ignored:
    """A file or folder that stays out; a folder stands for all that is in it."""

    name: str
    """What its name in the archive would be; a folder's ends in `/`."""
    rule: str
    """Why: `.git`, `*.pyc`, `virtual environment`, or the ignore file's line as `.sagespecignore:3: data/`."""


@dataclass(frozen=True)
class Contents:
    """What an archive holds."""

    members: tuple[Member, ...]
    """In the archive's order: by the UTF-8 bytes of their names, so a folder comes before what is in it."""
    ignored: tuple[Ignored, ...] = ()
    """By name."""
    _fields: dict[str, tuple[str | int, ...]] = dataclasses.field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def files(self) -> dict[str, Member]:
        """The members that are files, by name."""
        return {member.name: member for member in self.members if not member.is_folder}

    @property
    def total_bytes(self) -> int:
        """The files' sizes; the archive is larger by a header or two per member."""
        return sum(member.size for member in self.members)

    def largest(self, count: int = 5) -> tuple[Member, ...]:
        """The largest files, largest first, equal ones by name."""
        return tuple(heapq.nsmallest(count, self.files.values(), key=lambda member: -member.size))

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the archive's bytes. Reads every file once.

        Raises:
            ArchiveError: a file cannot be read, or is no longer as it was when it was collected.
        """
        digest = hashlib.sha256()
        for piece in _gzip(self._tar()):
            digest.update(piece)
        return digest.hexdigest()

    def pack(self, out: BinaryIO) -> None:
        """Write the archive that `sha256` names, holding no more than a few blocks in memory.

        Raises:
            ArchiveError: a file cannot be read or has changed. What was written by then is not that archive.
        """
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

    def _content(self, member: Member) -> Iterator[bytes]:
        left = member.size
        try:
            with member.path.open("rb", buffering=0) as file:
                # One byte more than is left tells a file that grew.
                while piece := file.read(min(left + 1, _STORED_BLOCK)):
                    left -= len(piece)
                    if left < 0:
                        break
                    yield piece
        except OSError as error:
            raise _unreadable(member.name, error, member.path, self._field(member)) from error
        if left:
            message = f"'{member.name}' was changed while it was packed"
            raise ArchiveError(message, "run it again", member.path, self._field(member))

    def _field(self, member: Member) -> tuple[str | int, ...]:
        return self._fields.get(member.name.partition("/")[0], ("source_dir",))


def collect(
    entry_point: str | os.PathLike[str],
    source_dir: str | os.PathLike[str] | None = None,
    dependencies: Sequence[str | os.PathLike[str]] = (),
    *,
    folder: str | os.PathLike[str] = ".",
) -> Contents:
    """What the archive of one job holds; reads names and sizes, no file but ignore files.

    Args:
        entry_point: a file; relative to `source_dir` where there is one, else to `folder`.
        source_dir: a local folder, all of which is packed; without it, the entry point alone is.
        dependencies: files or folders to lay beside it under their own names (a trailing slash changes nothing).
        folder: what relative paths are relative to (the manifest's folder).

    What the manifest names is followed wherever it leads and is never ignored itself; links found inside a folder must
    stay in it.

    Raises:
        ArchiveError: a file or folder is missing or cannot be read; a link is broken, leaves its folder or runs in
            circles; two things want the same name; the entry point lies outside `source_dir` or is ignored; a name
            is not UTF-8; something is neither file nor folder.
    """
    return Archives().collect(entry_point, source_dir, dependencies, folder=folder)


class Archives:
    """The archives of one run: however many jobs share a folder, it is read and hashed once.

    Files that change during the run are not noticed until they are packed.
    """

    def __init__(self) -> None:
        self.builds = 0
        """How many archives were collected rather than remembered."""
        self._known: dict[tuple[_Root, ...], Contents | ArchiveError] = {}

    def collect(
        self,
        entry_point: str | os.PathLike[str],
        source_dir: str | os.PathLike[str] | None = None,
        dependencies: Sequence[str | os.PathLike[str]] = (),
        *,
        folder: str | os.PathLike[str] = ".",
    ) -> Contents:
        """As the function `collect`; equal questions get the same `Contents`, or an equal error."""
        roots = _roots(entry_point, source_dir, dependencies, Path(folder))
        if roots not in self._known:
            self.builds += 1
            try:
                self._known[roots] = _gather(roots)
            except ArchiveError as error:
                self._known[roots] = error
        known = self._known[roots]
        if isinstance(known, ArchiveError):
            raise ArchiveError(known.message, known.hint, known.path, known.field)
        if source_dir is not None:
            _check_entry_point(os.fspath(entry_point), os.fspath(source_dir), Path(folder), known)
        return known


# What goes in ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Root:
    """Something that the manifest names. Equal when it is the same thing on disk under the same name."""

    name: str
    """Its name in the archive; empty for `source_dir`, whose entries stand at the root."""
    identity: tuple[int, int]
    is_folder: bool
    field: tuple[str | int, ...]
    path: Path = dataclasses.field(compare=False)


def _roots(
    entry_point: str | os.PathLike[str],
    source_dir: str | os.PathLike[str] | None,
    dependencies: Sequence[str | os.PathLike[str]],
    folder: Path,
) -> tuple[_Root, ...]:
    if source_dir is None:
        main = _root(os.fspath(entry_point), folder, ("entry_point",), "file")
    else:
        main = _root(os.fspath(source_dir), folder, ("source_dir",), "folder")
    beside = (
        _root(os.fspath(path), folder, ("dependencies", number), "file or folder")
        for number, path in enumerate(dependencies)
    )
    return main, *beside


def _root(typed: str, folder: Path, field: tuple[str | int, ...], wanted: str) -> _Root:
    """The file or folder that `typed` names, which must be what is `wanted`."""
    path = folder / typed
    try:
        found = path.stat()
    except FileNotFoundError:
        hint = f"relative paths start at the manifest's folder, '{folder}'"
        raise ArchiveError(f"there is no {wanted} '{typed}'", hint, path, field) from None
    except ValueError:
        hint = "write the path as the file system knows it"
        raise ArchiveError(f"'{typed}' cannot be a path", hint, path, field) from None
    except OSError as error:
        raise _unreadable(typed, error, path, field) from error
    kind = _KINDS.get(stat.S_IFMT(found.st_mode), "special file")
    if kind not in wanted.split(" or "):
        raise ArchiveError(f"'{typed}' is a {kind}, not a {wanted}", f"name a {wanted}", path, field)
    name = "" if field == ("source_dir",) else Path(typed).name
    if field != ("source_dir",) and name in ("", ".."):
        hint = "write its name, which becomes the name in the archive and must not depend on where the code lies"
        raise ArchiveError(f"'{typed}' does not say the folder's name", hint, path, field)
    return _Root(_utf8(name, path, field), (found.st_dev, found.st_ino), kind == "folder", field, path)


_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFSOCK: "socket",
    stat.S_IFIFO: "named pipe",
    stat.S_IFBLK: "device",
    stat.S_IFCHR: "device",
}


def _gather(roots: Iterable[_Root]) -> Contents:
    members: dict[str, Member] = {}
    ignored: dict[str, Ignored] = {}
    for root in roots:
        other = members.get(root.name)
        if other and not other.path.samefile(root.path):
            hint = "rename one of them: everything that the manifest names stands side by side in the archive"
            raise ArchiveError(f"the archive already has another '{root.name}'", hint, root.path, root.field)
        if root.is_folder:
            walk = _Walk(root)
            members.update((member.name, member) for member in walk.members)
            ignored.update((each.name, each) for each in walk.ignored)
        else:
            members[root.name] = _file(root.name, root.name, root.path, root.path.stat(), root.field)
    return Contents(
        tuple(members[name] for name in sorted(members)),
        tuple(ignored[name] for name in sorted(ignored) if name.rstrip("/") not in members),
        {root.name: root.field for root in roots if root.name},
    )


@dataclass(frozen=True, slots=True)
class _Folder:
    """A folder on the way through a root."""

    path: str
    real: str
    """Its path without links."""
    inner: str = ""
    """Its name relative to the root, with a `/` at the end; empty for the root itself."""
    rules: tuple[_IgnoreFile, ...] = ()
    """The ignore files from the root down to its parent."""
    sites: tuple[str, ...] = ()
    """The real folders that hold the links that led here."""


class _Walk:
    """One root folder, read once from top to bottom."""

    def __init__(self, root: _Root) -> None:
        self.root = root
        self.prefix = root.name and root.name + "/"
        self.top = os.path.realpath(root.path)
        self.members: list[Member] = []
        self.ignored: list[Ignored] = []
        self.followed: Counter[str] = Counter()
        # A list of folders still to read, not recursion: paths may be deeper than Python's stack.
        waiting = [_Folder(str(root.path), self.top)]
        while waiting:
            waiting += self._read(waiting.pop())

    def _read(self, folder: _Folder) -> list[_Folder]:
        """Note what is in one folder; the folders below that are to be read."""
        try:
            with os.scandir(folder.path) as scan:
                entries = list(scan)
        except OSError as error:
            raise _unreadable(folder.inner or ".", error, Path(folder.path), self.root.field) from error
        files = {entry.name for entry in entries if not _is_folder(entry)}
        name = (self.prefix + folder.inner).rstrip("/")
        if folder.inner and VIRTUAL_ENVIRONMENT in files:
            self.ignored.append(Ignored(name + "/", "virtual environment"))
            return []
        if name:
            self.members.append(Member(name, Path(folder.path), is_folder=True))
        rules = folder.rules
        if IGNORE_FILE in files:
            rules += self._ignore_file(folder)
        below = []
        for entry in entries:
            inner = folder.inner + _utf8(entry.name, Path(entry.path), self.root.field)
            is_folder = _is_folder(entry)
            if rule := _reason(inner, is_folder, rules):
                self.ignored.append(Ignored(self.prefix + inner + "/" * is_folder, rule))
                continue
            sites, real = folder.sites, os.path.join(folder.real, entry.name)  # noqa: PTH118 - much faster, on every entry
            if entry.is_symlink():
                real = self._follow(entry, inner, folder)
                sites += (folder.real,)
            if is_folder:
                below.append(_Folder(entry.path, real, inner + "/", rules, sites))
            else:
                self._add_file(entry, inner)
        return below

    def _add_file(self, entry: os.DirEntry[str], inner: str) -> None:
        path = Path(entry.path)
        try:
            found = entry.stat()
        except OSError as error:
            raise _unreadable(inner, error, path, self.root.field) from error
        self.members.append(_file(self.prefix + inner, inner, path, found, self.root.field))

    def _follow(self, entry: os.DirEntry[str], inner: str, folder: _Folder) -> str:
        """Where a link leads; it must stay in the root and not lead back to where it stands."""
        try:
            real = os.path.realpath(entry.path, strict=True)
        except OSError as error:
            problem = _LINK_PROBLEMS.get(error.errno or 0)
            if problem is None:
                raise _unreadable(inner, error, Path(entry.path), self.root.field) from error
            raise self._bad_link(entry, inner, problem) from error
        if not _lies_in(real, self.top):
            raise self._bad_link(entry, inner, "leaves the folder", "list what it leads to under dependencies")
        if any(_lies_in(site, real) for site in (*folder.sites, folder.real)):
            raise self._bad_link(entry, inner, "leads back to a folder that holds it")
        if _is_folder(entry):
            self.followed[real] += 1
            if self.followed[real] > LINK_LIMIT:
                raise self._bad_link(entry, inner, f"leads to a folder that links reach more than {LINK_LIMIT} times")
        return real

    def _bad_link(self, entry: os.DirEntry[str], inner: str, problem: str, cure: str = "remove it") -> ArchiveError:
        path = Path(entry.path)
        message = f"'{inner}' is a link to '{path.readlink()}', which {problem}"
        return ArchiveError(message, f"{cure}, or name the link in {IGNORE_FILE}", path, self.root.field)

    def _ignore_file(self, folder: _Folder) -> tuple[_IgnoreFile, ...]:
        path = Path(folder.path) / IGNORE_FILE
        inner = folder.inner + IGNORE_FILE
        try:
            if not path.is_file():  # a named pipe would keep us waiting
                return ()
            text = path.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(inner, error, path, self.root.field) from error
        return (_IgnoreFile(folder.inner, tuple(_patterns(text, inner))),)


def _file(name: str, inner: str, path: Path, found: os.stat_result, field: tuple[str | int, ...]) -> Member:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "special file")
        hint = f"only files and folders can be packed: move it away, or name it in {IGNORE_FILE}"
        raise ArchiveError(f"'{inner}' is a {kind}", hint, path, field)
    if not os.access(path, os.R_OK):
        raise _unreadable(inner, PermissionError(errno.EACCES, os.strerror(errno.EACCES)), path, field)
    return Member(name, path, found.st_size, bool(found.st_mode & stat.S_IXUSR))


_LINK_PROBLEMS = {
    errno.ELOOP: "leads back to itself",
    errno.ENOENT: "leads nowhere",
    errno.ENOTDIR: "leads nowhere",
}


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in circles, which is told when it is followed
        return False


def _lies_in(path: str, folder: str) -> bool:
    """Whether a real path is `folder` or lies below it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _utf8(name: str, path: Path, field: tuple[str | int, ...]) -> str:
    """The name that the file system's bytes spell in UTF-8, whatever the locale makes of them."""
    if name.isascii():
        return name
    try:
        return os.fsencode(name).decode("utf-8")
    except UnicodeError:
        shown = ascii(name).replace("\\udc", "\\x")
        raise ArchiveError(f"the file name {shown} is not UTF-8", "rename the file", path, field) from None


def _unreadable(name: str, error: Exception, path: Path, field: tuple[str | int, ...]) -> ArchiveError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return ArchiveError(f"'{name}' cannot be read: {reason}", "make it readable, or take it out", path, field)


def _check_entry_point(typed: str, source_dir: str, folder: Path, contents: Contents) -> None:
    """Raise ArchiveError unless the file that `typed` names in `source_dir` is packed."""
    path = folder / source_dir / typed
    inside = os.path.normpath(typed).replace(os.sep, "/")

    def wrong(message: str, hint: str) -> ArchiveError:
        return ArchiveError(message, hint, path, ("entry_point",))

    if Path(typed).is_absolute() or inside.split("/")[0] == "..":
        raise wrong(f"'{typed}' does not lie in source_dir '{source_dir}'", f"write a path relative to '{source_dir}'")
    if inside in contents.files:
        return
    for each in contents.ignored:
        if each.name == inside or (each.name.endswith("/") and f"{inside}/".startswith(each.name)):
            raise wrong(
                f"'{typed}' is ignored ({each.rule})",
                "the container needs the entry point: move it or take the rule out",
            )
    if any(member.name == inside for member in contents.members) or inside == ".":
        raise wrong(f"'{typed}' is a folder, not a file", "name the script to run")
    nested = os.path.relpath(folder / typed, folder / source_dir).replace(os.sep, "/")
    hint = (
        f"write '{nested}': it is relative to source_dir"
        if nested in contents.files
        else "it is relative to source_dir"
    )
    raise wrong(f"there is no file '{typed}' in source_dir '{source_dir}'", hint)


# What stays out -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One line of an ignore file."""

    rule: str
    negated: bool
    folders_only: bool
    parts: tuple[re.Pattern[str] | None, ...]
    """What each part of a path must match; None is `**`, any number of folders."""

    def matches(self, parts: Sequence[str], is_folder: bool) -> bool:
        # After a mismatch only the last ** takes one part more, so the work is at most the product of the lengths.
        if self.folders_only and not is_folder:
            return False
        want = have = kept = 0
        last = -1
        while have < len(parts):
            wanted = self.parts[want] if want < len(self.parts) else _NOTHING
            if wanted is None:
                last, kept = want, have
                want += 1
            elif wanted.fullmatch(parts[have]):
                want, have = want + 1, have + 1
            elif last >= 0:
                kept += 1
                want, have = last + 1, kept
            else:
                return False
        return all(part is None for part in self.parts[want:])


@dataclass(frozen=True, slots=True)
class _IgnoreFile:
    folder: str
    """The folder it lies in, as `_Folder.inner`."""
    patterns: tuple[_Pattern, ...]


_ANYTHING = re.compile(r".*", re.DOTALL)
_NOTHING = re.compile(r"(?!)")

_TOKEN = re.compile(
    r"\\(?P<escaped>.)|\[(?P<negated>[!^]?)(?P<set>\]?(?:\[:\w*:\]|\\.|[^\]\\])*)\]|(?P<star>\*)|(?P<any>\?)|(?P<char>[^\\\[])",
    re.DOTALL,
)
_SET_ITEM = re.compile(r"\[:(?P<name>\w*):\]|\\?(?P<low>.)(?:-\\?(?P<high>[^\]\\]|(?<=\\).))?", re.DOTALL)
_NAMED_SETS = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r" \t\n\r\f\v",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}


def _reason(inner: str, is_folder: bool, rules: Sequence[_IgnoreFile]) -> str:
    """The rule that keeps a path out, or nothing. In ignore files the deepest file's last fitting line decides."""
    name = inner[inner.rfind("/") + 1 :]
    if name in IGNORED_NAMES:
        return name
    if name.endswith(".pyc"):
        return "*.pyc"
    for file in reversed(rules):
        parts = inner[len(file.folder) :].split("/")
        for pattern in reversed(file.patterns):
            if pattern.matches(parts, is_folder):
                return "" if pattern.negated else pattern.rule
    return ""


def _patterns(text: str, label: str) -> Iterator[_Pattern]:
    """The lines of an ignore file that say something.

    Our own rather than a library's: in pathspec 1.1.1 `foo/**` keeps out `foo` itself, named sets are unknown, and a
    line with many stars takes minutes, which anyone who may open a pull request could send.

    Source: https://git-scm.com/docs/gitignore
    """
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.removesuffix("\r")
        body = line.rstrip(" ")
        if len(body) < len(line) and (len(body) - len(body.rstrip("\\"))) % 2:
            body += " "
        if body.startswith("#"):
            continue
        negated, body = body.startswith("!"), body.removeprefix("!")
        folders_only, body = body.endswith("/"), body.removesuffix("/")
        parts = _parts(body) if body else None
        if parts is not None:
            yield _Pattern(f"{label}:{number}: {line.strip()}", negated, folders_only, parts)


def _parts(body: str) -> tuple[re.Pattern[str] | None, ...] | None:
    """A pattern cut at its slashes; None where git too calls it invalid and matches nothing."""
    split: list[list[str]] = [[]]
    position = 0
    anchored = "/" in body
    body = body.removeprefix("/")
    while position < len(body):
        token = _TOKEN.match(body, position)
        fragment = _fragment(token) if token else None
        if token is None or fragment is None:
            return None
        position = token.end()
        if fragment == "/":
            split.append([])
        else:
            split[-1].append(fragment)
    if not anchored:
        return None, _part(split[0])
    parts = [None if len(part) > 1 and set(part) == {"*"} else _part(part) for part in split]
    if parts[-1] is None:  # what is in a folder, not the folder
        parts[-1:] = [_ANYTHING, None]
    return tuple(parts)


def _fragment(token: re.Match[str]) -> str | None:
    """One character's regular expression; `*` and `/` stand for themselves."""
    if token["star"]:
        return "*"
    if token["any"]:
        return "."
    if token["set"] is None:
        return re.escape(token["escaped"] or token["char"])
    items = []
    for item in _SET_ITEM.finditer(token["set"]):
        if item["low"] is None:
            if item["name"] not in _NAMED_SETS:
                return None
            items.append(_NAMED_SETS[item["name"]])
        else:
            items.append(re.escape(item["low"]))
            if item["high"] is not None and item["low"] <= item["high"]:
                items.append(f"-{re.escape(item['high'])}")
    return f"[{'^' if token['negated'] else ''}{''.join(items)}]" if items else None


def _part(fragments: Iterable[str]) -> re.Pattern[str]:
    """The regular expression of one part of a path.

    What lies between two stars is found at its first place and stays there (a lookahead is never entered again), so
    no pattern takes exponential time.
    """
    chunks = [""]
    for fragment in fragments:
        if fragment == "*":
            chunks.append("")
        else:
            chunks[-1] += fragment
    first, *rest = chunks
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    found = "".join(f"(?=(?P<g{i}>.*?{chunk}))(?P=g{i})" for i, chunk in enumerate(middle) if chunk)
    return re.compile(f"{first}{found}.*{last}", re.DOTALL)


# The bytes ------------------------------------------------------------------------------------------------------------


def _header(member: Member) -> Iterator[bytes]:
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
