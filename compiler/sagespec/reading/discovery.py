"""Which files some paths stand for, and what became of each: a manifest is never passed over in silence.

Whoever wants to know what is *not* there (`--prune`) asks the survey: only of what was read whole can one say that it
describes something no more.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.base.source import Place, Source, Span
from sagespec.reading.render import DEFAULTS_NAME, is_defaults, is_ours
from sagespec.reading.syntax.document import Document

PASSED_OVER = frozenset({"node_modules", "__pycache__", "site-packages"})
"""Folders that hold no people's manifests."""
_TOOLS = frozenset(
    {".git", ".hg", ".svn", ".sagespec", ".venv", ".tox", ".nox", ".cache", ".mypy_cache", ".ruff_cache"}
    | {".pytest_cache", ".terraform", ".dvc", ".ipynb_checkpoints", ".eggs", ".hypothesis"}
)
"""Hidden folders of tools: what lies there is theirs, copies of files included."""

OURS = "sagespec/"
"""What the text of a manifest holds."""
_API_VERSION = r"""(?im)^[ \t{\[,-]*["']?(?P<key>apiversion)["']?[ \t]*:[ \t]*["']?(?P<group>[\w.-]+)/"""
_KIND = r"""(?m)^[ \t{,]*["']?kind["']?[ \t]*:[ \t]*["']?(?P<kind>\w+)"""
_ANY_VERSION = r"(?im)^[ \t{\[,-]*[\"']?api[-_]?version[\"']?[ \t]*:"
_LFS = "version https://git-lfs.github.com/spec/"
_CRYPT = b"\x00GITCRYPT\x00"
_PIECE = 1 << 20


class Survey:
    """What one run has found under the paths that it was given."""

    def __init__(self) -> None:
        self.roots: list[str] = []
        """The paths, real and absolute."""
        self.manifests: list[str] = []
        """Files that were read whole, as manifests of jobs; `real` says where they lie."""
        self.others: list[str] = []
        """Files that were read whole, and are none."""
        self.unread: dict[str, str] = {}
        """What could not be read, or was passed over although it may be a manifest → why."""
        self._real_folder = lru_cache(maxsize=64)(_real)

    def read(self, name: str, *, manifest: bool) -> None:
        (self.manifests if manifest else self.others).append(name)

    def real(self, name: str) -> str:
        """Where a file lies: an absolute path without links."""
        folder, last = os.path.split(name)
        is_plain = last not in ("", ".", "..") and not os.path.islink(name)  # noqa: PTH114
        return os.path.join(self._real_folder(folder), last) if is_plain else _real(name)  # noqa: PTH118

    def files(self, path: str) -> Iterator[tuple[str, str]]:
        """(file, why it is passed over) of what a path stands for: itself, or every YAML file of the folder and below.

        Files are passed over that lie in hidden folders, and behind links to folders; the reason is empty for others.
        """
        self.roots.append(_real(path))
        if not os.path.isdir(path):  # noqa: PTH112 - of no name does it raise
            yield path, ""
            return
        # pathlib takes its time, and raises
        for folder, folders, names in os.walk(os.path.normpath(path), onerror=self._unwalked):
            kept, hidden = _sorted_out(folder, folders)
            folders[:] = kept
            yield from ((name, "") for name in _yaml_in(folder, names))
            for aside, why in hidden:
                for inner, inner_folders, inner_names in os.walk(aside, onerror=self._unwalked):
                    inner_folders[:] = sorted(set(inner_folders) - PASSED_OVER - _TOOLS)
                    yield from ((name, why) for name in _yaml_in(inner, inner_names))

    def _unwalked(self, error: OSError) -> None:
        self.unread[str(error.filename)] = f"the folder cannot be read: {(error.strerror or str(error)).lower()}"


def _real(path: str) -> str:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):  # a name that no file can have
        return path


def _sorted_out(folder: str, folders: list[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """The folders to read, and those to look into for what is passed over there, with the reason."""
    kept, aside = [], []
    for name in sorted(set(folders) - PASSED_OVER - _TOOLS):
        path = os.path.join(folder, name)  # noqa: PTH118
        if os.path.exists(os.path.join(path, "pyvenv.cfg")):  # noqa: PTH110, PTH118
            continue
        if os.path.islink(path):  # noqa: PTH114
            if not _is_within(os.path.realpath(folder), os.path.realpath(path)):
                aside.append((path, f"'{name}' is a link to a folder, and those are not followed"))
        elif name.startswith("."):
            aside.append((path, f"'{name}' is a hidden folder"))
        else:
            kept.append(path)
    return [os.path.basename(path) for path in kept], aside  # noqa: PTH119


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _yaml_in(folder: str, names: list[str]) -> Iterator[str]:
    inside = os.path.join(folder, "").removeprefix("./")  # noqa: PTH118
    return (inside + name for name in sorted(names) if name.endswith((".yaml", ".yml")))


# What a file is, that is not read as a manifest ----------------------------------------------------------------------


def mentions_us(path: str) -> bool:
    """Whether a file that cannot be read as text holds our name, in whatever encoding; all of it is looked at."""
    before = b""
    for piece in _pieces(path):
        bare = piece.replace(b"\0", b"")
        if b"sagespec" in before + bare:
            return True
        before = bare[-16:]
    return False


def is_ciphertext(path: str) -> bool:
    return next(_pieces(path), b"").startswith(_CRYPT)


def _pieces(path: str) -> Iterator[bytes]:
    """What a file holds; nothing of one that cannot be read, or that would have no end."""
    try:
        if stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            with open(path, "rb") as file:  # noqa: PTH123
                while piece := file.read(_PIECE):
                    yield piece
    except (OSError, ValueError):
        return


def may_be_ours(text: str, kinds: Collection[str]) -> bool:
    """Whether a text is worth a closer look: a quick one, which foreign YAML does not pass."""
    if OURS in text or any(_is_near(match["group"]) for match in re.finditer(_API_VERSION, text)):
        return True
    return any(match["kind"] in kinds for match in re.finditer(_KIND, text)) and not re.search(_ANY_VERSION, text)


def hidden(source: Source, why: str) -> Diagnostic | None:
    """What there is to say of a file that is passed over for where it lies; nothing where it is none of ours."""
    found = next((match for match in re.finditer(_API_VERSION, source.text) if match["group"] == "sagespec"), None)
    if found is None:
        return None
    message = f"this is a manifest, and it is skipped: {why}"
    place = Place(source, source.span(found.start("key"), found.end("key")))
    return Diagnostic(place, Severity.WARNING, "passed-over", message, "move it, or give its own path")


def unknown(name: str, why: str) -> Diagnostic:
    """What there is to say of a file that nobody can look into."""
    message = f"what this file describes cannot be known: {why}"
    return Diagnostic(Place(Source(name, ""), Span()), Severity.WARNING, "passed-over", message, _CURES.get(why, ""))


POINTER = "it is a pointer of git-lfs"
CIPHERTEXT = "it is encrypted by git-crypt"
_CURES = {POINTER: "git lfs pull", CIPHERTEXT: "git-crypt unlock"}


def is_pointer(source: Source) -> bool:
    return source.text.startswith(_LFS)


def passed_over(document: Document, kinds: Collection[str]) -> Diagnostic | None:
    """What there is to say of a document that is not read as a manifest; nothing where it is none of ours."""
    data = document.data
    if isinstance(data, list):
        for number, item in enumerate(data):
            if isinstance(item, dict) and _states_us(item):
                message = "this manifest stands in a list, and is not read: a manifest is a map of fields"
                return _error(document, (number,), message, "take the dash away, and put --- between several")
        return None
    if not isinstance(data, dict) or is_ours(document):
        return None
    key = next((key for key in data if str(key).casefold().replace("_", "").replace("-", "") == "apiversion"), None)
    if key is None:
        kind = data.get("kind")
        if not isinstance(kind, str) or kind not in kinds:
            return None
        return _error(
            document, ("kind",), f"'kind: {kind}' without apiVersion is not read", "add apiVersion: sagespec/v1"
        )
    value = str(data[key])
    group = value.partition("/")[0]
    if group.casefold() == "sagespec" or (_is_near(group) and key):
        message = f"'{key}: {value[:60]}' is not read as a manifest's"
        return _error(document, (key,), message, "write apiVersion: sagespec/v1", at_key=key != "apiVersion")
    return None


def misplaced_defaults(document: Document) -> Diagnostic | None:
    """What there is to say of a Defaults document in a file that no manifest looks for."""
    if not is_defaults(document):
        return None
    name = os.path.basename(document.source.name)  # noqa: PTH119
    if name == DEFAULTS_NAME or name.startswith("<"):
        return None
    message = f"nothing reads these defaults: they are looked for in files named {DEFAULTS_NAME}"
    hint = f"name the file {DEFAULTS_NAME}, or write kind: TrainingJob"
    place = document.where(("kind",))
    return Diagnostic(place, Severity.WARNING, "defaults-not-read", message, hint, ("kind",))


def _states_us(item: dict[Any, Any]) -> bool:
    return any(str(key).casefold() == "apiversion" and str(value).startswith(OURS) for key, value in item.items())


def _is_near(group: str) -> bool:
    """Whether a word is ours, or ours with a slip of the fingers."""
    word = group.casefold()
    if word == "sagespec":
        return True
    if "." in word or abs(len(word) - len("sagespec")) > 2:
        return False
    from difflib import SequenceMatcher  # only what has another version needs it

    return SequenceMatcher(None, word, "sagespec").ratio() >= 0.8


def _error(document: Document, path: tuple[Any, ...], message: str, hint: str, *, at_key: bool = False) -> Diagnostic:
    place = document.where(path, at_key=at_key)
    return Diagnostic(place, Severity.ERROR, "not-read-as-a-manifest", message, hint, path)
