"""What others have written → manifests: training jobs that exist, programs of the SDK, other tools' files."""

from sagespec.importing.draft import FilledArgument, Imported, ManifestDraft, Remark, UnreadableProgram
from sagespec.importing.programs import code_of, from_source
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
    "from_folder",
    "from_source",
    "from_text",
]
