"""Names that stand in manifests, defaults and scripts at once: where each is, found from any of its places."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from sagespec.base.diagnostic import Rejected
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path, Place, Source
from sagespec.kinds import KINDS
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.names.served import SERVED, files_about_jobs, holder_of, jobs_given, jobs_served
from sagespec.lsp.offers.candidates import script_arguments, script_channels
from sagespec.lsp.scene import Scene, SceneJob, item_at
from sagespec.lsp.workspace import Workspace, is_manifest_name, shown
from sagespec.reading.render import is_defaults
from sagespec.reading.syntax.document import Document
from sagespec.reading.syntax.reader import load

MOST_MANIFESTS = 200
"""Manifests of one script, or below one defaults file, that are looked into."""
_REFERENCE = re.compile(r"\b(?P<owner>vars|matrix)\.(?P<name>[A-Za-z_]\w*(?:-\w+)*)")
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)


class Symbol(NamedTuple):
    """A name that several places share."""

    sort: str
    """`hyperparameters`, `channels`, `vars`, `matrix` or `jobs`."""
    name: str
    around: tuple[str, ...]
    """The manifests and defaults in which it may stand: absolute paths."""
    found: tuple[SymbolOccurrence, ...] = ()
    """Of a job, all its places: they are known at once."""


class SymbolOccurrence(NamedTuple):
    """One place of a symbol: the name alone, without what stands around it."""

    place: Place
    role: str
    """`manifest`, `script` or `declaration`: the script's or the defaults', which the others speak of."""


def symbol_at(workspace: Workspace, judgements: Judgements, path: str, index: int) -> Symbol | None:
    """The symbol at a character of an open file; None where there is none."""
    manifests = tuple(judgements.manifests_of(path))[:MOST_MANIFESTS]
    if is_manifest_name(path):
        return _in_yaml(workspace, judgements, path, index)
    for job in jobs_of(workspace, manifests):
        for sort in ("hyperparameters", "channels"):
            for name, occurrence in _in_script(job, sort):
                place = occurrence.place
                if _same(place, path) and _holds(place, index):
                    return Symbol(sort, _name_in(job, sort, name), manifests)
    return None


def _in_yaml(workspace: Workspace, judgements: Judgements, path: str, index: int) -> Symbol | None:
    source = source_at(workspace, path)
    found = None if source is None else _reference_at(source, index)
    around = tuple(judgements.manifests_of(path))[:MOST_MANIFESTS] or (path,)
    if found is not None:
        owner, name = found
        scope = (path,) if owner == "matrix" else _below(workspace, judgements, path, around)
        return Symbol(owner, name, scope)
    for document in () if source is None else Scene(workspace, source).documents():
        at = document.at(index)
        if at is None or not at[0]:
            continue
        inner = at[0]
        if source is not None and (job := _job_at(workspace, judgements, source, document, inner)) is not None:
            return job
        if is_defaults(document):
            inner = inner[2:] if inner[:1] == ("environments",) else inner
            inner = inner[1:] if inner and inner[0] in KINDS else inner
        if len(inner) == 2 and inner[0] in ("hyperparameters", "channels", "vars", "matrix"):
            sort, name = str(inner[0]), str(inner[1])
            scope = (path,) if sort == "matrix" else _below(workspace, judgements, path, around)
            return None if name == "exclude" and sort == "matrix" else Symbol(sort, name, scope)
    return None


def _job_at(
    workspace: Workspace, judgements: Judgements, source: Source, document: Document, path: Path
) -> Symbol | None:
    """The training job whose name a manifest gives, or an endpoint serves."""
    names = jobs_given(judgements, document) if path == ("name",) else ()
    if path[-1] == SERVED:
        names = tuple(name for at, name in jobs_served(Scene(workspace, source), document) if at == path)
    found = [each for name in names for each in _places_of_job(workspace, judgements, name)]
    return Symbol("jobs", names[0], (), tuple(dict.fromkeys(found))) if names else None


def _places_of_job(workspace: Workspace, judgements: Judgements, name: str) -> Iterator[SymbolOccurrence]:
    """Where a training job's name is given, then where it is served."""
    holder, text = holder_of(judgements, name), re.compile(rf"\b{SERVED}\b")
    given = None if holder is None else source_at(workspace, os.path.abspath(holder.file))  # noqa: PTH100
    for document in () if given is None else Scene(workspace, given).documents():
        place = document.value_place(("name",))
        if place is not None and name in jobs_given(judgements, document):
            yield SymbolOccurrence(_bare(place), "declaration")
    for path in files_about_jobs(judgements):
        source = source_at(workspace, path)
        if source is None or text.search(source.text) is None:
            continue
        scene = Scene(workspace, source)
        for document in scene.documents():
            for at, served in jobs_served(scene, document):
                found = document.value_place(at)
                if served == name and found is not None:
                    yield SymbolOccurrence(_bare(found), "manifest")


def _below(workspace: Workspace, judgements: Judgements, path: str, around: tuple[str, ...]) -> tuple[str, ...]:
    """The manifests that share the scripts or the defaults of a file."""
    shared = set(around)
    for manifest in around:
        known = judgements.known.get(manifest)
        for asked in () if known is None else known.was_read:
            if not is_manifest_name(asked) or FilePath(asked).name == "sagespec.yaml":
                shared |= set(judgements.manifests_of(asked))
    return tuple(sorted(shared))[:MOST_MANIFESTS]


def occurrences(workspace: Workspace, symbol: Symbol) -> list[SymbolOccurrence]:
    """Every place of a symbol, each once: declarations first."""
    found: dict[tuple[str, Any], SymbolOccurrence] = {}
    for each in symbol.found or _occurrences(workspace, symbol):
        found.setdefault((FilePath(each.place.source.name).absolute().as_posix(), each.place.span), each)
    return sorted(
        found.values(), key=lambda each: (each.role != "declaration", each.place.source.name, each.place.span)
    )


def _occurrences(workspace: Workspace, symbol: Symbol) -> Iterator[SymbolOccurrence]:
    scripts = symbol.sort in ("hyperparameters", "channels")
    for job in jobs_of(workspace, symbol.around):
        for layer in job.manifest.layers:
            place = layer.document.key_place((*layer.prefix, symbol.sort, symbol.name))
            if place is not None:
                declares = symbol.sort in ("vars", "matrix")
                yield SymbolOccurrence(_bare(place), "declaration" if declares else "manifest")
        if scripts:
            for name, occurrence in _in_script(job, symbol.sort):
                if _name_in(job, symbol.sort, name) == symbol.name:
                    yield occurrence
    if not scripts:
        yield from _uses(workspace, symbol)


def _uses(workspace: Workspace, symbol: Symbol) -> Iterator[SymbolOccurrence]:
    for path in symbol.around:
        source = source_at(workspace, path)
        for owner, name, start, end in () if source is None else _references(source):
            if (owner, name) == (symbol.sort, symbol.name):
                yield SymbolOccurrence(Place(source, source.span(start, end)), "manifest")  # type: ignore[arg-type,union-attr]
        for document in () if source is None else Scene(workspace, source).documents():
            if is_defaults(document) and symbol.sort == "vars":
                data: Any = document.data
                environments = item_at(data, ("environments",))
                names = environments if isinstance(environments, dict) else ()
                for prefix in ((), *(("environments", name) for name in names)):
                    place = document.key_place((*prefix, "vars", symbol.name))
                    if place is not None:
                        yield SymbolOccurrence(_bare(place), "declaration")


# Scripts --------------------------------------------------------------------------------------------------------------


def _in_script(job: SceneJob, sort: str) -> Iterator[tuple[str, SymbolOccurrence]]:
    """(the name as the script writes it, its place) of everything of a sort that the script speaks of."""
    if sort == "hyperparameters":
        for name, option, script in script_arguments(job):
            place = script.place(option.piece)
            start = place.source.index(place.span.line, place.span.column)
            end = place.source.index(place.span.end_line, place.span.end_column)
            found = re.search(rf"""["']-{{1,2}}({re.escape(name)})["']""", place.source.text[start:end])
            if found is not None:
                at = place.source.span(start + found.start(1), start + found.end(1))
                yield name, SymbolOccurrence(Place(place.source, at), "declaration")
        return
    for name, script in script_channels(job):
        form = rf"\bSM_CHANNEL_({re.escape(name.upper())})\b|/opt/ml/input/data/({re.escape(name)})(?![\w-])"
        for source in script.sources:
            for found in re.finditer(form, source.text):
                group = 1 if found[1] is not None else 2
                yield name, SymbolOccurrence(Place(source, source.span(*found.span(group))), "declaration")


def _name_in(job: SceneJob, sort: str, name: str) -> str:
    """How the manifest writes a name of the script: a channel in the letters that it has there."""
    written = item_at(job.manifest.data, (sort,))
    return next((key for key in written if key.upper() == name.upper()), name) if isinstance(written, dict) else name


# Texts ----------------------------------------------------------------------------------------------------------------


def jobs_of(workspace: Workspace, manifests: tuple[str, ...]) -> Iterator[SceneJob]:
    """The first job of every document of some files."""
    for path in manifests:
        source = source_at(workspace, path)
        if source is not None:
            scene = Scene(workspace, source)
            yield from (job for document in scene.documents() if (job := scene.job(document)) is not None)


def source_at(workspace: Workspace, path: str) -> Source | None:
    """The text of a file, as the editor has it."""
    try:
        return load(path, shown(path), workspace.files())
    except Rejected:
        return None


def _references(source: Source) -> Iterator[tuple[str, str, int, int]]:
    """(owner, name, start, end) of every `vars.x` and `matrix.x` in an expression."""
    for expression in _EXPRESSION.finditer(source.text):
        for found in _REFERENCE.finditer(expression[0]):
            start = expression.start() + found.start("name")
            yield found["owner"], found["name"], start, start + len(found["name"])


def _reference_at(source: Source, index: int) -> tuple[str, str] | None:
    return next((each[:2] for each in _references(source) if each[2] <= index <= each[3]), None)


def _bare(place: Place) -> Place:
    """A key without its quotes."""
    source, span = place.source, place.span
    start, end = source.index(span.line, span.column), source.index(span.end_line, span.end_column)
    quoted = source.text[start : start + 1] in ("'", '"') and end - start > 1
    return Place(source, source.span(start + quoted, end - quoted))


def _holds(place: Place, index: int) -> bool:
    source, span = place.source, place.span
    return source.index(span.line, span.column) <= index <= source.index(span.end_line, span.end_column)


def _same(place: Place, path: str) -> bool:
    return FilePath(place.source.name).absolute() == FilePath(path)
