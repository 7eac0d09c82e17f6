"""What rules about endpoints are shown."""

from __future__ import annotations

from pathlib import Path as FilePath

from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple
from sagespec.catalog import Instance
from sagespec.checking.context import Context
from sagespec.checking.subject import Subject
from sagespec.kinds.endpoint.model import Endpoint
from sagespec.scripts import LegacyFunctions, Script


class EndpointContext(Context):
    """One endpoint to be judged."""

    model: Endpoint

    @property
    def endpoint(self) -> Endpoint:
        return self.model

    @lazy
    def source_folder(self) -> FilePath | None:
        """Where the entry point is looked for; None when the code lies in S3."""
        source = self.endpoint.source_dir
        if source is None:
            return self.folder
        return None if "://" in source else self.files.below(self.folder, source)

    @lazy
    def script(self) -> Script | None:
        """The script that handles requests; None where there is none, or it cannot be looked into."""
        endpoint = self.endpoint
        if endpoint.entry_point is None:
            return None
        return self.scripts.of(self.folder, endpoint.entry_point, endpoint.source_dir, endpoint.dependencies)

    @lazy
    def instance(self) -> Instance | None:
        """The hardware, where it is known."""
        return self.facts.instance(self.endpoint.instance_type or "")


class Handlers(NamedTuple):
    """The functions of a script that handles requests."""

    script: Script
    functions: LegacyFunctions
    entry_point: str


def _handlers(context: EndpointContext) -> tuple[Handlers, ...]:
    script = context.script
    if script is None or script.study.serving is None or context.endpoint.image_uri is not None:
        return ()
    return (Handlers(script, script.study.serving, context.endpoint.entry_point or ""),)


HANDLERS = Subject[Handlers, EndpointContext](_handlers, ["entry_point"])
"""The functions of the script, where they are understood: of an endpoint with AWS's own container."""

ENDPOINT = Subject[Endpoint, EndpointContext](lambda context: (context.endpoint,))
"""The endpoint, always."""
