"""The scalars of manifests, with the limits that the API puts on them.

Source of every limit: botocore's model of CreateTrainingJob, and the documentation of the member.
"""

from typing import Annotated, Any, Literal, TypeAlias

from sagespec.kinds import corrections
from sagespec.reading.constraints import Described, Limits

JsonValue: TypeAlias = Any
"""What JSON can hold: a document holds nothing else."""
Off: TypeAlias = Literal[False]
"""`false` and nothing else."""
NonEmpty = Annotated[str, Limits(min_length=1)]

S3Uri = Annotated[
    str,
    Limits(pattern=r"^s3://[^/\s]+(/.*)?$", max_length=1024),
    Described("an S3 URI", "s3://bucket/prefix", correct=corrections.s3_uri, suggest=corrections.near_s3_uri),
]
SourceUri = Annotated[
    str,
    Limits(min_length=1, max_length=1024),
    Described("an S3 URI or a path", "s3://bucket/prefix", "data/train"),
]
JobName = Annotated[
    str,
    Limits(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$", max_length=48),
    Described("a name of letters, digits and single hyphens inside", "mnist", suggest=corrections.name),
]
Region = Annotated[
    str,
    Limits(pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$"),
    Described("a region", "us-west-2", correct=corrections.region),
]
AccountId = Annotated[str, Limits(pattern=r"^[0-9]{12}$"), Described("an account number of 12 digits", "123456789012")]
Role = Annotated[
    str,
    Limits(pattern=r"^(arn:aws[a-z-]*:iam::[0-9]{12}:role/)?[a-zA-Z0-9+=,.@_/-]+$", max_length=2048),
    Described("an IAM role's ARN or name", "arn:aws:iam::123456789012:role/SageMakerRole"),
]
InstanceType = Annotated[
    str,
    Limits(pattern=r"^(ml\.[a-z0-9-]+\.[a-z0-9]+|local|local_gpu)$"),
    Described(
        "an instance type such as ml.m5.xlarge, or local",
        *("ml.m5.xlarge", "ml.g5.xlarge", "local"),
        suggest=corrections.instance_type,
    ),
]
FrameworkName = Annotated[
    str,
    Limits(pattern=r"^[a-z][a-z0-9-]*$", max_length=32),
    Described(
        "a framework such as tensorflow, pytorch or xgboost",
        *("tensorflow", "pytorch", "huggingface"),
        correct=corrections.framework,
        suggest=corrections.framework_and_version,
    ),
]
FrameworkVersion = Annotated[
    str,
    Limits(pattern=r"^([0-9]+(\.[0-9]+){0,2}(-[0-9]+)?(-py[0-9]+)?|latest)$", max_length=32),
    Described(
        'a version in quotes, such as "2.21"',
        *("2.21", "2.21.0"),
        correct=corrections.version,
        caution="without quotes it is a number, and 1.10 would become 1.1",
    ),
]
PyVersion = Annotated[
    str,
    Limits(pattern=r"^py[0-9]{1,3}$"),
    Described("a Python version such as py312", "py312", correct=corrections.python),
]
ImageUri = Annotated[str, Limits(min_length=1, max_length=255, pattern=r"^\S+$"), Described("the address of an image")]
KmsKey = Annotated[str, Limits(pattern=r"^[a-zA-Z0-9:/_-]+$", max_length=2048), Described("a KMS key")]
NetworkId = Annotated[str, Limits(pattern=r"^[-0-9a-zA-Z]+$", min_length=1, max_length=32)]
Seconds = Annotated[int, Limits(ge=1), Described("a whole number of seconds", suggest=corrections.seconds)]
SECONDS = Described(suggest=corrections.seconds)
GIGABYTES = Described(suggest=corrections.gigabytes)
"""A number of seconds with limits of its own."""
Count = Annotated[int, Limits(ge=1), Described("a whole number, 1 or more")]
Line = Annotated[
    str,
    Limits(pattern=r"^[^\n\r\x85\u2028\u2029]*$", max_length=256),
    Described("one line of at most 256 characters"),
]
ContainerPath = Annotated[
    str, Limits(pattern=r"^[^\n\r\x85\u2028\u2029]*$", max_length=4096), Described("a path in the container")
]
ExperimentName = Annotated[str, Limits(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9])*$", max_length=120), Described("a name")]
MlflowArn = Annotated[
    str,
    Limits(pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:mlflow-[a-zA-Z-]*/.*$", max_length=2048),
    Described(
        "the ARN of a tracking server or MLflow app",
        "arn:aws:sagemaker:us-west-2:123456789012:mlflow-tracking-server/team",
    ),
]
MlflowName = Annotated[
    str,
    Limits(pattern=r"^[^\n\r\x85\u2028\u2029]*$", min_length=1, max_length=256),
    Described("one line of 1 to 256 characters"),
]
EnvironmentName = Annotated[str, Limits(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", max_length=512)]
EnvironmentValue = Annotated[
    str,
    Limits(max_length=512),
    Described("a string of at most 512 characters", suggest=corrections.environment_value),
]
ChannelName = Annotated[str, Limits(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)]
GroupName = Annotated[str, Limits(min_length=1, max_length=64)]
InputMode = Literal["File", "Pipe", "FastFile"]
Steps = Annotated[int, Limits(ge=1)] | None
