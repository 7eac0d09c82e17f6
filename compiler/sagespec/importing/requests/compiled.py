"""What a manifest of some fields compiles to: the measure of what it cannot say yet."""

from __future__ import annotations

from typing import Any

from sagespec.base.files import Files
from sagespec.base.source import Source
from sagespec.building.draft import Draft, DraftInputs, Packing, account_of
from sagespec.building.request import Destination
from sagespec.catalog import Facts
from sagespec.importing.draft import ManifestDraft
from sagespec.kinds.kind import Kind
from sagespec.reading.binding import bind
from sagespec.reading.render import Inputs, Vocabulary, render
from sagespec.reading.syntax.reader import read


def compiled(kind: Kind, data: dict[str, Any], facts: Facts) -> tuple[dict[str, Any], Draft]:
    """The fields that a manifest of the kind can hold, and what they compile to."""
    while True:
        (document,) = read(Source("<import>", ManifestDraft(data, kind=kind.name).text))
        (manifest,) = render(document, (), Inputs(), Vocabulary(kind.name))
        bound = bind(manifest, kind.model)
        wrong = {str(found.field[0]) for found in bound.diagnostics if found.field}
        if not wrong & set(data):
            break
        data = {name: value for name, value in data.items() if name not in wrong}
    site = Destination(data.get("region") or "", account_of(data.get("role"), None))
    inputs = DraftInputs(facts, site, manifest.document.source.folder, Packing(Files()))
    return data, kind.draft(bound.model, bound.manifest, inputs)
