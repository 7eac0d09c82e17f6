"""What the manifest names → what goes into the archive: one walk over each folder."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from sagespec.base.files import Files
from sagespec.base.named import NamedTuple
from sagespec.building.archive.contents import ArchiveError, ArchiveMember, Contents, Ignored, unreadable
from sagespec.building.archive.ignore import IGNORE_FILE, VIRTUAL_ENVIRONMENT, IgnoreFile, patterns_of, reason

LONGEST_IGNORE_FILE = 1_000
"""Lines of an ignore file; each of them is compared with each path."""
LARGEST_IGNORE_FILE = 1 << 20
"""Bytes of an ignore file."""
LINK_LIMIT = 100
"""How often links may lead to one folder; more would be a tree that grows without end."""


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
    return Archives(Files()).collect(entry_point, source_dir, dependencies, folder=folder)


class Archives:
    """The archives of one run: however many jobs share a folder, it is read and hashed once.

    Files that change during the run are not noticed until they are packed.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self.builds = 0
        """How many archives were collected rather than remembered."""
        self._known: dict[tuple[object, ...], Contents | ArchiveError] = {}

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
        key = tuple(root.key for root in roots)
        if key not in self._known:
            self.builds += 1
            try:
                self._known[key] = _gather(roots, self._files)
            except ArchiveError as error:
                self._known[key] = error
        known = self._known[key]
        if isinstance(known, ArchiveError):
            raise ArchiveError(known.message, known.hint, known.path, known.field)
        if source_dir is not None:
            _check_entry_point(os.fspath(entry_point), os.fspath(source_dir), Path(folder), known)
        return known


class _Root(NamedTuple):
    """Something that the manifest names."""

    name: str
    """Its name in the archive; empty for `source_dir`, whose entries stand at the root."""
    identity: tuple[int, int]
    is_folder: bool
    field: tuple[str | int, ...]
    path: Path

    @property
    def key(self) -> tuple[object, ...]:
        """Equal where it is the same thing on disk under the same name."""
        return self[:-1]


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
        raise unreadable(typed, error, path, field) from error
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


def _gather(roots: Iterable[_Root], files: Files) -> Contents:
    members: dict[str, ArchiveMember] = {}
    ignored: dict[str, Ignored] = {}
    for root in roots:
        other = members.get(root.name)
        if other and not other.path.samefile(root.path):
            hint = "rename one of them: everything that the manifest names stands side by side in the archive"
            raise ArchiveError(f"the archive already has another '{root.name}'", hint, root.path, root.field)
        if root.is_folder:
            walk = _Walk(root, files)
            members.update((member.name, member) for member in walk.members)
            ignored.update((each.name, each) for each in walk.ignored)
        else:
            members[root.name] = _file(root.name, root.name, root.path, root.path.stat(), root.field)
    contents = Contents(
        tuple(members[name] for name in sorted(members)),
        tuple(ignored[name] for name in sorted(ignored) if name.rstrip("/") not in members),
    )
    return contents.naming({root.name: root.field for root in roots if root.name})


class _Folder(NamedTuple):
    """A folder on the way through a root."""

    path: str
    real: str
    """Its path without links."""
    inner: str = ""
    """Its name relative to the root, with a `/` at the end; empty for the root itself."""
    rules: tuple[IgnoreFile, ...] = ()
    """The ignore files from the root down to its parent."""
    sites: tuple[str, ...] = ()
    """The real folders that hold the links that led here."""


class _Walk:
    """One root folder, read once from top to bottom."""

    def __init__(self, root: _Root, files: Files) -> None:
        self.root = root
        self.files = files
        self.prefix = root.name and root.name + "/"
        self.top = os.path.realpath(root.path)
        self.members: list[ArchiveMember] = []
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
            raise unreadable(folder.inner or ".", error, Path(folder.path), self.root.field) from error
        files = {entry.name for entry in entries if not _is_folder(entry)}
        name = (self.prefix + folder.inner).rstrip("/")
        if folder.inner and VIRTUAL_ENVIRONMENT in files:
            self.ignored.append(Ignored(name + "/", "virtual environment"))
            return []
        if name:
            self.members.append(ArchiveMember(name, Path(folder.path), is_folder=True))
        rules = folder.rules
        if IGNORE_FILE in files:
            rules += self._ignore_file(folder)
        below = []
        for entry in entries:
            inner = folder.inner + _utf8(entry.name, Path(entry.path), self.root.field)
            is_folder = _is_folder(entry)
            if rule := reason(inner, is_folder, rules):
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
            raise unreadable(inner, error, path, self.root.field) from error
        self.members.append(_file(self.prefix + inner, inner, path, found, self.root.field))

    def _follow(self, entry: os.DirEntry[str], inner: str, folder: _Folder) -> str:
        """Where a link leads; it must stay in the root and not lead back to where it stands."""
        try:
            real = os.path.realpath(entry.path, strict=True)
        except OSError as error:
            problem = _LINK_PROBLEMS.get(error.errno or 0)
            if problem is None:
                raise unreadable(inner, error, Path(entry.path), self.root.field) from error
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

    def _ignore_file(self, folder: _Folder) -> tuple[IgnoreFile, ...]:
        path = Path(folder.path) / IGNORE_FILE
        inner = folder.inner + IGNORE_FILE
        try:
            if not self.files.is_file(path):  # a named pipe would keep us waiting
                return ()
            raw = self.files.read(path, LARGEST_IGNORE_FILE)
            text = str(raw, "utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise unreadable(inner, error, path, self.root.field) from error
        if len(raw) > LARGEST_IGNORE_FILE or text.count("\n") > LONGEST_IGNORE_FILE:
            message = f"'{inner}' is longer than {LONGEST_IGNORE_FILE:,} lines or 1 MiB"
            raise ArchiveError(message, "name folders or use * rather than name each file", path, self.root.field)
        return (IgnoreFile(folder.inner, tuple(patterns_of(text, inner))),)


def _file(name: str, inner: str, path: Path, found: os.stat_result, field: tuple[str | int, ...]) -> ArchiveMember:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "special file")
        hint = f"only files and folders can be packed: move it away, or name it in {IGNORE_FILE}"
        raise ArchiveError(f"'{inner}' is a {kind}", hint, path, field)
    if not os.access(path, os.R_OK):
        raise unreadable(inner, PermissionError(errno.EACCES, os.strerror(errno.EACCES)), path, field)
    return ArchiveMember(name, path, found.st_size, bool(found.st_mode & stat.S_IXUSR))


_LINK_PROBLEMS = {
    errno.ELOOP: "leads back to itself",
    errno.ENOENT: "leads nowhere",
    errno.ENOTDIR: "leads nowhere",
}


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in circles, which is reported when it is followed
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
