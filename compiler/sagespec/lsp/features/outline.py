"""The outline of a manifest, its folds, and the jobs of the workspace by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.base.source import Path, Place
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.names.symbols import source_at
from sagespec.lsp.protocol.texts import Json
from sagespec.lsp.scene import Scene, concerns_us, item_at, source_of
from sagespec.lsp.workspace import Workspace, shown
from sagespec.reading.render import is_defaults
from sagespec.reading.syntax.document import Document

CLASS, FIELD, OBJECT, ARRAY = 5, 8, 19, 18
DEEPEST = 3
MOST_FOUND = 500
"""Jobs that one search of the workspace gives."""


def document_symbols(workspace: Workspace, _judgements: Judgements, params: Mapping[str, Any]) -> list[Json]:
    """One tree a document: its name, its fields, and what they hold."""
    document = workspace.document(params)
    if document is None or not concerns_us(document):
        return []
    return [_of_document(workspace, each) for each in Scene(workspace, source_of(document)).documents()]


def _of_document(workspace: Workspace, document: Document) -> Json:
    data: Any = document.data
    name = "defaults" if is_defaults(document) else str(data.get("name") or "manifest")
    whole = document.value_place(()) or document.where(())
    return {
        "name": name,
        "detail": str(data.get("kind", "")),
        "kind": CLASS,
        "range": workspace.range(whole),
        "selectionRange": workspace.range(document.where(())),
        "children": list(_inside(workspace, document, ())),
    }


def _inside(workspace: Workspace, document: Document, path: Path) -> Iterator[Json]:
    data = item_at(document.data, path)
    for key, value in data.items() if isinstance(data, dict) else ():
        inner = (*path, key)
        place, all_of_it = document.key_place(inner), document.value_place(inner)
        if place is None or all_of_it is None:
            continue
        around = _around(place, all_of_it)
        scalar = not isinstance(value, dict | list)
        yield {
            "name": str(key) or '""',
            "detail": document.written(inner)[:80] if scalar and not _is_secret(key) else "",
            "kind": FIELD if scalar else OBJECT if isinstance(value, dict) else ARRAY,
            "range": workspace.range(around),
            "selectionRange": workspace.range(place),
            "children": list(_inside(workspace, document, inner)) if len(inner) < DEEPEST else [],
        }


def _is_secret(key: object) -> bool:
    from sagespec.base.redact import redacted

    return redacted(f"{key}: 0123456789abcdef0123456789abcdef") != f"{key}: 0123456789abcdef0123456789abcdef"


def _around(key: Place, value: Place) -> Place:
    """From the key to the end of its value; where an alias stands elsewhere, the key alone."""
    if value.span[2:] < key.span[2:]:
        return key
    span = key.span._replace(end_line=value.span.end_line, end_column=value.span.end_column)
    return Place(key.source, span)


def folding_ranges(workspace: Workspace, _judgements: Judgements, params: Mapping[str, Any]) -> list[Json]:
    """Documents, and the fields of several lines."""
    document = workspace.document(params)
    if document is None or not concerns_us(document):
        return []
    found = set()
    for each in Scene(workspace, source_of(document)).documents():
        whole = each.value_place(())
        places = [] if whole is None else [whole]
        places += _blocks(each, ())
        found |= {(place.span.line - 1, place.span.end_line - 1) for place in places}
    return [{"startLine": start, "endLine": end} for start, end in sorted(found) if end > start]


def _blocks(document: Document, path: Path) -> Iterator[Place]:
    data = item_at(document.data, path)
    steps: Any = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    for step in steps:
        inner = (*path, step)
        key, value = document.key_place(inner), document.value_place(inner)
        if value is not None:
            yield value if key is None else _around(key, value)
            yield from _blocks(document, inner)


def workspace_symbols(workspace: Workspace, judgements: Judgements, params: Mapping[str, Any]) -> list[Json]:
    """The jobs and endpoints of the folders whose names hold a text."""
    wanted = str(params.get("query", "")).casefold()
    found: list[Json] = []
    for path, known in judgements.known.items():
        source = source_at(workspace, path) if known.is_ours else None
        for document in () if source is None else Scene(workspace, source).documents():
            name = item_at(document.data, ("name",))
            if isinstance(name, str) and wanted in name.casefold() and len(found) < MOST_FOUND:
                place = document.where(("name",))
                where = {"uri": workspace.uri(path), "range": workspace.range(place)}
                found.append({"name": name, "kind": CLASS, "location": where, "containerName": shown(path)})
    return found
