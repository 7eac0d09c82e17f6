"""The scalars of a manifest, with the limits that the API puts on them. Read when the model is built, not when it runs.

Source of every limit: botocore's model of CreateTrainingJob, and the documentation of the member.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from sagespec.kinds.training_job.model.forms import only_false

JsonValue: TypeAlias = Any
"""What JSON can hold: a document holds nothing else."""

Off = Annotated[Literal[False], BeforeValidator(only_false)]
"""`false` and nothing else."""

S3Uri = Annotated[
    str,
    Field(pattern=r"^s3://[^/\s]+(/.*)?$", max_length=1024, examples=["s3://bucket/prefix"], title="an S3 URI"),
]
SourceUri = Annotated[
    str,
    Field(min_length=1, max_length=1024, examples=["s3://bucket/prefix", "data/train"], title="an S3 URI or a path"),
]
JobName = Annotated[
    str,
    Field(
        pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$",
        max_length=48,
        examples=["mnist"],
        title="a name of letters, digits and single hyphens inside",
    ),
]
Region = Annotated[str, Field(pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$", examples=["us-west-2"], title="a region")]
AccountId = Annotated[
    str, Field(pattern=r"^[0-9]{12}$", examples=["123456789012"], title="an account number of 12 digits")
]
Role = Annotated[
    str,
    Field(
        pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[a-zA-Z0-9+=,.@_/-]+$",
        max_length=2048,
        examples=["arn:aws:iam::123456789012:role/SageMakerRole"],
        title="an IAM role's ARN or name",
    ),
]
InstanceType = Annotated[
    str,
    Field(
        pattern=r"^(ml\.[a-z0-9-]+\.[a-z0-9]+|local|local_gpu)$",
        examples=["ml.m5.xlarge", "ml.g5.xlarge", "local"],
        title="an instance type such as ml.m5.xlarge, or local",
    ),
]
FrameworkName = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9-]*$",
        max_length=32,
        examples=["tensorflow", "pytorch", "huggingface", "sklearn", "xgboost"],
        title="a framework such as tensorflow, pytorch or xgboost",
    ),
]
FrameworkVersion = Annotated[
    str,
    Field(
        pattern=r"^([0-9]+(\.[0-9]+){0,2}(-[0-9]+)?(-py[0-9]+)?|latest)$",
        max_length=32,
        examples=["2.19", "2.19.0"], title='a version in quotes, such as "2.19"'
    ),
]
PyVersion = Annotated[str, Field(pattern=r"^py[0-9]{1,3}$", examples=["py312"], title="a Python version such as py312")]
ImageUri = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^\S+$", title="the address of an image")]
KmsKey = Annotated[str, Field(pattern=r"^[a-zA-Z0-9:/_-]+$", max_length=2048, title="a KMS key")]
NetworkId = Annotated[str, Field(pattern=r"^[-0-9a-zA-Z]+$", min_length=1, max_length=32)]
Seconds = Annotated[int, Field(ge=1, title="a whole number of seconds")]
Count = Annotated[int, Field(ge=1, title="a whole number, 1 or more")]
Line = Annotated[
    str, Field(pattern=r"^[^\n\r\x85\u2028\u2029]*$", max_length=256, title="one line of at most 256 characters")
]
ContainerPath = Annotated[
    str, Field(pattern=r"^[^\n\r\x85\u2028\u2029]*$", max_length=4096, title="a path in the container")
]
ExperimentName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$", max_length=120, title="a name")]
EnvironmentName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=512)]
EnvironmentValue = Annotated[str, Field(max_length=512, title="a string of at most 512 characters")]
ChannelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)]
GroupName = Annotated[str, Field(min_length=1, max_length=64)]
InputMode = Literal["File", "Pipe", "FastFile"]
Steps = Annotated[int, Field(ge=1)] | None
