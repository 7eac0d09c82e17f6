"""What rules about endpoints are shown."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path as FilePath

from sagespec.checking.context import Context
from sagespec.checking.subject import Subject
from sagespec.kinds.endpoint.model import Endpoint


class EndpointContext(Context):
    """One endpoint to be judged."""

    model: Endpoint

    @property
    def endpoint(self) -> Endpoint:
        return self.model

    @cached_property
    def source_folder(self) -> FilePath | None:
        """Where the entry point is looked for; None when the code lies in S3."""
        source = self.endpoint.source_dir
        if source is None:
            return self.folder
        return None if "://" in source else self.files.below(self.folder, source)


ENDPOINT = Subject[Endpoint, EndpointContext](lambda context: (context.endpoint,))
"""The endpoint, always."""
