"""A channel: a named input of the job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from sagespec.reading.part import Part

if TYPE_CHECKING:
    from pydantic import Field

    from sagespec.kinds.types import GroupName, InputMode, Line, SourceUri


class ShuffleConfig(Part):
    seed: int
    """Seed of the shuffle of keys; in Pipe mode the order changes with every epoch."""


class Channel(Part):
    """One named input: an S3 location, a file system, or something local that apply uploads."""

    s3_data: SourceUri | None = None
    """S3 location: a key prefix, or a manifest object."""
    path: Annotated[str, Field(min_length=1)] | None = None
    """A local file or folder, relative to the manifest; `apply` uploads it, once per content."""
    file_system_id: Annotated[str, Field(pattern=r"^fs-[0-9a-f]{8,}$", max_length=21)] | None = None
    """EFS or FSx for Lustre file system to mount instead of S3. The job then needs subnets and security groups."""
    file_system_type: Literal["EFS", "FSxLustre"] | None = None
    """What kind of file system `file_system_id` is."""
    directory_path: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    """Folder of the file system, with a leading slash; for FSx for Lustre it begins with the mount name."""
    file_system_access_mode: Literal["ro", "rw"] | None = None
    """How the file system is mounted; `ro` when left out."""
    distribution: Literal["FullyReplicated", "ShardedByS3Key"] | None = None
    """Whether every instance gets all objects, or each its share."""
    compression: Literal["None", "Gzip"] | None = None
    """Gzip objects are unpacked while they are streamed: Pipe mode only."""
    content_type: Line | None = None
    """MIME type of the data."""
    record_wrapping: Literal["None", "RecordIO"] | None = None
    """Wraps each object in a RecordIO record: Pipe mode only."""
    s3_data_type: Literal["S3Prefix", "ManifestFile", "AugmentedManifestFile"] | None = None
    """What `s3_data` names: a prefix, or a manifest object that lists keys."""
    instance_groups: Annotated[list[GroupName], Field(max_length=5)] | None = None
    """Instance groups that get this channel."""
    input_mode: InputMode | None = None
    """How this channel's data come to the container; the job's `input_mode` when left out."""
    attribute_names: (
        Annotated[list[Annotated[str, Field(min_length=1, max_length=256)]], Field(max_length=16)] | None
    ) = None
    """Attributes of an augmented manifest to use, in order."""
    target_attribute_name: str | None = None
    """Known from the SDK, but no part of a training job: refused with the reason."""
    shuffle_config: ShuffleConfig | None = None
    """Shuffles the order of keys before training."""

    @property
    def is_local(self) -> bool:
        return self.path is not None
