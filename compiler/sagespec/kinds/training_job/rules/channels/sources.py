"""What a channel is called, and where its data come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import BUCKET, GIVEN, ITEMS, NULL, TRUE
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, SDK2, TOOLKIT, WARNING, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds import corrections
from sagespec.kinds.training_job.context import JobChannel, JobContext
from sagespec.kinds.training_job.subjects import CHANNEL, ChannelRow, member

AT_AWS = r"https://[^/]*(amazonaws[.](com|eu)|[.]ic[.]gov|[.]sgov[.]gov|[.]adc-e[.]uk)"
"""An https address in any of the partitions that the catalogue of regions has."""


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
    own = channel.own
    if own.s3_data is None and own.path is None and own.file_system_id is None:
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
            form=rf"^({BUCKET}|{AT_AWS})",
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
        ---
        channels:
          train: https://example.com/train.csv

    Good:
        channels:
          train: s3://bucket/train
    """
    uri = data.value
    if uri.startswith("s3://") and uri[5:6] not in ("", "/"):
        return None
    if re.match(AT_AWS, uri):
        return None
    meant = corrections.s3_uri(uri)
    if meant:
        hint = f"write {meant}"
    elif uri.startswith("s3://"):
        hint = "name the bucket: s3://<bucket>/<prefix>"
    elif "://" in uri and not uri.startswith("file://"):
        hint = "copy the data to S3 and name them: s3://<bucket>/<prefix>"
    else:
        hint = f"for local data write path: {uri.removeprefix('file://')}; apply uploads them"
    return Finding(data.path, f"'{uri}' is not a location in S3", hint)


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
    if context.files.exists(context.folder / path.value.removeprefix("file://")):
        return None
    meant = corrections.s3_uri(path.value)
    hint = f"write {meant}" if meant else "paths are relative to the manifest's folder; data in S3 begin with s3://"
    return Finding(path.path, f"there is no file or folder '{path.value}'", hint)


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
        streamed = re.fullmatch(r"(.+)_\d+", name) if "_" in name else None
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
