"""From a name to what it speaks of, and back: defaults, scripts, files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from sagespec.base.source import Path, Place
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.names.served import holder_of, jobs_served
from sagespec.lsp.names.symbols import occurrences, symbol_at
from sagespec.lsp.protocol.texts import Json, TextDocument, uri_of
from sagespec.lsp.scene import Scene, SceneJob, concerns_us, item_at, source_of
from sagespec.lsp.workspace import Workspace

IN_SOURCE = ("entry_point", "requirements_file")
BESIDE = ("source_dir", "dependencies", "path")
"""Fields that name files: in the source folder, or beside the manifest."""


def definition(workspace: Workspace, judgements: Judgements, params: Mapping[str, Any]) -> list[Json]:
    """Where a name comes from: the defaults, the script, a file."""
    document = workspace.document(params)
    if document is None or document.path is None:
        return []
    index = document.index(params["position"])
    judgements.settle(document.path)
    symbol = symbol_at(workspace, judgements, document.path, index)
    if symbol is not None:
        found = occurrences(workspace, symbol)
        wanted = [each for each in found if each.role == "declaration"] or found
        return [location(workspace, each.place) for each in wanted if not _is_here(each.place, document, index)] or [
            location(workspace, each.place) for each in wanted
        ]
    return [
        {"uri": uri_of(str(path)), "range": {"start": _START, "end": _START}}
        for job, at in _at(workspace, document, index)
        for path in [file_of(job, at)]
        if path is not None
    ]


_START = {"line": 0, "character": 0}


def references(workspace: Workspace, judgements: Judgements, params: Mapping[str, Any]) -> list[Json]:
    """Every place of a name, in manifests, defaults and scripts."""
    document = workspace.document(params)
    if document is None or document.path is None:
        return []
    judgements.settle(document.path)
    symbol = symbol_at(workspace, judgements, document.path, document.index(params["position"]))
    if symbol is None:
        return []
    declared = params.get("context", {}).get("includeDeclaration", True)
    return [
        location(workspace, each.place)
        for each in occurrences(workspace, symbol)
        if declared or each.role != "declaration"
    ]


def document_links(workspace: Workspace, judgements: Judgements, params: Mapping[str, Any]) -> list[Json]:
    """The files and folders that a manifest names, and the manifest of the job that an endpoint serves."""
    document = workspace.document(params)
    if document is None or not concerns_us(document):
        return []
    scene = Scene(workspace, source_of(document))
    links = []
    for each in scene.documents():
        job = scene.job(each)
        for path in () if job is None else _named(job):
            file, place = file_of(job, path), each.value_place(path)  # type: ignore[arg-type]
            if file is not None and place is not None:
                links.append({"range": workspace.range(place), "target": uri_of(str(file)), "tooltip": str(file)})
        for path, name in jobs_served(scene, each):
            holder, place = holder_of(judgements, name), each.value_place(path)
            if holder is not None and place is not None:
                target = f"{uri_of(os.path.abspath(holder.file))}#L{holder.line}"  # noqa: PTH100
                links.append({"range": workspace.range(place), "target": target, "tooltip": f"the manifest of {name}"})
    return links


def location(workspace: Workspace, place: Place) -> Json:
    return {"uri": workspace.uri(place.source.name), "range": workspace.range(place)}


def _is_here(place: Place, document: TextDocument, index: int) -> bool:
    source, span = place.source, place.span
    inside = source.index(span.line, span.column) <= index <= source.index(span.end_line, span.end_column)
    return inside and FilePath(source.name).absolute() == FilePath(document.path or "")


def _at(workspace: Workspace, document: TextDocument, index: int) -> Iterator[tuple[SceneJob, Path]]:
    if not concerns_us(document):
        return
    scene = Scene(workspace, source_of(document))
    for each in scene.documents():
        at, job = each.at(index), scene.job(each)
        if at is not None and job is not None:
            yield job, at[0]


def _named(job: SceneJob) -> Iterator[Path]:
    data = job.manifest.data
    yield from ((name,) for name in (*IN_SOURCE, "source_dir") if isinstance(data.get(name), str))
    dependencies = data.get("dependencies")
    yield from (
        ("dependencies", number) for number, _ in enumerate(dependencies if isinstance(dependencies, list) else ())
    )
    channels = data.get("channels")
    for name, channel in channels.items() if isinstance(channels, dict) else ():
        yield ("channels", name, "path") if isinstance(channel, dict) else ("channels", name)


def file_of(job: SceneJob, path: Path) -> FilePath | None:
    """The file or folder that a value names, where it is on this machine."""
    value, name = item_at(job.manifest.data, path), str(path[0]) if path else ""
    if not isinstance(value, str) or "://" in value or not value:
        return None
    source = job.manifest.data.get("source_dir")
    inside = name in IN_SOURCE and isinstance(source, str) and "://" not in source
    folder = job.context.folder / str(source) if inside else job.context.folder
    if name not in (*IN_SOURCE, *BESIDE, "channels"):
        return None
    try:
        file = (folder / value).absolute()
        return file if file.exists() else None
    except (OSError, ValueError):
        return None
