"""The code that handles requests."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import GIVEN
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, SDK1, SDK2, WARNING, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.endpoint.context import ENDPOINT, EndpointContext
from sagespec.kinds.endpoint.model import Endpoint
from sagespec.kinds.endpoint.rules.server import CONTAINER


@rule(ERROR, on=field("source_dir", "dependencies"), source=SDK2 + "tensorflow/model.py, prepare_container_def")
def code_without_entry_point(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """Code is packed only where there is an entry point; without one the SDK drops it without a word.

    Bad:
        source_dir: s3://bucket/code.tar.gz

    Good:
        source_dir: s3://bucket/code.tar.gz
        entry_point: inference.py
    """
    if context.endpoint.entry_point is None and found.value:
        yield Finding(found.path, f"{found.name} without entry_point is not packed", "add entry_point: inference.py")


@rule(ERROR, on=ENDPOINT, source=SDK1 + "tensorflow/model.py")
def python_endpoint_without_entry_point(endpoint: Endpoint, context: EndpointContext) -> Iterator[Finding]:
    """The Python-based server imports your script, and does not start without one.

    Bad:
        framework_version: "1.12"
        endpoint_type: python

    Good:
        framework_version: "1.12"
        endpoint_type: python
        entry_point: train.py
        source_dir: s3://bucket/code.tar.gz
    """
    if endpoint.server == "python" and endpoint.entry_point is None and endpoint.training_job is None:
        hint = "add entry_point: the training script, or one with input_fn and output_fn"
        yield Finding(("entry_point",), "a Python-based endpoint needs entry_point", hint)


@rule(WARNING, on=field("entry_point"), source=CONTAINER + " (serve.py)")
def entry_point_never_imported(entry: Written, context: EndpointContext) -> Iterator[Finding]:
    """TensorFlow Serving's container imports `code/inference.py`, and no other file.

    An entry point of another name, or in a folder of `source_dir`, is packed and never run.

    Bad:
        entry_point: serve.py
        source_dir: s3://bucket/code.tar.gz

    Good:
        entry_point: inference.py
        source_dir: s3://bucket/code.tar.gz
    """
    endpoint = context.endpoint
    alone = entry.value.rpartition("/")[2] if endpoint.source_dir is None else entry.value
    if endpoint.server == "tensorflow-serving" and endpoint.image_uri is None and alone != "inference.py":
        message = f"the container imports inference.py, not '{entry.value}'"
        yield Finding(entry.path, message, "call the file inference.py, at the top of source_dir")


model_source_with_code = refusal(
    "model-source-with-code",
    ERROR,
    Row(
        ("entry_point",),
        "code cannot be laid into a model that is not an archive",
        "give the model as one .tar.gz archive, or leave the code out",
        when={"model_data": {"type": "object", **GIVEN}},
    ),
    source=SDK2 + "utils.py, repack_model",
    page="""
    Code is laid into the model's archive, so the model must be one.

    Bad:
        model_data: {s3_data_source: {s3_uri: s3://bucket/mnist/model/}}
        entry_point: inference.py
        source_dir: s3://bucket/code.tar.gz

    Good:
        model_data: s3://bucket/mnist/model.tar.gz
        entry_point: inference.py
        source_dir: s3://bucket/code.tar.gz
    """,
)
