"""Channels that are file systems: EFS and FSx for Lustre are mounted, never copied or streamed."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import GIVEN
from sagespec.checking.rule import API, ERROR, GUIDE, refusal, rule
from sagespec.checking.subject import Written
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules.channels.modes import CONTAINER_GUIDE
from sagespec.kinds.training_job.subjects import ChannelRow, member

DATA_GUIDE = GUIDE + "model-access-training-data.html"
LOCAL = {"instance_type": {"enum": ["local", "local_gpu"]}}
FILE_SYSTEM = ("file_system_id", "file_system_type", "directory_path", "file_system_access_mode")
"""Members of a file system; the last may be left out."""
MOUNTED = {"file_system_id": GIVEN}


@rule(ERROR, on=member(*FILE_SYSTEM), source=API + "FileSystemDataSource.html")
def incomplete_file_system(written: Written, context: JobContext) -> Finding | None:
    """A file system needs its id, its type and a folder.

    Bad:
        channels:
          train: {file_system_id: fs-0123456789abcdef0, directory_path: /train}
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]

    Good:
        channels:
          train: {file_system_id: fs-0123456789abcdef0, file_system_type: EFS, directory_path: /train}
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """
    channel = written.owner
    given = channel.own.given(*FILE_SYSTEM)
    missing = [name for name in FILE_SYSTEM[:3] if name not in given]
    if written.name == given[0] and missing and (channel.is_mounted or "file_system_id" not in given):
        return Finding(
            (*channel.at, given[0]),
            f"channel '{channel.name}' has {given[0]}, but no {' and no '.join(missing)}",
            "give all three: file_system_id: fs-…, file_system_type: EFS or FSxLustre, directory_path: /…",
            at_key=True,
        )
    return None


s3_option_on_file_system = refusal(
    "s3-option-on-file-system",
    ERROR,
    *(
        ChannelRow((name,), f"{name} is for data in S3, not for a file system", f"leave {name} out", when=MOUNTED)
        for name in ("s3_data_type", "attribute_names", "instance_groups")
    ),
    ChannelRow(
        ("distribution",),
        "a file system cannot be sharded: every instance sees all of it",
        "leave distribution out",
        when=MOUNTED,
        value={"const": "ShardedByS3Key"},
    ),
    on=member,
    source=CONTAINER_GUIDE,
    page="""
    A file system is mounted as it is: it cannot be sharded, listed or given to some groups only.

    Every instance sees all of it, so the option would be ignored silently.

    Bad:
        channels:
          train:
            file_system_id: fs-0123456789abcdef0
            file_system_type: EFS
            directory_path: /train
            distribution: ShardedByS3Key
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
        instance_count: 2

    Good:
        channels:
          train: {file_system_id: fs-0123456789abcdef0, file_system_type: EFS, directory_path: /train}
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """,
)


@rule(
    ERROR,
    on=member("file_system_id"),
    source=CONTAINER_GUIDE,
    rows=(
        ChannelRow(
            ("input_mode",),
            "a file system is mounted, which is File mode",
            when=MOUNTED,
            value={"enum": ["Pipe", "FastFile"]},
        ),
    ),
)
def file_system_outside_file_mode(file_system: Written, context: JobContext) -> Finding | None:
    """A file system is mounted, never streamed.

    SageMaker refuses Pipe and FastFile mode for EFS and FSx.

    Bad:
        input_mode: FastFile
        channels:
          train: {file_system_id: fs-0123456789abcdef0, file_system_type: EFS, directory_path: /train}
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]

    Good:
        input_mode: FastFile
        channels:
          train:
            file_system_id: fs-0123456789abcdef0
            file_system_type: EFS
            directory_path: /train
            input_mode: File
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """
    channel = file_system.owner
    if channel.input_mode != "File":
        return Finding(
            channel.input_mode_at,
            f"channel '{channel.name}' is a file system, which cannot be in {channel.input_mode} mode",
            f"give channel '{channel.name}' input_mode: File",
        )
    return None


@rule(ERROR, on=member("file_system_id"), source=DATA_GUIDE)
def file_system_without_vpc(file_system: Written, context: JobContext) -> Finding | None:
    """A file system can be reached only from its own network.

    SageMaker refuses a job with an EFS or FSx channel that has no subnets.

    Bad:
        channels:
          train: {file_system_id: fs-0123456789abcdef0, file_system_type: EFS, directory_path: /train}

    Good:
        channels:
          train: {file_system_id: fs-0123456789abcdef0, file_system_type: EFS, directory_path: /train}
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """
    channel = file_system.owner
    if channel.is_mounted and not context.job.given("subnets", "security_group_ids") and not context.local:
        return Finding(
            file_system.path,
            f"channel '{channel.name}' mounts {file_system.value}, but the job has no subnets and security groups",
            "add subnets: [subnet-…] and security_group_ids: [sg-…] that reach the file system",
        )
    return None


@rule(
    ERROR,
    on=member("directory_path"),
    source=DATA_GUIDE,
    rows=(
        ChannelRow(
            ("directory_path",),
            "the folder of an FSx for Lustre file system begins with its mount name",
            when={"file_system_type": {"const": "FSxLustre"}},
            value={"type": "string", "pattern": "^/+$"},
        ),
        ChannelRow(("directory_path",), "directory_path begins with a slash", form="^/"),
    ),
)
def unmountable_directory(folder: Written, context: JobContext) -> Finding | None:
    """A file system's folder is an absolute path; on FSx for Lustre it begins with the mount name.

    Otherwise the job is created and fails when it mounts the file system.

    Bad:
        channels:
          train: {file_system_id: fs-0123456789abcdef0, file_system_type: EFS, directory_path: train}
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
        ---
        channels:
          train: {file_system_id: fs-0123456789abcdef0, file_system_type: FSxLustre, directory_path: /}
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]

    Good:
        channels:
          train: {file_system_id: fs-0123456789abcdef0, file_system_type: FSxLustre, directory_path: /fsx/train}
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """
    if not folder.value.startswith("/"):
        return Finding(folder.path, f"'{folder.value}' does not begin with a slash", f"write /{folder.value}")
    if folder.owner.file_system_type == "FSxLustre" and not folder.value.strip("/"):
        return Finding(
            folder.path,
            "the folder of an FSx for Lustre file system begins with its mount name",
            "write /<mount name>/…; the console and DescribeFileSystems show the mount name",
        )
    return None


@rule(
    ERROR,
    on=member("file_system_id"),
    source="sagespec: a local run has no file systems of AWS",
    rows=(ChannelRow(("file_system_id",), "this machine cannot mount a file system in AWS", outside=LOCAL),),
)
def file_system_locally(file_system: Written, context: JobContext) -> Finding | None:
    """A local run cannot mount a file system of AWS.

    Bad:
        instance_type: local
        channels:
          train: {file_system_id: fs-0123456789abcdef0, file_system_type: EFS, directory_path: /train}

    Good:
        instance_type: local
        channels:
          train: s3://bucket/train
    """
    if context.local:
        return Finding(
            file_system.path,
            f"channel '{file_system.owner.name}' is a file system in AWS, which this machine cannot mount",
            "for a local run give path: <folder> or s3_data: s3://…",
        )
    return None
