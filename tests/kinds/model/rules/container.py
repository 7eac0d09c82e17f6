"""What the container is given."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import GIVEN
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, refusal, rule
from sagespec.checking.subject import Written, field

from ..context import ModelContext


@rule(ERROR, on=field("model_data"), source=API + "ContainerDefinition.html")
def model_without_archive(data: Written, context: ModelContext) -> Finding | None:
    """A container of one model takes an archive.

    Bad:
        model_data: s3://bucket/mnist/

    Good:
        model_data: s3://bucket/mnist/model.tar.gz
    """
    if data.value.endswith(".tar.gz") or context.model.container_mode == "MultiModel":
        return None
    return Finding(data.path, f"'{data.value}' is not an archive", "write the key of a .tar.gz archive")


variables_of_several_models = refusal(
    "variables-of-several-models",
    ERROR,
    Row(
        ("env",),
        "a container of several models takes no variables",
        "leave env out",
        when={"container_mode": {"const": "MultiModel"}},
        value=GIVEN,
    ),
    source=API + "ContainerDefinition.html",
    page="""
    A container of several models has its variables from none of them.

    Bad:
        container_mode: MultiModel
        model_data: s3://bucket/models/
        env: {A: b}

    Good:
        container_mode: MultiModel
        model_data: s3://bucket/models/
    """,
)
