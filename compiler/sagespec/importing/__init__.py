"""What others have written → manifests: what exists in the service, programs of the SDK, other tools' files."""

from sagespec.importing.draft import FilledArgument, Imported, ManifestDraft, Remark, UnreadableProgram
from sagespec.importing.programs import code_of, from_source
from sagespec.importing.requests.deployed import from_endpoint
from sagespec.importing.requests.describe import from_description
from sagespec.importing.sources import from_folder, from_text

__all__ = [
    "FilledArgument",
    "Imported",
    "ManifestDraft",
    "Remark",
    "UnreadableProgram",
    "code_of",
    "from_description",
    "from_endpoint",
    "from_folder",
    "from_source",
    "from_text",
]
