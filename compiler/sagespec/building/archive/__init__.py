"""The source archive: the author's code as one `sourcedir.tar.gz`, byte for byte the same wherever it is packed."""

from sagespec.building.archive.contents import MODIFIED, ArchiveError, ArchiveMember, Contents, Ignored
from sagespec.building.archive.ignore import IGNORE_FILE, IGNORED_NAMES, VIRTUAL_ENVIRONMENT
from sagespec.building.archive.walk import LINK_LIMIT, Archives, collect

__all__ = [
    "IGNORED_NAMES",
    "IGNORE_FILE",
    "LINK_LIMIT",
    "MODIFIED",
    "VIRTUAL_ENVIRONMENT",
    "ArchiveError",
    "ArchiveMember",
    "Archives",
    "Contents",
    "Ignored",
    "collect",
]
