"""Applies the certain cures of diagnostics to their sources: comments and layout stay as they are."""

from __future__ import annotations

import codecs
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from sagespec.base.diagnostic import Diagnostic, Edit, Rejected, in_order
from sagespec.base.errors import SagespecError
from sagespec.base.files import replace_whole
from sagespec.base.source import Path, Source
from sagespec.reading.render import Defaults
from sagespec.reading.syntax.reader import MAX_BYTES, decode, read

MAX_TRIED = 10_000_000
"""Characters that may be read to find the cures that change no other value."""
FEWEST_TRIES = 8
"""How often even the largest text may be read for that."""


@dataclass(frozen=True)
class Fixed:
    """A source's text with cures applied."""

    text: str
    cured: tuple[Diagnostic, ...] = ()
    """What was cured. The findings of one edit (an alias is used twice) are all here."""


@dataclass(frozen=True)
class _Cure:
    """Edits that belong together, and the findings that ask for them."""

    edits: tuple[Edit, ...]
    findings: tuple[Diagnostic, ...]


def fixed(source: Source, diagnostics: Iterable[Diagnostic]) -> Fixed:
    """The text after every cure of this source that is certain.

    Of cures that overlap the first one in the text is applied; the other shows when the result is checked again. A
    cure is left out if it would change any value but those that its findings speak of (an alias stands for one value
    in several places), or if YAML would no longer read the text.
    """
    asked: dict[tuple[Edit, ...], list[Diagnostic]] = {}
    for diagnostic in in_order(found for found in diagnostics if found.fix and found.place.source == source):
        asked.setdefault(diagnostic.fix, []).append(diagnostic)
    cures = list(_apart(source, [_Cure(edits, tuple(findings)) for edits, findings in asked.items()]))
    tries = iter(range(max(FEWEST_TRIES, MAX_TRIED // (len(source.text) + 1))))
    kept = _harmless(source, _read(source.text), cures, [], tries) if cures else []
    return Fixed(_edited(source, kept), tuple(finding for cure in kept for finding in cure.findings))


def _apart(source: Source, cures: Iterable[_Cure]) -> Iterator[_Cure]:
    """Those that do not overlap an earlier one."""
    taken: list[tuple[int, int]] = []
    for cure in cures:
        pieces = [_piece(source, edit) for edit in cure.edits]
        if not any(_overlaps(piece, taken) for piece in pieces):
            for piece in pieces:
                insort(taken, piece)
            yield cure


def _overlaps(piece: tuple[int, int], taken: Sequence[tuple[int, int]]) -> bool:
    """Whether a piece shares a character with one of those in order, which do not overlap each other."""
    start, end = piece
    at = bisect_left(taken, (start, start))
    return (at > 0 and taken[at - 1][1] > start) or (at < len(taken) and taken[at][0] < end)


def _harmless(
    source: Source, before: _Reading, cures: Sequence[_Cure], kept: list[_Cure], tries: Iterator[int]
) -> list[_Cure]:
    """The cures that can be added to those that are kept: all of them as a rule, otherwise tried by halves, as often
    as there are tries."""
    if next(tries, None) is None:
        return kept
    wanted = [*kept, *cures]
    if _means_the_same(before, _read(_edited(source, wanted)), wanted):
        return wanted
    if len(cures) == 1:
        return kept
    half = len(cures) // 2
    return _harmless(source, before, cures[half:], _harmless(source, before, cures[:half], kept, tries), tries)


def _edited(source: Source, cures: Iterable[_Cure]) -> str:
    edits = sorted((*_piece(source, edit), edit.text) for cure in cures for edit in cure.edits)
    pieces: list[str] = []
    done = 0
    for start, end, new in edits:
        pieces += source.text[done:start], new
        done = end
    return "".join(pieces) + source.text[done:]


def _piece(source: Source, edit: Edit) -> tuple[int, int]:
    span = edit.span
    return source.index(span.line, span.column), source.index(span.end_line, span.end_column)


@dataclass(frozen=True)
class _Reading:
    """What YAML makes of a text."""

    documents: tuple[Any, ...]
    problems: int
    """How many things are wrong with the YAML itself, one for not being readable to its end."""


def _read(text: str) -> _Reading:
    documents, problems = [], 0
    try:
        for document in read(Source("", text)):
            documents.append(document.data)
            problems += len(document.problems)
    except Rejected as rejected:
        problems += len(rejected.diagnostics)
    return _Reading(tuple(documents), problems)


def _means_the_same(before: _Reading, after: _Reading, cures: Iterable[_Cure]) -> bool:
    """Whether nothing has changed but what the cures are about."""
    if len(before.documents) != len(after.documents) or after.problems > before.problems:
        return False
    meant = {path for cure in cures for finding in cure.findings for path in _about(finding)}
    pairs = zip(before.documents, after.documents, strict=True)
    return all(
        path in meant or (path[2:] in meant and path[0] == "environments") for a, b in pairs for path in _changed(a, b)
    )


def _about(finding: Diagnostic) -> Iterator[Path]:
    """The values that a cure may change: the finding's own, and under its new name the one that is renamed."""
    yield finding.field
    if finding.field[:2] == ("channels", "training"):  # where the one channel has no name
        yield ("channels", *finding.field[2:])
    for edit in finding.fix:
        yield (*finding.field[:-1], edit.text)


def _changed(before: Any, after: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of all values that differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            if key in before and key in after:
                yield from _changed(before[key], after[key], (*path, key))
            else:
                yield (*path, key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, pair in enumerate(zip(before, after, strict=True)):
            yield from _changed(*pair, (*path, position))
    elif before != after or type(before) is not type(after):
        yield path


PASSES = 10
"""How often a text is fixed and checked again: one cure may bring another to light."""


class Judged(Protocol):
    """What has been found in one manifest."""

    @property
    def manifest(self) -> str: ...
    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]: ...


JudgedT = TypeVar("JudgedT", bound=Judged, covariant=True)


class Judge(Protocol[JudgedT]):
    """One run over manifests: `sagespec.pipeline.Compiler` is one."""

    @property
    def defaults(self) -> Defaults: ...
    def run(self, paths: Iterable[str]) -> Iterator[JudgedT]: ...
    def source(self, source: Source) -> Iterator[JudgedT]: ...
    def refused(self, name: str, diagnostics: Iterable[Diagnostic]) -> JudgedT: ...


@dataclass(frozen=True)
class Repair(Generic[JudgedT]):
    """What a repair has done, and what is left."""

    results: tuple[JudgedT, ...]
    cured: tuple[Diagnostic, ...] = ()
    refused: tuple[str, ...] = ()
    """Why a file was not written."""
    content: bytes = b""
    """The repaired text, where there was no file to write."""


def repair(make: Callable[[], Judge[JudgedT]], paths: Sequence[str]) -> Repair[JudgedT]:
    """Checks files and cures what is certain, until nothing more can be cured.

    Only files that the paths stand for are written, and defaults above them in which a finding stands; scripts never.
    """
    cured: list[Diagnostic] = []
    refused: dict[str, str] = {}
    for _ in range(PASSES):
        judge = make()
        results = tuple(judge.run(paths))
        before = len(cured)
        found = [finding for result in results for finding in result.diagnostics]
        ours = {result.manifest for result in results} | {each.source.name for each in judge.defaults.documents}
        for source in dict.fromkeys(finding.place.source for finding in found if finding.fix):
            if source.name in ours and source.name not in refused:
                made = fixed(source, found)
                try:
                    rewrite(FilePath(source.name), source, made.text)
                    cured += made.cured
                except NotWritten as error:
                    refused[source.name] = str(error)
        if len(cured) == before:
            break
    return Repair(results, tuple(cured), tuple(refused.values()))


def repair_text(make: Callable[[], Judge[JudgedT]], stream: BinaryIO) -> Repair[JudgedT]:
    """The same for a text that is not a file."""
    raw = stream.read(MAX_BYTES + 1)
    try:
        source = decode(raw, "<stdin>", FilePath.cwd())
    except Rejected as rejected:
        return Repair((make().refused("<stdin>", rejected.diagnostics),), content=raw)
    cured: list[Diagnostic] = []
    for _ in range(PASSES):
        results = tuple(make().source(source))
        made = fixed(source, [finding for result in results for finding in result.diagnostics])
        if not made.cured:
            break
        cured += made.cured
        source = Source(source.name, made.text, source.folder)
    return Repair(results, tuple(cured), content=_mark(raw) + source.text.encode())


class NotWritten(SagespecError):
    """A file that was to be fixed is left as it is."""


def rewrite(path: FilePath, source: Source, text: str) -> None:
    """Puts a text in the place of a file that holds `source`: at once or not at all, with its permissions and its
    byte order mark.

    Raises:
        NotWritten: it is a link, has changed since it was read, or cannot be written.
    """
    if text == source.text:
        return
    if path.is_symlink():
        raise NotWritten(f"{source.name} is a link; fix the file that it points to")
    try:
        raw = path.read_bytes()
        if raw != _mark(raw) + source.text.encode():
            raise NotWritten(f"{source.name} has changed while it was checked")
        replace_whole(path, _mark(raw) + text.encode(), path.stat().st_mode)
    except OSError as error:
        raise NotWritten(f"{source.name} cannot be written: {error.strerror or error}") from None


def _mark(raw: bytes) -> bytes:
    """The byte order mark that a file begins with, if it does."""
    return codecs.BOM_UTF8 if raw.startswith(codecs.BOM_UTF8) else b""
