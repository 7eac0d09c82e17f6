"""What stays out of an archive: what nobody wants there, and what `.sagespecignore` names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sagespec.base.named import NamedTuple

IGNORE_FILE = ".sagespecignore"
"""Says what stays out of the archive, in the language of `.gitignore`, for its own folder and those below."""

IGNORED_NAMES = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".ipynb_checkpoints"}
    | {".DS_Store", ".sagespec", "node_modules", IGNORE_FILE}
)
"""Never packed, in any folder."""

VIRTUAL_ENVIRONMENT = "pyvenv.cfg"
"""The file that marks its folder as a virtual environment (PEP 405)."""


class _Pattern(NamedTuple):
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


class IgnoreFile(NamedTuple):
    folder: str
    """The folder it lies in, as `_Folder.inner`."""
    patterns: tuple[_Pattern, ...]


_ANYTHING = re.compile(r".*", re.DOTALL)
_NOTHING = re.compile(r"(?!)")

_PIECE = (
    r"(?s)\\(?P<escaped>.)|\[(?P<negated>[!^]?)(?P<set>\]?(?:\[:\w*:\]|\\.|[^\]\\])*)\]"
    r"|(?P<star>\*)|(?P<any>\?)|(?P<char>[^\\\[])"
)
_SET_ITEM = r"(?s)\[:(?P<name>\w*):\]|\\?(?P<low>.)(?:-\\?(?P<high>[^\]\\]|(?<=\\).))?"
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


def reason(inner: str, is_folder: bool, rules: Sequence[IgnoreFile]) -> str:
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


def patterns_of(text: str, label: str) -> Iterator[_Pattern]:
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
        token = re.compile(_PIECE).match(body, position)
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
    for item in re.finditer(_SET_ITEM, token["set"]):
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
