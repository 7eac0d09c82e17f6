"""What stands between the lines: values that defaults fill in, the image, durations, the jobs of a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from sagespec.base.diagnostic import Rejected
from sagespec.base.source import Place
from sagespec.kinds import vocabulary_of
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.offers.candidates import SECONDS, duration
from sagespec.lsp.protocol.texts import Json
from sagespec.lsp.scene import Scene, SceneJob, concerns_us, source_of
from sagespec.lsp.workspace import Workspace
from sagespec.reading.render import render
from sagespec.reading.syntax.document import Document

MOST_NAMES = 6
"""Fields of the defaults that are named; more are counted."""


def inlay_hints(workspace: Workspace, _judgements: Judgements, params: Mapping[str, Any]) -> list[Json]:
    """The hints of a range."""
    document = workspace.document(params)
    if document is None or not concerns_us(document) or not workspace.settings.inlay_hints:
        return []
    scene = Scene(workspace, source_of(document))
    first, last = params["range"]["start"]["line"], params["range"]["end"]["line"]
    hints = []
    for each in scene.documents():
        job = scene.job(each)
        for place, text, tooltip in () if job is None else _of_job(job, each):
            position = workspace.range(place)["end"]
            if first <= position["line"] <= last:
                hint = {"position": position, "label": text, "paddingLeft": True}
                hints.append(hint | ({"tooltip": tooltip} if tooltip else {}))
    return hints


def _of_job(job: SceneJob, document: Document) -> Iterator[tuple[Place, str, str]]:
    """(behind what, the text, what is shown over it)."""
    data = job.manifest.data
    for field in SECONDS:
        place, value = document.value_place((field,)), data.get(field)
        if place is not None and isinstance(value, int) and not isinstance(value, bool) and value >= 60:
            yield place, f"= {duration(value)}", ""
    matrix = document.value_place(("matrix",))
    if matrix is not None:
        key = document.key_place(("matrix",)) or matrix
        yield from ((_line_end(key), text, "") for text in _jobs(job, document))
    name = document.value_place(("name",))
    if name is not None:
        yield from ((_line_end(name), text, tooltip) for text, tooltip in _filled_in(job))
    version = document.value_place(("framework_version",)) or name
    if version is not None:
        yield from ((_line_end(version), f"→ {image}", "the image") for image in _image(job))


def _line_end(place: Place) -> Place:
    line = place.span.line
    return Place(place.source, place.span._replace(end_line=line, end_column=len(place.source.line(line)) + 1))


def _jobs(job: SceneJob, document: Document) -> Iterator[str]:
    inputs = job.compiler.options.inputs
    try:
        above = job.compiler.defaults.above(document.source.folder)
        count = sum(1 for _ in render(document, above, inputs, vocabulary_of(job.kind.name)))
    except Rejected:
        return
    yield f"{count:,} job{'' if count == 1 else 's'}"


def _filled_in(job: SceneJob) -> Iterator[tuple[str, str]]:
    """The fields that the manifest does not say itself."""
    by_file: dict[str, list[str]] = {}
    for name in job.manifest.data:
        layer, path = job.manifest.origin((name,))
        if path and layer.document is not job.manifest.document:
            by_file.setdefault(layer.document.source.name, []).append(name)
    for file, names in by_file.items():
        shown = [f"{name}: {_short(job.manifest.data[name])}" for name in names]
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        tooltip = "\n".join([*shown, f"from {file}"])
        yield f"+ {', '.join(names[:MOST_NAMES])}{more} ({FilePath(file).name})", tooltip


def _short(value: Any) -> str:
    from sagespec.base.redact import redacted

    text = redacted(str(value))
    return text if len(text) <= 80 else f"{text[:77]}…"


def _image(job: SceneJob) -> Iterator[str]:
    request = job.draft().request
    if "image_uri" in job.manifest.data or request.site.local or not request.site.region:
        return
    image = job.kind.sent("image_uri", request)
    if isinstance(image, str):
        yield image
