"""What would be accepted here: values are tried with the model and the rules themselves."""

from __future__ import annotations

import re
from typing import Any

from sagespec.base.source import Path
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.offers.candidates import candidates
from sagespec.lsp.offers.schema import part_of
from sagespec.lsp.protocol import jsonrpc
from sagespec.lsp.protocol.jsonrpc import ResponseError
from sagespec.lsp.scene import SceneJob, with_value
from sagespec.lsp.workspace import Workspace
from sagespec.reading.constraints import Shape
from sagespec.reading.shape import bare, described, expected, fields_of

COMPANION = re.compile(
    r"-without-(?!image|server|support|compiler|python-file)|^missing-(?!model-function|input-function)"
    r"|^incomplete-|-not-given|-needed-"
)
"""Names of rules that miss something else in the manifest: what they find missing can still be written."""
ON_THE_WAY = re.compile(r"-not-found$|^unusable-files$|^missing-(local-data|requirements-file)$")
"""What may be wrong with a folder's name behind which more is typed."""
OF_VALUES = re.compile(
    r"^(wrong-(value|type|form)|out-of-range|unknown-field|missing-field|refused-by-api)$"
    rf"|^image-outside-ecr$|^model-data-without-archive$|{ON_THE_WAY.pattern}"
)
"""What a sample may do wrong though the field may stand there."""


class Trial:
    """Tries values with the rules of a job: what makes an error that was not there would not be accepted."""

    def __init__(self, workspace: Workspace, judgements: Judgements, job: SceneJob) -> None:
        self.workspace = workspace
        self.judgements = judgements
        self.job = job
        self.before = job.errors_of(job.manifest.data)

    def new_errors(self, path: Path, value: Any) -> list[tuple[str, Path, str]]:
        """The errors that a value brings."""
        if self.workspace.is_cancelled():
            raise ResponseError(jsonrpc.REQUEST_CANCELLED, "cancelled")
        data = with_value(self.job.manifest.data, path, value)
        return sorted(self.job.errors_of(data) - self.before, key=str)


def sample(job: SceneJob, path: Path, shape: Shape) -> Any:
    """A value that a field may have, to try the field with."""
    if path[-1] in ("routing_strategy", "memory_size_in_mb"):  # whose types say less than their rules
        return next(candidates(job, path, "")).value
    inner, part = bare(shape), part_of(shape)
    if part is not None:
        shapes = fields_of(part)
        return {name: sample(job, (*path, name), shapes[name]) for name, field in part.fields.items() if field.required}
    listed, about = expected(shape), described(shape)
    if inner["type"] == "bool":
        return True
    if listed and inner["type"] in ("literal", "union"):
        return listed[0]
    if about.examples:
        return about.examples[0]
    if inner["type"] == "int":
        return max(inner.get("ge", 1), 1)
    if inner["type"] == "list":
        return [sample(job, (*path, 0), inner["items_schema"])] if inner.get("min_length") else []
    kinds: dict[str, Any] = {"dict": {}, "str": "x", "float": 1.0}
    return kinds.get(inner["type"], "x")
