"""Input modes: what File, FastFile and Pipe mode each can do with a channel."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import API, ERROR, GUIDE, WARNING, refusal, rule
from sagespec.checking.subject import Written
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.subjects import ChannelRow, member

CONTAINER_GUIDE = GUIDE + "your-algorithms-training-algo-running-container.html"
NOT_PIPE = {"enum": ["File", "FastFile"]}


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
