"""The code that handles requests."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import GIVEN
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, SDK1, SDK2, WARNING, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.endpoint.context import ENDPOINT, HANDLERS, EndpointContext, Handlers
from sagespec.kinds.endpoint.model import Endpoint
from sagespec.kinds.endpoint.rules.server import CONTAINER
from sagespec.kinds.rules.code import wrong_parameters

TOOLKIT = "https://github.com/aws/sagemaker-tensorflow-training-toolkit (serve.py)"


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
    """SDK 1 makes no Python-based endpoint without a script, which its server imports.

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
    if context.endpoint.image_uri is None and not context.is_imported:
        message = f"the container imports inference.py, not '{entry.value}'"
        yield Finding(entry.path, message, "call the file inference.py, at the top of source_dir")


model_source_with_code = refusal(
    "model-source-with-code",
    ERROR,
    Row(
        ("entry_point",),
        "code cannot be added to a model that is not an archive",
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


@rule(ERROR, on=HANDLERS, source=CONTAINER + " (python_service.py, _import_handlers)")
def handlers_missing(read: Handlers, context: EndpointContext) -> Iterator[Finding]:
    """TensorFlow Serving's container wants `handler`, or both `input_handler` and `output_handler`.

    Without them it does not start. `model_fn`, `input_fn`, `predict_fn` and `output_fn` are what other containers call,
    and mean nothing here.

    Bad:
        entry_point: inference.py

    Bad script:
        def input_fn(data, content_type):
            return data

    Good:
        entry_point: inference.py

    Good script:
        def input_handler(data, context):
            return data.read().decode("utf-8")


        def output_handler(response, context):
            return response.content, context.accept_header
    """
    found = read.functions.found
    if context.endpoint.server != "tensorflow-serving" or not read.functions.complete:
        return
    if "handler" in found or {"input_handler", "output_handler"} <= set(found):
        return
    others = [name for name in found if name.endswith("_fn")]
    has = [name for name in found if name.endswith("_handler")]
    missing = "output_handler" if has == ["input_handler"] else "input_handler"
    if has:
        message = f"the script has {has[0]}, but no {missing}"
    elif others:
        message = f"TensorFlow Serving's container does not call {others[0]}"
    else:
        message = "the script has no function that handles requests"
    first = next(iter(found.values()), None)
    place = read.script.start if first is None else read.script.place(first.piece)
    hint = "define handler(data, context), or input_handler(data, context) and output_handler(response, context)"
    yield Finding(("entry_point",), message, hint, place=place)


@rule(WARNING, on=HANDLERS, source=TOOLKIT)
def python_functions(read: Handlers, context: EndpointContext) -> Iterator[Finding]:
    """The Python-based server calls `input_fn` and `output_fn`, or `transform_fn` in the place of both.

    Without any of them it reads and writes JSON and CSV by itself, so that the script does nothing.

    Bad:
        framework_version: "1.12"
        endpoint_type: python
        entry_point: inference.py

    Bad script:
        def handler(data, context):
            return data

    Good:
        framework_version: "1.12"
        endpoint_type: python
        entry_point: inference.py

    Good script:
        def input_fn(data, content_type):
            return data
    """
    found = read.functions.found
    if context.endpoint.server != "python" or not read.functions.complete:
        return
    beside = [name for name in ("input_fn", "output_fn") if name in found]
    if "transform_fn" in found and beside:
        message = f"transform_fn takes the place of {beside[0]}, which is never called"
        yield Finding(
            ("entry_point",), message, "keep one of them", place=read.script.place(found["transform_fn"].piece)
        )
    elif "handler" in found or "input_handler" in found:
        name = "handler" if "handler" in found else "input_handler"
        message = f"the Python-based server does not call {name}"
        hint = "define input_fn(data, content_type) and output_fn(prediction, accept)"
        yield Finding(("entry_point",), message, hint, place=read.script.place(found[name].piece))


@rule(ERROR, on=HANDLERS, source=CONTAINER + " (python_service.py); " + TOOLKIT)
def wrong_handler_parameters(read: Handlers, context: EndpointContext) -> Iterator[Finding]:
    """The container passes a fixed number of values to each function, by position: otherwise no request is answered.

    Bad:
        entry_point: inference.py

    Bad script:
        def handler(data):
            return data.read(), "application/json"

    Good:
        entry_point: inference.py

    Good script:
        def handler(data, context):
            return data.read(), "application/json"
    """
    never = {name for each in context.called if each.name in read.functions.found for name in each.instead_of}
    yield from wrong_parameters(
        read.script, read.functions, [each for each in context.called if each.name not in never]
    )


@rule(WARNING, on=field("dependencies"), source=CONTAINER + " (serve.py)")
def requirements_ignored(dependencies: Written, context: EndpointContext) -> Iterator[Finding]:
    """TensorFlow Serving's container installs no `requirements.txt` where there are `dependencies`.

    They are packed as `code/lib`, and a model with that folder is taken to bring everything along.

    Bad:
        entry_point: inference.py
        source_dir: serving
        dependencies: [libs]

    Good:
        entry_point: inference.py
        source_dir: serving
    """
    folder = context.source_folder
    wanted = dependencies.value and context.endpoint.server == "tensorflow-serving"
    if not wanted or context.endpoint.source_dir is None or folder is None:
        return
    if context.files.is_file(folder / "requirements.txt"):
        hint = "move what they hold into source_dir, or leave requirements.txt out and pack its packages too"
        yield Finding(dependencies.path, "with dependencies, requirements.txt is not installed", hint, at_key=True)


@rule(WARNING, on=field("enable_network_isolation"), source=CONTAINER + " (README)")
def requirements_need_network(isolated: Written, context: EndpointContext) -> Iterator[Finding]:
    """A container without a network cannot install `requirements.txt`.

    Bad:
        entry_point: inference.py
        source_dir: serving
        enable_network_isolation: true

    Good:
        entry_point: inference.py
        source_dir: serving
    """
    endpoint, folder = context.endpoint, context.source_folder
    if not isolated.value or endpoint.entry_point is None or endpoint.source_dir is None or folder is None:
        return
    name = "requirements.txt" if endpoint.server == "tensorflow-serving" else endpoint.requirements_file
    if name and context.files.is_file(folder / name):
        hint = "pack the packages as dependencies, or leave enable_network_isolation out"
        yield Finding(isolated.path, f"without a network {name} cannot be installed", hint, at_key=True)
