"""The request of a model."""

from __future__ import annotations

from typing import Any

from sagespec.building.draft import BodyMaker, Draft, DraftInputs, merged, needed, present, provenance, role_arn
from sagespec.building.request import Call, Request
from sagespec.reading.render import Manifest

from .model import Model


def draft(model: Model, manifest: Manifest, inputs: DraftInputs) -> Draft:
    """What would be sent. Of a partial model, as much of it as its fields tell."""
    known = model.members()
    bodies = _Body(model, inputs)
    request = Request(
        kind="Model",
        manifest=manifest.document.source.name,
        name=known.get("name", ""),
        calls=(Call("CreateModel", "ModelName", merged(bodies.members(), known.get("request", {}))),),
        tags={**known.get("tags", {}), **dict(provenance(inputs))},
        site=inputs.site,
    )
    return Draft(
        request,
        incomplete=tuple(bodies.incomplete),
        unknown=frozenset(bodies.unknown),
        needed=tuple(needed(model, inputs, None)),
    )


class _Body(BodyMaker):
    """Makes the members; a field whose value is wrong raises `Unknown` when it is read, and `made` notes that."""

    def __init__(self, model: Model, inputs: DraftInputs) -> None:
        super().__init__()
        self.model, self.inputs = model, inputs

    def members(self) -> dict[str, Any]:
        role = self.made(("ExecutionRoleArn",), lambda: role_arn(self.model.role, self.inputs.site, self.inputs.facts))
        return present(ExecutionRoleArn=role, PrimaryContainer=self.container())

    def container(self) -> dict[str, Any]:
        made = {
            "Image": lambda: self.model.image_uri,
            "ModelDataUrl": lambda: self.model.model_data,
            "Mode": lambda: self.model.container_mode,
            "Environment": lambda: self.model.env or None,
        }
        return present(**{name: self.made(("PrimaryContainer", name), make) for name, make in made.items()})
