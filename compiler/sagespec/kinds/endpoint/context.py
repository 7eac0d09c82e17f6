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
from sagespec.scripts.called import PYTHON_SERVER, TENSORFLOW_SERVING, CalledFunction


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
    def is_imported(self) -> bool:
        """AWS's own container imports the entry point; TensorFlow Serving's no other than `inference.py`, at the top of
        what is packed."""
        endpoint = self.endpoint
        entry = endpoint.entry_point or ""
        name = entry.rpartition("/")[2] if endpoint.source_dir is None else entry
        return endpoint.image_uri is None and (endpoint.server == "python" or name == "inference.py")

    @lazy
    def called(self) -> tuple[CalledFunction, ...]:
        """The functions of the script that the container calls by their names."""
        server = {"python": PYTHON_SERVER, "tensorflow-serving": TENSORFLOW_SERVING}
        return server[self.endpoint.server] if self.is_imported else ()

    @lazy
    def instance(self) -> Instance | None:
        """The hardware, where it is known."""
        return self.facts.instance(self.endpoint.instance_type or "")


class Handlers(NamedTuple):
    """The functions of a script that handles requests."""

    script: Script
    functions: LegacyFunctions


def _handlers(context: EndpointContext) -> tuple[Handlers, ...]:
    script = context.script if context.is_imported else None
    if script is None or script.study.serving is None:
        return ()
    return (Handlers(script, script.study.serving),)


HANDLERS = Subject[Handlers, EndpointContext](_handlers, ["entry_point"])
"""The functions of the script, where they are understood: of an endpoint whose container imports it."""

ENDPOINT = Subject[Endpoint, EndpointContext](lambda context: (context.endpoint,))
"""The endpoint, always."""
