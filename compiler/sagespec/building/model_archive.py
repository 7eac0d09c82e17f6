"""A trained model with code inside: what TensorFlow Serving's container runs. Apply makes it of the model in S3."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.base.named import NamedTuple
from sagespec.building.draft import pending
from sagespec.building.request import Upload

if TYPE_CHECKING:
    from sagespec.building.archive import Contents


class _RepackedModel(NamedTuple):
    model: str
    """The archive in S3."""
    contents: Contents | None
    """The local code that is laid into it under `code/`; None where that lies in S3, too."""
    code: str
    """The archive of the code in S3."""
    etag: str = ""
    """Of the model's archive, where it is known."""


class RepackedModel(_RepackedModel):
    """A model's archive in S3, and the code that is laid into it."""

    @cached_property
    def sha256(self) -> str:
        """Identifies what comes of it: the model's place and its content, as far as that is known, and the code. Reads
        the local code.

        Raises:
            ArchiveError: a file cannot be read.
        """
        import hashlib

        code = self.code if self.contents is None else self.contents.sha256
        return hashlib.sha256(f"{self.model}\n{code}\n{self.etag}".encode()).hexdigest()


def model_upload(model: RepackedModel, prefix: str, index: int) -> Upload:
    """The repacked model, at a key that holds its hash."""
    contents = model.contents
    files, size = (0, 0) if contents is None else (len(contents.files), contents.total_bytes)
    path = Path(model.code) if contents is None else contents.members[0].path
    uri = f"{prefix}/sagespec/models/{pending(index)}/model.tar.gz"
    return Upload("model", path, uri, "", size, files, model)
