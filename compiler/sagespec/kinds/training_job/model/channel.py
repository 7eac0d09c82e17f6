"""A channel: a named input of the job."""

from typing import Annotated, Any, ClassVar, Literal

from sagespec.kinds import other_names
from sagespec.kinds.types import GroupName, InputMode, Line, NonEmpty, SourceUri
from sagespec.reading.constraints import Limits, Lone
from sagespec.reading.part import Part, field


class ShuffleConfig(Part):
    seed: int = field("Seed of the shuffle of keys; in Pipe mode the order changes with every epoch.")


class Channel(Part):
    """One named input: an S3 location, a file system, or something local that apply uploads."""

    other_names: ClassVar[str] = other_names.CHANNEL

    s3_data: SourceUri | None = field("S3 location: a key prefix, or a manifest object.", None)
    path: NonEmpty | None = field(
        "A local file or folder, relative to the manifest; `apply` uploads it, once per content.", None
    )
    file_system_id: Annotated[str, Limits(pattern=r"^fs-[0-9a-f]{8,}$", max_length=21)] | None = field(
        "EFS or FSx for Lustre file system to mount instead of S3. The job then needs subnets and security groups.",
        None,
        form="the id of a file system, such as fs-0123abcd",
    )
    file_system_type: Literal["EFS", "FSxLustre"] | None = field("What kind of file system `file_system_id` is.", None)
    directory_path: Annotated[str, Limits(min_length=1, max_length=4096)] | None = field(
        "Folder of the file system, with a leading slash; for FSx for Lustre it begins with the mount name.", None
    )
    file_system_access_mode: Literal["ro", "rw"] | None = field(
        "How the file system is mounted; `ro` when left out.", None
    )
    distribution: Literal["FullyReplicated", "ShardedByS3Key"] | None = field(
        "Whether every instance gets all objects, or each its share.", None
    )
    compression: Literal["None", "Gzip"] | None = field(
        "Gzip objects are unpacked while they are streamed: Pipe mode only.", None
    )
    content_type: Line | None = field("MIME type of the data.", None)
    record_wrapping: Literal["None", "RecordIO"] | None = field(
        "Wraps each object in a RecordIO record: Pipe mode only.", None
    )
    s3_data_type: Literal["S3Prefix", "ManifestFile", "AugmentedManifestFile", "Converse"] | None = field(
        "What `s3_data` names: a prefix, a manifest object that lists keys, or conversations to tune with.", None
    )
    instance_groups: Annotated[list[GroupName], Limits(max_length=5)] | None = field(
        "Instance groups that get this channel.", None
    )
    input_mode: InputMode | None = field(
        "How this channel's data come to the container; the job's `input_mode` when left out.", None
    )
    attribute_names: (
        Annotated[list[Annotated[str, Limits(min_length=1, max_length=256)]], Limits(max_length=16)] | None
    ) = field("Attributes of an augmented manifest to use, in order.", None)
    target_attribute_name: str | None = field(
        "Known from the SDK, but no part of a training job: refused with the reason.", None
    )
    shuffle_config: ShuffleConfig | None = field("Shuffles the order of keys before training.", None)

    @property
    def is_local(self) -> bool:
        return self.path is not None


def from_location(value: Any) -> Any:
    """A channel: `s3://…` alone is its location; any other string is a local path."""
    if isinstance(value, str):
        return {"s3_data" if "://" in value and not value.startswith("file://") else "path": value}
    return value


def is_one_channel(value: Any) -> bool:
    """Whether a location, or one channel's members, stands where a map of channels may stand."""
    if isinstance(value, dict):
        return any(isinstance(value.get(key), str) for key in ("s3_data", "path", "file_system_id"))
    return isinstance(value, str)


TRAINING = Lone("training", is_one_channel)
"""A channel without a name is the channel `training`, as the SDK's `fit` has it."""
