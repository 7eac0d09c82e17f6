"""Where the data come from, and how each channel reaches the script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import wraps
from typing import TypeAlias

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Path
from sagespec.checking.rule import API, ERROR, GUIDE, SDK2, TOOLKIT, WARNING, Check, rule
from sagespec.kinds.training_job.case import Case
from sagespec.kinds.training_job.model import Channel
from sagespec.reading.part import Unknown

ChannelCheck: TypeAlias = Callable[[Case, Path, Channel], Iterator[Finding]]

CONTAINER_GUIDE = GUIDE + "your-algorithms-training-algo-running-container.html"
DATA_GUIDE = GUIDE + "model-access-training-data.html"


def each_channel(check: ChannelCheck) -> Check:
    """Judges every channel on its own: a wrong value in one silences nothing about the others."""

    @wraps(check)
    def judge(case: Case) -> Iterator[Finding]:
        for name, channel in case.job.channels.items():
            try:
                yield from check(case, ("channels", name), channel)
            except Unknown:
                continue

    return judge


def is_mounted(channel: Channel) -> bool:
    """Whether the channel is a file system, and that alone."""
    return channel.given("s3_data", "path", "file_system_id") == ["file_system_id"]


def input_mode_at(path: Path, channel: Channel) -> Path:
    """Where a channel's mode is written: at the channel, or for the whole job."""
    return (*path, "input_mode") if channel.input_mode is not None else ("input_mode",)


@rule(ERROR, source=API + "DataSource.html", given="channels")
@each_channel
def channel_without_source(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """A channel must say where its data are.

    Bad:
        channels:
          train: {content_type: text/csv}

    Good:
        channels:
          train: {content_type: text/csv, s3_data: s3://bucket/train}
    """
    if not channel.given("s3_data", "path", "file_system_id"):
        yield Finding(
            path,
            f"channel '{path[-1]}' does not say where its data are",
            "give one of s3_data: s3://…, path: <local file or folder>, file_system_id: fs-…",
            at_key=True,
        )


@rule(ERROR, source=API + "DataSource.html", given="channels.path channels.file_system_id")
@each_channel
def channel_with_several_sources(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """A channel has one source: S3, a local path or a file system.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, file_system_id: fs-0123456789abcdef0}

    Good:
        channels:
          train: s3://bucket/train
    """
    given = channel.given("s3_data", "path", "file_system_id")
    if len(given) > 1:
        yield Finding(
            (*path, given[1]),
            f"channel '{path[-1]}' has {len(given)} sources: {', '.join(given)}",
            "keep one, and make another channel of the rest",
            at_key=True,
        )


@rule(ERROR, source=API + "S3DataSource.html", given="channels.s3_data")
@each_channel
def data_not_in_s3(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
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
    uri = channel.s3_data
    if uri is None or re.match(r"(s3|https)://[^/]", uri):
        return
    if uri.startswith("s3://"):
        hint = "name the bucket: s3://<bucket>/<prefix>"
    elif "://" in uri and not uri.startswith("file://"):
        hint = "copy the data to S3 and name them: s3://<bucket>/<prefix>"
    else:
        hint = f"for local data write path: {uri.removeprefix('file://')}; apply uploads them"
    yield Finding((*path, "s3_data"), f"'{uri}' is no location in S3", hint)


@rule(
    ERROR,
    source=API + "FileSystemDataSource.html",
    given="channels.file_system_id channels.file_system_type channels.directory_path channels.file_system_access_mode",
)
@each_channel
def incomplete_file_system(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
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
    needed = ("file_system_id", "file_system_type", "directory_path")
    given = channel.given(*needed, "file_system_access_mode")
    missing = [name for name in needed if name not in given]
    if given and missing and (is_mounted(channel) or "file_system_id" not in given):
        yield Finding(
            (*path, given[0]),
            f"channel '{path[-1]}' has {given[0]}, but no {' and no '.join(missing)}",
            "give all three: file_system_id: fs-…, file_system_type: EFS or FSxLustre, directory_path: /…",
            at_key=True,
        )


@rule(ERROR, source=CONTAINER_GUIDE, given="channels.file_system_id")
@each_channel
def s3_option_on_file_system(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """A file system is mounted as it is: it cannot be sharded, listed or given to some groups only.

    Every instance sees all of it, so the option would be dropped without a word.

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
    """
    if channel.file_system_id is None:
        return
    for name in channel.given("distribution", "s3_data_type", "attribute_names", "instance_groups"):
        if getattr(channel, name) != "FullyReplicated":
            yield Finding(
                (*path, name), f"{name} is for data in S3, not for a file system", f"leave {name} out", at_key=True
            )


@rule(ERROR, source=CONTAINER_GUIDE, given="channels.file_system_id")
@each_channel
def file_system_outside_file_mode(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
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
    mode = case.job.input_mode_of(channel)
    if channel.file_system_id is not None and mode != "File":
        yield Finding(
            input_mode_at(path, channel),
            f"channel '{path[-1]}' is a file system, which cannot be in {mode} mode",
            f"give channel '{path[-1]}' input_mode: File",
        )


@rule(ERROR, source=DATA_GUIDE, given="channels.file_system_id")
@each_channel
def file_system_without_vpc(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
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
    job = case.job
    if is_mounted(channel) and not job.given("subnets", "security_group_ids") and not case.local:
        yield Finding(
            (*path, "file_system_id"),
            f"channel '{path[-1]}' mounts {channel.file_system_id}, but the job is in no VPC",
            "add subnets: [subnet-…] and security_group_ids: [sg-…] that reach the file system",
        )


@rule(ERROR, source=DATA_GUIDE, given="channels.directory_path")
@each_channel
def unmountable_directory(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
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
    folder = channel.directory_path
    if folder is None:
        return
    if not folder.startswith("/"):
        yield Finding((*path, "directory_path"), f"'{folder}' does not begin with a slash", f"write /{folder}")
    elif channel.file_system_type == "FSxLustre" and not folder.strip("/"):
        yield Finding(
            (*path, "directory_path"),
            "the folder of an FSx for Lustre file system begins with its mount name",
            "write /<mount name>/…; the console and DescribeFileSystems show the mount name",
        )


@rule(ERROR, source="sagespec: a local run has no file systems of AWS", given="channels.file_system_id")
@each_channel
def file_system_locally(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
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
    if case.local and channel.file_system_id is not None:
        yield Finding(
            (*path, "file_system_id"),
            f"channel '{path[-1]}' is a file system in AWS, which this machine cannot mount",
            "for a local run give path: <folder> or s3_data: s3://…",
        )


@rule(ERROR, source="sagespec: a local run has files only", given="input_mode channels.input_mode")
@each_channel
def pipe_mode_locally(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """A local run has no Pipe mode.

    Bad:
        instance_type: local
        channels:
          train: {s3_data: s3://bucket/train, input_mode: Pipe}

    Good:
        instance_type: local
        channels:
          train: {s3_data: s3://bucket/train, input_mode: File}
    """
    if case.local and channel.file_system_id is None and case.job.input_mode_of(channel) == "Pipe":
        yield Finding(
            input_mode_at(path, channel),
            f"channel '{path[-1]}' is in Pipe mode, which this machine does not have",
            f"for a local run give channel '{path[-1]}' input_mode: File",
        )


@rule(ERROR, source=API + "S3DataSource.html", given="channels.s3_data_type")
@each_channel
def augmented_manifest_outside_pipe_mode(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """An augmented manifest is read in Pipe mode only.

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
    """
    mode = case.job.input_mode_of(channel)
    if channel.s3_data_type == "AugmentedManifestFile" and mode != "Pipe":
        yield Finding(
            (*path, "s3_data_type"),
            f"channel '{path[-1]}' is an augmented manifest in {mode} mode; SageMaker takes it in Pipe mode only",
            f"give channel '{path[-1]}' input_mode: Pipe",
        )


@rule(ERROR, source=GUIDE + "augmented-manifest.html", given="channels.s3_data_type")
@each_channel
def augmented_manifest_without_attributes(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
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
    if channel.s3_data_type == "AugmentedManifestFile" and not channel.attribute_names:
        yield Finding(
            (*path, "s3_data_type"),
            f"channel '{path[-1]}' is an augmented manifest without attribute_names",
            "add attribute_names with 1 to 16 names, in the order the script reads them: [source-ref, label]",
        )


@rule(ERROR, source=API + "S3DataSource.html", given="channels.attribute_names")
@each_channel
def attributes_without_augmented_manifest(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """Only an augmented manifest has attributes.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, attribute_names: [source-ref, label]}

    Good:
        channels:
          train: s3://bucket/train
    """
    if not channel.attribute_names or channel.file_system_id is not None:
        return
    if channel.s3_data_type != "AugmentedManifestFile":
        yield Finding(
            (*path, "attribute_names"),
            f"attribute_names are for an augmented manifest; channel '{path[-1]}' is a "
            f"{channel.s3_data_type or 'S3Prefix'}",
            "add s3_data_type: AugmentedManifestFile, or leave attribute_names out",
            at_key=True,
        )


@rule(ERROR, source=CONTAINER_GUIDE, given="channels.s3_data_type")
@each_channel
def fast_file_of_a_list(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """FastFile mode shows the objects under a prefix, not those of a manifest.

    SageMaker refuses FastFile mode with ManifestFile.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train.manifest, s3_data_type: ManifestFile, input_mode: FastFile}

    Good:
        channels:
          train: {s3_data: s3://bucket/train.manifest, s3_data_type: ManifestFile, input_mode: File}
    """
    if channel.s3_data_type == "ManifestFile" and case.job.input_mode_of(channel) == "FastFile":
        yield Finding(
            input_mode_at(path, channel),
            f"channel '{path[-1]}' is a ManifestFile, which cannot be in FastFile mode",
            f"give channel '{path[-1]}' input_mode: File, or name a prefix",
        )


@rule(ERROR, source="https://github.com/aws/sagemaker-python-sdk/issues/716", given="channels.compression")
@each_channel
def gzip_outside_pipe_mode(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """Only Pipe mode unpacks Gzip.

    SageMaker refuses `compression: Gzip` in the other modes. Without it the objects arrive as they are, and the
    script unpacks them.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, compression: Gzip}

    Good:
        input_mode: Pipe
        channels:
          train: {s3_data: s3://bucket/train, compression: Gzip}
    """
    mode = case.job.input_mode_of(channel)
    if channel.compression == "Gzip" and mode != "Pipe":
        yield Finding(
            (*path, "compression"),
            f"channel '{path[-1]}' is in {mode} mode, which does not unpack Gzip",
            "leave compression out and unpack in the script, or use input_mode: Pipe",
        )


@rule(WARNING, source="https://github.com/aws/sagemaker-python-sdk/issues/716", given="channels.compression")
@each_channel
def gzip_in_file_mode_job(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
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
    alone = list(case.job.channels) == ["training"]  # then its mode may be the job's as well
    if channel.compression == "Gzip" and channel.input_mode == "Pipe" and case.job.input_mode != "Pipe" and not alone:
        yield Finding(
            (*path, "compression"),
            f"channel '{path[-1]}' unpacks Gzip in Pipe mode, but the job is in {case.job.input_mode} mode",
            f"set input_mode: Pipe for the job too, and input_mode: {case.job.input_mode} for its other channels",
        )


@rule(ERROR, source=API + "Channel.html", given="channels.record_wrapping")
@each_channel
def record_io_outside_pipe_mode(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """Only Pipe mode wraps objects in RecordIO.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, record_wrapping: RecordIO}

    Good:
        channels:
          train: {s3_data: s3://bucket/train, record_wrapping: RecordIO, input_mode: Pipe}
    """
    mode = case.job.input_mode_of(channel)
    if channel.record_wrapping == "RecordIO" and mode != "Pipe":
        yield Finding(
            (*path, "record_wrapping"),
            f"channel '{path[-1]}' is in {mode} mode, which does not wrap records",
            "leave record_wrapping out, or use input_mode: Pipe",
        )


@rule(WARNING, source=API + "S3DataSource.html", given="channels.distribution")
@each_channel
def sharding_for_one_instance(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """One instance gets all shards: sharding does nothing.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train, distribution: ShardedByS3Key}

    Good:
        channels:
          train: {s3_data: s3://bucket/train, distribution: ShardedByS3Key}
        instance_count: 2
    """
    one = case.job.instances() == 1
    if one and channel.distribution == "ShardedByS3Key" and channel.file_system_id is None:
        yield Finding(
            (*path, "distribution"),
            f"channel '{path[-1]}' is sharded, but there is one instance, which gets everything",
            "leave distribution out, or use more instances",
        )


@rule(ERROR, source=GUIDE + "incremental-training.html", given="channels.content_type")
@each_channel
def model_channel_not_copied(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
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
    if channel.content_type != "application/x-sagemaker-model":
        return
    mode = case.job.input_mode_of(channel)
    if mode != "File":
        yield Finding(
            input_mode_at(path, channel),
            f"channel '{path[-1]}' is a model in {mode} mode",
            f"give channel '{path[-1]}' input_mode: File",
        )
    if channel.distribution == "ShardedByS3Key":
        yield Finding(
            (*path, "distribution"),
            f"channel '{path[-1]}' is a model, and each instance would get a part of it",
            "write FullyReplicated, or leave distribution out",
        )


@rule(ERROR, source=SDK2 + "inputs.py; CreateTrainingJob has no such member", given="channels.target_attribute_name")
@each_channel
def target_attribute_of_training_channel(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """A target attribute is for AutoML jobs; a training job has none.

    Bad:
        channels:
          train: {s3_data: s3://bucket/train.csv, target_attribute_name: label}

    Good:
        channels:
          train: s3://bucket/train.csv
        hyperparameters: {target: label}
    """
    if channel.target_attribute_name is not None:
        yield Finding(
            (*path, "target_attribute_name"),
            "target_attribute_name is for AutoML jobs; a training job has no such member",
            "leave it out; tell the script with a hyperparameter",
            at_key=True,
        )


@rule(ERROR, source="sagespec: apply uploads a local channel", given="channels.path")
@each_channel
def missing_local_data(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
    """A local channel names a file or folder that does not exist.

    Paths are relative to the manifest's folder.

    Bad:
        channels:
          train: {path: data/train}

    Good:
        channels:
          train: {path: train.py}
    """
    if channel.path is not None and not case.disk.exists(case.folder / channel.path.removeprefix("file://")):
        yield Finding(
            (*path, "path"),
            f"there is no file or folder '{channel.path}'",
            "paths are relative to the manifest's folder; data in S3 begin with s3://",
        )


@rule(
    WARNING,
    source=TOOLKIT + "/blob/master/ENVIRONMENT_VARIABLES.md; " + GUIDE + "model-train-storage.html",
    given="channels",
)
def colliding_channels(case: Case) -> Iterator[Finding]:
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
    for name in case.job.channels:
        first = variables.setdefault(name.upper(), name)
        if first != name:
            yield Finding(
                ("channels", name),
                f"channels '{first}' and '{name}' are both SM_CHANNEL_{name.upper()}: one hides the other",
                f"give '{name}' another name",
                at_key=True,
            )
        streamed = re.fullmatch(r"(.+)_\d+", name)
        channel = case.job.channels.get(streamed[1]) if streamed else None
        if streamed and channel is not None and case.job.input_mode_of(channel) == "Pipe":
            yield Finding(
                ("channels", name),
                f"'{name}' is also a file of channel '{streamed[1]}', which is in Pipe mode",
                f"give '{name}' another name",
                at_key=True,
            )


@rule(ERROR, source=SDK2 + "job.py, _Job._load_config", given="enable_network_isolation")
def code_channel_taken(case: Case) -> Iterator[Finding]:
    """With network isolation the training code comes as the channel `code`, so no other channel can be called that.

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
    """
    job = case.job
    if job.enable_network_isolation and job.entry_point is not None and "code" in job.channels:
        yield Finding(
            ("channels", "code"),
            "the channel 'code' is where the training code comes in, because the network is isolated",
            "give this channel another name",
            at_key=True,
        )


@rule(ERROR, source=API + "S3DataSource.html", given="channels.instance_groups")
@each_channel
def unknown_channel_group(case: Case, path: Path, channel: Channel) -> Iterator[Finding]:
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
    wanted = (channel.instance_groups or []) if channel.file_system_id is None else []
    names = [group.instance_group_name for group in case.job.instance_groups or []]
    for index, name in enumerate(wanted):
        if name not in names:
            yield Finding(
                (*path, "instance_groups", index),
                f"there is no instance group '{name}'",
                f"the job's groups are {', '.join(names)}"
                if names
                else "add instance_groups to the job, or leave it out",
            )


@rule(ERROR, source="https://github.com/aws/sagemaker-python-sdk/issues/6089", given="channels.instance_groups")
def channels_without_groups(case: Case) -> Iterator[Finding]:
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
    job = case.job
    s3 = {name: channel for name, channel in job.channels.items() if channel.file_system_id is None}
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
