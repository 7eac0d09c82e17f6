"""A model as its author describes it."""

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal

from sagespec.kinds import other_kind_with
from sagespec.kinds.other_names import SETTINGS
from sagespec.kinds.types import (
    AccountId,
    EnvironmentName,
    ImageUri,
    JobName,
    JsonValue,
    NetworkId,
    Region,
    Role,
    S3Uri,
)
from sagespec.reading.constraints import Limits
from sagespec.reading.part import Part, field


class Model(Part):
    """A container and what has been trained."""

    other_names: ClassVar[str] = f"{SETTINGS}\nmodel_data (write model_data: s3://….tar.gz): artifact artifacts"
    other_kind: ClassVar[Callable[[str], str | None]] = staticmethod(lambda field: other_kind_with(field, "Model"))

    apiVersion: Literal["sagespec/v1"] = field("Version of the manifest language.")  # noqa: N815
    kind: Literal["Model"] = field("What this document describes.")

    name: JobName = field("The model's name.")
    tags: dict[str, str] = field("Tags of the model.", {})
    region: Region | None = field("AWS region; AWS_REGION when left out.", None)
    account_id: AccountId | None = field("The role's account, where the role is not an ARN.", None)
    role: Role = field("IAM role that SageMaker assumes.")

    image_uri: ImageUri = field("The image of the container.")
    model_data: S3Uri = field("The archive with what has been trained.")
    container_mode: Literal["SingleModel", "MultiModel"] | None = field("Whether several archives are served.", None)
    training_job: JobName | None = field("The training job that it comes from, for people.", None)
    env: Annotated[dict[EnvironmentName, str], Limits(max_length=100)] = field("Variables of the container.", {})

    subnets: list[NetworkId] | None = field("Subnets of your VPC.", None)

    request: dict[str, JsonValue] = field("Merged last into the request, in the API's own names.", {})
