"""What is served, in whose name, and where."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.building.local_model import is_local, listing
from sagespec.building.saved_models import (
    DEFAULT_MODEL,
    LEGACY,
    NO_DEFAULT,
    cure_of,
    models_among,
    unloadable,
    why_none,
)
from sagespec.checking.condition import EXPRESSION, GIVEN
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, SDK2, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.endpoint.context import ENDPOINT, EndpointContext
from sagespec.kinds.endpoint.model import Endpoint
from sagespec.kinds.endpoint.rules.server import CONTAINER


@rule(ERROR, on=ENDPOINT, source=SDK2 + "model.py, deploy")
def endpoint_without_role(endpoint: Endpoint, context: EndpointContext) -> Iterator[Finding]:
    """SageMaker needs a role in whose name the containers read the model and the image.

    An endpoint that serves the model of a `training_job` takes that job's role where it names none.

    Bad:
        role: null

    Good:
        role: arn:aws:iam::123456789012:role/SageMakerRole
    """
    if endpoint.role is None and endpoint.training_job is None and not context.local:
        hint = "add role: arn:aws:iam::<account>:role/<name> (or to sagespec.yaml)"
        yield Finding(("role",), "'role' is missing", hint)


@rule(ERROR, on=ENDPOINT, source=API + "ContainerDefinition.html")
def endpoint_without_model(endpoint: Endpoint, context: EndpointContext) -> Iterator[Finding]:
    """An endpoint serves a model: that of a training job, or one that lies in S3.

    Bad:
        model_data: null

    Good:
        model_data: s3://bucket/mnist/model.tar.gz
    """
    if endpoint.model_data is None and endpoint.training_job is None:
        hint = "add training_job: <name of a TrainingJob manifest>, or model_data: s3://<bucket>/<key>/model.tar.gz"
        yield Finding(("model_data",), "there is no model to serve", hint)


two_models = refusal(
    "two-models",
    ERROR,
    Row(
        ("model_data",),
        "training_job and model_data exclude each other",
        "leave one of them out",
        when={"training_job": GIVEN},
    ),
    source="the manifest language, sagespec/v1",
    page="""
    An endpoint serves one model: that of a training job, or one that lies in S3.

    Bad:
        training_job: mnist
        model_data: s3://bucket/mnist/model.tar.gz

    Good:
        model_data: s3://bucket/mnist/model.tar.gz
    """,
)


@rule(
    ERROR,
    on=field("model_data"),
    source=API + "ContainerDefinition.html",
    rows=(
        Row(
            ("model_data",),
            "this is not the key of a .tar.gz archive; for an unpacked model write "
            "model_data: {s3_data_source: {s3_uri: s3://…/}}",
            value={"type": "string", "pattern": rf"^s3://(?!.*\.tar\.gz$)(?!.*{EXPRESSION})"},
        ),
    ),
)
def model_data_without_archive(model_data: Written, context: EndpointContext) -> Iterator[Finding]:
    """A model's archive ends in `.tar.gz`; a model that is not packed is given as a prefix.

    Bad:
        model_data: s3://bucket/mnist/model/

    Good:
        model_data: {s3_data_source: {s3_uri: s3://bucket/mnist/model/}}
    """
    value = model_data.value
    if isinstance(value, str) and "://" in value and not value.startswith("s3://"):
        yield Finding(model_data.path, f"'{value}' is not an S3 URI", "write s3://<bucket>/<key>, or a path")
        return
    if is_local(value):
        return
    if isinstance(value, str) and not value.endswith(".tar.gz"):
        place = f"{{s3_data_source: {{s3_uri: {value.rstrip('/')}/}}}}"
        hint = f"write the archive's key, or for an unpacked model: model_data: {place}"
        yield Finding(model_data.path, f"'{value}' is not the key of a .tar.gz archive", hint)
        return
    source = None if isinstance(value, str) else value.s3_data_source
    if source is not None and source.s3_data_type == "S3Prefix" and not source.s3_uri.endswith("/"):
        hint = f"write {source.s3_uri}/, or s3_data_type: S3Object"
        yield Finding((*model_data.path, "s3_data_source", "s3_uri"), "an S3 prefix must end in a slash", hint)


@rule(ERROR, on=field("model_data"), source=CONTAINER + " (tfs_utils.py, find_models)")
def model_data_without_saved_model(model_data: Written, context: EndpointContext) -> Iterator[Finding]:
    """The server finds a SavedModel at `<number>/saved_model.pb`, and nothing else.

    That is Keras's `model.export("1")`, or `tf.saved_model.save(model, "1")`, in any folder of the archive, and nothing
    else beside it that is called by a number. The Python-based server looks into `export/Servo` only. With anything
    else the endpoint fails, after half an hour. Only a model on this machine can be looked into before.

    Bad:
        model_data: keras-model

    Good:
        model_data: exported-model
    """
    endpoint = context.endpoint
    if endpoint.image_uri is not None or not is_local(model_data.value):
        return
    held = listing(context.files.below(context.folder, model_data.value))
    if held is None:
        return
    if held.broken:
        hint = "pack it with: tar --create --gzip"
        yield Finding(model_data.path, f"'{model_data.value}' is not a .tar.gz archive: {held.broken}", hint)
        return
    found = models_among(held.names)
    if endpoint.server == "python" and found and not any(model.folder == LEGACY for model in found):
        message = f"the Python-based server serves only what lies in {LEGACY}, and this model lies in "
        hint = f"put it into {LEGACY}/<number>/, or write endpoint_type: tensorflow-serving"
        yield Finding(model_data.path, message + (found[0].folder or "the root"), hint)
    elif why := unloadable(held.names):
        yield Finding(model_data.path, why, "keep one folder for each version of each model")
    elif not found:
        yield Finding(model_data.path, f"there is no model for the server: {why_none(held.names)}", cure_of(held.names))


@rule(ERROR, on=field("env"), source=CONTAINER + " (serve.py, _wait_for_tfs)")
def missing_default_model(env: Written, context: EndpointContext) -> Iterator[Finding]:
    """The serving container waits for its default model, and serves nothing where none of that name comes.

    A model is called by the folder that its versions lie in; one at the root of the archive is called `model`. Only a
    model on this machine can be looked into before.

    Bad:
        model_data: exported-model
        env: {SAGEMAKER_TFS_DEFAULT_MODEL_NAME: mnist}

    Good:
        model_data: exported-model
        env: {SAGEMAKER_TFS_DEFAULT_MODEL_NAME: model}
    """
    endpoint, wanted = context.endpoint, env.value.get(DEFAULT_MODEL, NO_DEFAULT)
    place = endpoint.model_data
    if endpoint.server != "tensorflow-serving" or endpoint.image_uri is not None or not isinstance(place, str):
        return
    held = listing(context.files.below(context.folder, place)) if is_local(place) else None
    names = sorted({model.name for model in models_among(held.names)}) if held is not None else []
    if names and wanted not in (NO_DEFAULT, *names):
        message = f"there is no model '{wanted}' in {place}; it has {', '.join(names)}"
        hint = f"write {names[0]}" if len(names) == 1 else "write one of these"
        yield Finding((*env.path, DEFAULT_MODEL), message, hint)


@rule(ERROR, on=field("model_data"), source=GUIDE + "deploy-model-troubleshoot.html")
def link_in_model_data(model_data: Written, context: EndpointContext) -> Iterator[Finding]:
    """SageMaker takes no archive of a model with links.

    Bad:
        model_data: linked-model.tar.gz

    Good:
        model_data: exported-model
    """
    held = listing(context.files.below(context.folder, model_data.value)) if is_local(model_data.value) else None
    if held is not None and held.link:
        hint = "pack what it leads to: tar --dereference"
        yield Finding(model_data.path, f"'{held.link}' in the archive is a link, which SageMaker does not take", hint)


NAMES = {
    "create_model": ("ModelName",),
    "create_endpoint_config": ("EndpointConfigName",),
    "create_endpoint": ("EndpointName", "EndpointConfigName"),
    "update_endpoint": ("EndpointName", "EndpointConfigName"),
}


@rule(
    ERROR,
    on=field("request"),
    source="the manifest language, sagespec/v1",
    rows=tuple(
        Row(("request", section, member), f"{member} cannot be overridden: apply finds what exists by it", value={})
        for section, members in NAMES.items()
        for member in (*members, "Tags")
    ),
)
def overridden_endpoint_name(request: Written, context: EndpointContext) -> Iterator[Finding]:
    """The names of an endpoint's parts follow from its name and its content.

    Apply finds what exists by these names, so that it never takes somebody else's model for yours.

    Bad:
        request: {create_model: {ModelName: mine}}

    Good:
        request: {create_model: {EnableNetworkIsolation: false}}
    """
    for section, members in request.value.items():
        for member in (*NAMES[section], "Tags"):
            if member in members:
                what = "tags" if member == "Tags" else "names"
                hint = f"leave it out; {'tags' if member == 'Tags' else 'name'}: says it"
                message = f"{member} cannot be overridden: {what} are how apply finds what exists"
                yield Finding((*request.path, section, member), message, hint, at_key=True)
