"""Where the data come from, and how each channel reaches the script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import BUCKET, EXPRESSION, GIVEN, ITEMS, NULL, TRUE, Json, some_value, when
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, SDK2, TOOLKIT, WARNING, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobChannel, JobContext
from sagespec.kinds.training_job.subjects import CHANNEL, member

CONTAINER_GUIDE = GUIDE + "your-algorithms-training-algo-running-container.html"
DATA_GUIDE = GUIDE + "model-access-training-data.html"

LOCAL = {"instance_type": {"enum": ["local", "local_gpu"]}}
NOT_PIPE = {"enum": ["File", "FastFile"]}
FILE_SYSTEM = ("file_system_id", "file_system_type", "directory_path", "file_system_access_mode")
"""Members of a file system; the last may be left out."""
MOUNTED = {"file_system_id": GIVEN}

ChannelRow = partial(Row, each="channels")
"""A row about members of a channel."""


@rule(ERROR, on=CHANNEL, source=API + "DataSource.html")
def channel_without_source(channel: JobChannel, context: JobContext) -> Finding | None:
    """A channel must say where its data is.

    Bad:
        channels:
          train: {content_type: text/csv}

    Good:
        channels:
          train: {content_type: text/csv, s3_data: s3://bucket/train}
    """
    if not channel.own.given("s3_data", "path", "file_system_id"):
        return Finding(
            channel.at,
            f"channel '{channel.name}' does not say where its data are",
            "give one of s3_data: s3://…, path: <local file or folder>, file_system_id: fs-…",
            at_key=True,
        )
    return None


channel_with_several_sources = refusal(
    "channel-with-several-sources",
    ERROR,
    *(
        ChannelRow(
            (name,),
            f"a channel has one source, and {other} is one",
            "keep one, and make another channel of the rest",
            when={other: GIVEN},
        )
        for name, other in (("path", "s3_data"), ("file_system_id", "s3_data"), ("file_system_id", "path"))
    ),
    on=member,
    source=API + "DataSource.html",
    page="""
    A channel has one source: S3, a local path or a file system.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, file_system_id: fs-0123456789abcdef0}

    Good:
        channels:
          train: s3://bucket/train
    """,
)


@rule(
    ERROR,
    on=member("s3_data"),
    source=API + "S3DataSource.html",
    rows=(
        ChannelRow(
            ("s3_data",),
            "data in S3 begin with s3://<bucket>; local data stand under path",
            form=rf"^({BUCKET}|https://[^/])",
        ),
    ),
)
def data_not_in_s3(data: Written, context: JobContext) -> Finding | None:
    """SageMaker reads a channel's data from S3, not from other stores.

    Data on your own machine go under `path`: apply uploads them.

    Bad:
        channels:
          train: {s3_data: data/train}
        ---
        channels:
          train: gs://bucket/train

    Good:
        channels:
          train: s3://bucket/train
    """
    uri = data.value
    if re.match(r"(s3|https)://[^/]", uri):
        return None
    if uri.startswith("s3://"):
        hint = "name the bucket: s3://<bucket>/<prefix>"
    elif "://" in uri and not uri.startswith("file://"):
        hint = "copy the data to S3 and name them: s3://<bucket>/<prefix>"
    else:
        hint = f"for local data write path: {uri.removeprefix('file://')}; apply uploads them"
    return Finding(data.path, f"'{uri}' is not a location in S3", hint)


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


augmented_manifest_outside_pipe_mode = refusal(
    "augmented-manifest-outside-pipe-mode",
    ERROR,
    ChannelRow(
        ("s3_data_type",),
        "SageMaker reads an augmented manifest in Pipe mode only",
        "give this channel input_mode: Pipe",
        value={"const": "AugmentedManifestFile"},
        when={"input_mode": NOT_PIPE},
        at_value=True,
    ),
    on=member,
    source=API + "S3DataSource.html",
    page="""
    An augmented manifest is read in Pipe mode only.

    Bad:
        channels:
          train:
            s3_data: s3://bucket/train.manifest
            s3_data_type: AugmentedManifestFile
            attribute_names: [source-ref, label]

    Good:
        channels:
          train:
            s3_data: s3://bucket/train.manifest
            s3_data_type: AugmentedManifestFile
            attribute_names: [source-ref, label]
            input_mode: Pipe
    """,
)


@rule(ERROR, on=member("s3_data_type"), source=GUIDE + "augmented-manifest.html")
def augmented_manifest_without_attributes(data_type: Written, context: JobContext) -> Finding | None:
    """An augmented manifest must say which of its attributes are the data.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train.manifest, s3_data_type: AugmentedManifestFile, input_mode: Pipe}

    Good:
        channels:
          train:
            s3_data: s3://bucket/train.manifest
            s3_data_type: AugmentedManifestFile
            attribute_names: [source-ref, label]
            input_mode: Pipe
    """
    channel = data_type.owner
    if data_type.value == "AugmentedManifestFile" and not channel.attribute_names:
        return Finding(
            data_type.path,
            f"channel '{channel.name}' is an augmented manifest without attribute_names",
            "add attribute_names with 1 to 16 names, in the order the script reads them: [source-ref, label]",
        )
    return None


attributes_without_augmented_manifest = refusal(
    "attributes-without-augmented-manifest",
    ERROR,
    ChannelRow(
        ("attribute_names",),
        "attribute_names are for an augmented manifest",
        "add s3_data_type: AugmentedManifestFile, or leave attribute_names out",
        value=ITEMS,
        when={"s3_data_type": {"enum": ["S3Prefix", "ManifestFile"]}},
    ),
    ChannelRow(
        ("attribute_names",),
        "attribute_names are for an augmented manifest",
        "add s3_data_type: AugmentedManifestFile, or leave attribute_names out",
        value=ITEMS,
        when={"s3_data_type": NULL, "file_system_id": NULL},
    ),
    on=member,
    source=API + "S3DataSource.html",
    page="""
    Only an augmented manifest has attributes.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, attribute_names: [source-ref, label]}

    Good:
        channels:
          train: s3://bucket/train
    """,
)


manifest_file_in_fast_file_mode = refusal(
    "manifest-file-in-fast-file-mode",
    ERROR,
    ChannelRow(
        ("s3_data_type",),
        "FastFile mode shows the objects under a prefix, not those that a manifest lists",
        "write input_mode: File, or name a prefix",
        value={"const": "ManifestFile"},
        when={"input_mode": {"const": "FastFile"}},
    ),
    on=member,
    source=CONTAINER_GUIDE,
    page="""
    FastFile mode shows the objects under a prefix, not those of a manifest.

    SageMaker refuses FastFile mode with ManifestFile.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train.manifest, s3_data_type: ManifestFile, input_mode: FastFile}

    Good:
        channels:
          train: {s3_data: s3://bucket/train.manifest, s3_data_type: ManifestFile, input_mode: File}
    """,
)


gzip_outside_pipe_mode = refusal(
    "gzip-outside-pipe-mode",
    ERROR,
    ChannelRow(
        ("compression",),
        "only Pipe mode unpacks Gzip",
        "leave compression out and unpack in the script, or use input_mode: Pipe",
        value={"const": "Gzip"},
        when={"input_mode": NOT_PIPE},
        at_value=True,
    ),
    on=member,
    source="https://github.com/aws/sagemaker-python-sdk/issues/716",
    page="""
    Only Pipe mode unpacks Gzip.

    SageMaker refuses `compression: Gzip` in the other modes. Without it the objects arrive as they are, and the
    script unpacks them.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, compression: Gzip}

    Good:
        input_mode: Pipe
        channels:
          train: {s3_data: s3://bucket/train, compression: Gzip}
    """,
)


@rule(WARNING, on=member("compression"), source="https://github.com/aws/sagemaker-python-sdk/issues/716")
def gzip_in_file_mode_job(compression: Written, context: JobContext) -> Finding | None:
    """SageMaker has refused a Gzip channel in Pipe mode when the job itself was in File mode.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, compression: Gzip, input_mode: Pipe}
          test: s3://bucket/test

    Good:
        input_mode: Pipe
        channels:
          train: {s3_data: s3://bucket/train, compression: Gzip}
          test: {s3_data: s3://bucket/test, input_mode: File}
    """
    job, channel = context.job, compression.owner
    alone = list(job.channels) == ["training"]  # then its mode may be the job's as well
    if compression.value == "Gzip" and channel.own.input_mode == "Pipe" and job.input_mode != "Pipe" and not alone:
        return Finding(
            compression.path,
            f"channel '{channel.name}' unpacks Gzip in Pipe mode, but the job is in {job.input_mode} mode",
            f"set input_mode: Pipe for the job too, and input_mode: {job.input_mode} for its other channels",
        )
    return None


record_io_outside_pipe_mode = refusal(
    "record-io-outside-pipe-mode",
    ERROR,
    ChannelRow(
        ("record_wrapping",),
        "only Pipe mode wraps records",
        "leave record_wrapping out, or use input_mode: Pipe",
        value={"const": "RecordIO"},
        when={"input_mode": NOT_PIPE},
        at_value=True,
    ),
    on=member,
    source=API + "Channel.html",
    page="""
    Only Pipe mode wraps objects in RecordIO.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, record_wrapping: RecordIO}

    Good:
        channels:
          train: {s3_data: s3://bucket/train, record_wrapping: RecordIO, input_mode: Pipe}
    """,
)


@rule(WARNING, on=member("distribution"), source=API + "S3DataSource.html")
def sharding_for_one_instance(distribution: Written, context: JobContext) -> Finding | None:
    """One instance gets all shards: sharding does nothing.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, distribution: ShardedByS3Key}

    Good:
        channels:
          train: {s3_data: s3://bucket/train, distribution: ShardedByS3Key}
        instance_count: 2
    """
    channel = distribution.owner
    one = context.job.instances() == 1
    if one and distribution.value == "ShardedByS3Key" and channel.file_system_id is None:
        return Finding(
            distribution.path,
            f"channel '{channel.name}' is sharded, but there is one instance, which gets everything",
            "leave distribution out, or use more instances",
        )
    return None


_IS_MODEL = {"content_type": {"const": "application/x-sagemaker-model"}}


@rule(
    ERROR,
    on=member("content_type"),
    source=GUIDE + "incremental-training.html",
    rows=(
        ChannelRow(
            ("input_mode",),
            "a model to go on from must be in File mode",
            when=_IS_MODEL,
            value={"enum": ["Pipe", "FastFile"]},
        ),
        ChannelRow(
            ("distribution",),
            "a model to go on from must be on every instance: write FullyReplicated",
            when=_IS_MODEL,
            value={"const": "ShardedByS3Key"},
        ),
    ),
)
def model_channel_not_copied(content_type: Written, context: JobContext) -> Iterator[Finding]:
    """A model to go on from must lie on every instance, as files.

    Incremental training takes it in File mode, fully replicated.

    Bad:
        channels:
          model:
            s3_data: s3://bucket/model.tar.gz
            content_type: application/x-sagemaker-model
            input_mode: Pipe

    Good:
        channels:
          model:
            s3_data: s3://bucket/model.tar.gz
            content_type: application/x-sagemaker-model
            input_mode: File
    """
    if content_type.value != "application/x-sagemaker-model":
        return
    channel = content_type.owner
    if channel.input_mode != "File":
        yield Finding(
            channel.input_mode_at,
            f"channel '{channel.name}' is a model in {channel.input_mode} mode",
            f"give channel '{channel.name}' input_mode: File",
        )
    if channel.distribution == "ShardedByS3Key":
        yield Finding(
            (*channel.at, "distribution"),
            f"channel '{channel.name}' is a model, and each instance would get a part of it",
            "write FullyReplicated, or leave distribution out",
        )


target_attribute_of_training_channel = refusal(
    "target-attribute-of-training-channel",
    ERROR,
    ChannelRow(
        ("target_attribute_name",),
        "target_attribute_name is for AutoML jobs; a training job has no such member",
        "leave it out; tell the script with a hyperparameter",
    ),
    on=member,
    source=SDK2 + "inputs.py; CreateTrainingJob has no such member",
    page="""
    A target attribute is for AutoML jobs; a training job has none.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train.csv, target_attribute_name: label}

    Good:
        channels:
          train: s3://bucket/train.csv
        hyperparameters: {target: label}
    """,
)


@rule(ERROR, on=member("path"), source="sagespec: apply uploads a local channel")
def missing_local_data(path: Written, context: JobContext) -> Finding | None:
    """A local channel names a file or folder that does not exist.

    Paths are relative to the manifest's folder.

    Bad:
        channels:
          train: {path: data/train}

    Good:
        channels:
          train: {path: train.py}
    """
    if not context.files.exists(context.folder / path.value.removeprefix("file://")):
        return Finding(
            path.path,
            f"there is no file or folder '{path.value}'",
            "paths are relative to the manifest's folder; data in S3 begin with s3://",
        )
    return None


@rule(
    WARNING,
    on=field("channels"),
    source=TOOLKIT + "/blob/master/ENVIRONMENT_VARIABLES.md; " + GUIDE + "model-train-storage.html",
)
def colliding_channels(channels: Written, context: JobContext) -> Iterator[Finding]:
    """Two channels whose names the script cannot tell apart.

    The script finds a channel through SM_CHANNEL_<NAME> in capitals, and in Pipe mode as the file <name>_<epoch>.

    Bad:
        channels:
          train: s3://bucket/train
          Train: s3://bucket/more
        ---
        input_mode: Pipe
        channels:
          train: s3://bucket/train
          train_0: s3://bucket/more

    Good:
        channels:
          train: s3://bucket/train
          extra: s3://bucket/more
    """
    variables: dict[str, str] = {}
    for name in channels.value:
        first = variables.setdefault(name.upper(), name)
        if first != name:
            yield Finding(
                ("channels", name),
                f"channels '{first}' and '{name}' are both SM_CHANNEL_{name.upper()}: one hides the other",
                f"give '{name}' another name",
                at_key=True,
            )
        streamed = re.fullmatch(r"(.+)_\d+", name)
        channel = channels.value.get(streamed[1]) if streamed else None
        if streamed and channel is not None and context.job.input_mode_of(channel) == "Pipe":
            yield Finding(
                ("channels", name),
                f"'{name}' is also a file of channel '{streamed[1]}', which is in Pipe mode",
                f"give '{name}' another name",
                at_key=True,
            )


reserved_channel_name = refusal(
    "reserved-channel-name",
    ERROR,
    Row(
        ("channels", "code"),
        "the channel 'code' is where the training code comes in, because the network is isolated",
        "give this channel another name",
        when={"enable_network_isolation": TRUE, "entry_point": GIVEN},
    ),
    source=SDK2 + "job.py, _Job._load_config",
    page="""
    With network isolation the training code comes as the channel `code`, so no other channel can be called that.

    Bad:
        enable_network_isolation: true
        model_dir: false
        channels:
          code: s3://bucket/code

    Good:
        enable_network_isolation: true
        model_dir: false
        channels:
          sources: s3://bucket/code
    """,
)


@rule(
    ERROR,
    on=member("instance_groups"),
    source=API + "S3DataSource.html",
    rows=(
        ChannelRow(
            ("instance_groups",),
            "the job has an instance_type, and so no instance_groups",
            when={"s3_data": GIVEN},
            value=ITEMS,
            outside={"instance_type": GIVEN},
        ),
    ),
)
def unknown_channel_group(groups: Written, context: JobContext) -> Iterator[Finding]:
    """A channel goes to an instance group that the job does not have.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, instance_groups: [workers]}

    Good:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
        channels:
          train: {s3_data: s3://bucket/train, instance_groups: [workers]}
    """
    if groups.owner.file_system_id is not None:
        return
    names = [group.instance_group_name for group in context.job.instance_groups or []]
    hint = f"the job's groups are {', '.join(names)}" if names else "add instance_groups to the job, or leave it out"
    for index, name in enumerate(groups.value):
        if name not in names:
            yield Finding((*groups.path, index), f"there is no instance group '{name}'", hint)


_WITH_GROUPS: Json = {"type": "object", **when({"s3_data": GIVEN, "instance_groups": ITEMS})}
_LOCATION: Json = {"type": "string", "pattern": rf"^(?!.*{EXPRESSION})"}
"""A channel that is written as a text, and so has no groups."""


@rule(
    ERROR,
    on=field("channels"),
    source="https://github.com/aws/sagemaker-python-sdk/issues/6089",
    rows=(
        Row(
            ("channels",),
            "either every S3 channel names its instance groups, or none does",
            value={**some_value(_WITH_GROUPS), "allOf": [some_value(_LOCATION)]},
        ),
    ),
)
def channels_without_groups(channels: Written, context: JobContext) -> Iterator[Finding]:
    """Either every S3 channel names its instance groups, or none does.

    SageMaker refuses a mixture. With network isolation the code comes as a channel that names no groups.

    Bad:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: readers, instance_type: ml.c5.xlarge, instance_count: 1}
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
        channels:
          train: {s3_data: s3://bucket/train, instance_groups: [workers]}
          test: s3://bucket/test

    Good:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: readers, instance_type: ml.c5.xlarge, instance_count: 1}
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
        channels:
          train: {s3_data: s3://bucket/train, instance_groups: [workers]}
          test: {s3_data: s3://bucket/test, instance_groups: [readers, workers]}
    """
    job = context.job
    s3 = {name: channel for name, channel in channels.value.items() if channel.file_system_id is None}
    assigned = [name for name, channel in s3.items() if channel.instance_groups]
    if not assigned:
        return
    for name in s3:
        if name not in assigned:
            yield Finding(
                ("channels", name),
                f"channel '{name}' names no instance groups, but '{assigned[0]}' does",
                "add instance_groups to it, with every group that reads it",
                at_key=True,
            )
    if job.enable_network_isolation and job.entry_point is not None:
        yield Finding(
            ("channels", assigned[0], "instance_groups"),
            "with network isolation the code is a channel without instance groups, so no channel may name any",
            "leave instance_groups out of every channel",
            at_key=True,
        )
