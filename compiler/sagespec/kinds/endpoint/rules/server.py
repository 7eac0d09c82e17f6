"""Which server runs, and whether there is an image of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from sagespec.base.diagnostic import Finding
from sagespec.catalog import NoImage, NoProcessor, NoRegion, NoVersion, family_of, is_graviton, near, near_instance
from sagespec.catalog.serving import hosting_types, served, served_versions, serving_image
from sagespec.catalog.tables import table
from sagespec.checking.condition import EXPRESSION
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, SDK1, SDK2, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.endpoint.context import ENDPOINT, EndpointContext
from sagespec.kinds.endpoint.model import Endpoint
from sagespec.kinds.rules.instances import VARIANTS, types_in

IMAGES = SDK2 + "image_uri_config/tensorflow.json"
CONTAINER = "https://github.com/aws/sagemaker-tensorflow-serving-container"


@rule(ERROR, on=ENDPOINT, source=SDK2 + "tensorflow/model.py")
def endpoint_without_version(endpoint: Endpoint, context: EndpointContext) -> Iterator[Finding]:
    """The version chooses the image; an image of your own makes it unnecessary.

    Bad:
        framework_version: null

    Good:
        framework_version: "2.19"
    """
    if endpoint.framework_version is None and endpoint.image_uri is None and endpoint.training_job is None:
        hint = 'add framework_version: "2.19", or image_uri'
        yield Finding(("framework_version",), "'framework_version' is missing", hint)


@rule(ERROR, on=field("framework_version"), source=IMAGES + "; " + SDK1 + "fw_utils.py")
def version_without_server(version: Written, context: EndpointContext) -> Iterator[Finding]:
    """Not every version that trains has an image that serves.

    1.13.1, 2.5.0, 2.6.2 and 2.7.1 were published for training only, 2.15 and 2.17 not at all; their two-part names
    (`2.7`) mean the patch that serves. The Python-based server ends with 1.12, TensorFlow Serving begins with 1.11.

    Bad:
        framework_version: "2.7.1"
        ---
        framework_version: "1.15"
        endpoint_type: python
        entry_point: train.py
        source_dir: s3://bucket/code.tar.gz

    Good:
        framework_version: "2.7"
        ---
        framework_version: "1.12"
        endpoint_type: python
        entry_point: train.py
        source_dir: s3://bucket/code.tar.gz
    """
    endpoint = context.endpoint
    kind = endpoint.first_type if "instance_type" in endpoint.members() else None
    if endpoint.image_uri is not None or served(endpoint.server, version.value, kind):
        return
    alias = ".".join(version.value.split(".")[:2])
    choices = served_versions(endpoint.server)
    close = [alias] if alias in choices else _neighbours(version.value, choices)
    other = "python" if endpoint.server == "tensorflow-serving" else "tensorflow-serving"
    if served(other, version.value):  # type: ignore[arg-type]
        hint = f"write endpoint_type: {other}, which this version has"
    else:
        hint = f"take framework_version: {' or '.join(map(json.dumps, close))}, or give image_uri"
    name = "TensorFlow Serving" if endpoint.server == "tensorflow-serving" else "Python-based"
    message = f"there is no {name} image of TensorFlow {version.value} in SageMaker's SDK 2.257.7"
    yield Finding(version.path, message, hint)


def _neighbours(version: str, choices: Sequence[str]) -> list[str]:
    """The two-part versions next to one that has no image, the older one first."""
    numbers = sorted(number for number in map(_number, choices) if len(number) == 2)
    wanted = _number(version)
    older, newer = [one for one in numbers if one < wanted], [one for one in numbers if one > wanted]
    return [".".join(map(str, one)) for one in (*older[-1:], *newer[:1])]


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


@rule(ERROR, on=ENDPOINT, source=SDK2 + "image_uris.py")
def no_serving_image(endpoint: Endpoint, context: EndpointContext) -> Iterator[Finding]:
    """A version's image is not there for every region and every instance type.

    Versions from 2.16 on have none in the isolated regions, Graviton has images of some versions only, p2 none from
    2.12 on, and Inferentia and Trainium none at all.

    Bad:
        framework_version: "2.19"
        instance_type: ml.m6g.large

    Good:
        framework_version: "2.16"
        instance_type: ml.m6g.large
    """
    lacking, version = image_lacking(context), endpoint.framework_version
    if isinstance(lacking, NoRegion):
        close = near(lacking.value, lacking.choices)
        hint = f"did you mean {close}?" if close else "take another version or region, or give image_uri"
        yield Finding(("region",), f"there is no image of TensorFlow {version} in {lacking.value}", hint)
    elif lacking is not None:
        name = endpoint.first_type or ""
        message = f"{name} has no image of TensorFlow {version}"
        hint = "take a CPU or GPU type, or give image_uri"
        if isinstance(lacking, NoVersion):
            message = f"TensorFlow {version} has no image for Graviton ({name})"
            hint = f"take an x86 instance type, or one of the versions {', '.join(_graviton_versions())}"
        elif runs_arm_only(name, context):
            message = f"{name} is arm64, and has no image of TensorFlow {version}"
            hint = "take an x86 instance type, or give the image_uri of one for arm64"
        if name not in hosting_types():
            message += ", and is not among the instance types of endpoints"
            meant = near_instance(name, hosting_types())
            hint = f"did you mean {meant}?" if meant else "take another type"
        yield Finding(endpoint.first_type_at, message, hint)


def image_lacking(context: EndpointContext) -> NoImage | None:
    """Why there is no image of a version that has some, for this region and instance type."""
    endpoint = context.endpoint
    version, region, kind = endpoint.framework_version, context.region, endpoint.first_type
    if endpoint.image_uri is not None or endpoint.is_local or version is None or region is None:
        return None
    if not served(endpoint.server, version, kind):
        return None
    kind = None if endpoint.serverless_inference_config is not None else kind
    if kind is not None and runs_arm_only(kind, context) and not is_graviton(family_of(kind)):
        return NoProcessor(kind)
    try:
        serving_image(endpoint.server, version, region, kind)
    except NoImage as error:
        return error
    return None


def runs_arm_only(instance_type: str, context: EndpointContext) -> bool:
    """Whether it runs no image for x86, as far as that is known."""
    known = context.facts.instance(instance_type)
    return is_graviton(family_of(instance_type)) if known is None else known.arch == "arm64"


def _graviton_versions() -> tuple[str, ...]:
    return tuple(table("serving")["inference_graviton"]["aliases"])


@rule(WARNING, on=types_in(*VARIANTS), source="https://github.com/aws/sagemaker-python-sdk (image_uris.py)")
def graviton_with_own_image(instance_type: Written, context: EndpointContext) -> Iterator[Finding]:
    """Graviton instances, and those beside a Grace processor, run images for ARM only.

    An image for x86 does not start there: the endpoint stays in Creating for half an hour and then fails.

    Bad:
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/serving:1
        instance_type: ml.c7g.large

    Good:
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/serving:1
        instance_type: ml.c6i.large
    """
    name = instance_type.value
    others = getattr(instance_type.owner, "model_name", None) is not None
    if (
        context.endpoint.image_uri is not None
        and not others
        and name in hosting_types()
        and runs_arm_only(name, context)
    ):
        hint = "make sure that the image is built for arm64, or take an x86 type"
        yield Finding(instance_type.path, f"{name} is arm64, which runs images for ARM only", hint)


@rule(ERROR, on=field("image_uri"), source=API + "ImageConfig.html")
def serving_image_outside_ecr(image: Written, context: EndpointContext) -> Iterator[Finding]:
    """SageMaker pulls images from Amazon ECR, or from a private registry in your VPC.

    Docker Hub and public.ecr.aws are refused. A private registry takes `ImageConfig` of the container.

    Bad:
        framework_version: null
        image_uri: tensorflow/serving:2.19.0

    Good:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/serving:2.19.0
    """
    container = context.endpoint.request.get("create_model", {}).get("PrimaryContainer")
    is_private = isinstance(container, dict) and "ImageConfig" in container
    if not context.local and not is_private and not re.match(r"[0-9]{12}\.dkr[.-]ecr", image.value):
        place = f"<account>.dkr.ecr.{context.region or '<region>'}.amazonaws.com/<name>:<tag>"
        private = "request: {create_model: {PrimaryContainer: {ImageConfig: {RepositoryAccessMode: Vpc}}}}"
        hint = f"push it to {place}; a private registry needs {private}"
        yield Finding(image.path, f"'{image.value}' does not lie in Amazon ECR", hint)


@rule(WARNING, on=field("framework_version"), source=SDK1 + "tensorflow/estimator.py; " + SDK2 + "tensorflow/model.py")
def endpoint_type_not_said(version: Written, context: EndpointContext) -> Iterator[Finding]:
    """TensorFlow 1.11 and 1.12 have both servers, and the SDKs disagree about which is meant.

    SDK 1 took the Python-based one for jobs of legacy mode, SDK 2 knows TensorFlow Serving only.

    Bad:
        framework_version: "1.12"

    Good:
        framework_version: "1.12"
        endpoint_type: tensorflow-serving
    """
    both = served("python", version.value) and version.value.startswith(("1.11", "1.12"))
    if both and context.endpoint.endpoint_type is None:
        message = f"TensorFlow {version.value} has two servers; this takes TensorFlow Serving"
        yield Finding(version.path, message, "say which: endpoint_type: tensorflow-serving, or endpoint_type: python")


_PYTHON = {"endpoint_type": {"const": "python"}}


@rule(
    ERROR,
    on=field("py_version"),
    source="https://github.com/aws/sagemaker-python-sdk/issues/912",
    rows=(
        Row(
            ("py_version",),
            "the Python-based server has images for py2 only",
            when=_PYTHON,
            value={"type": "string", "pattern": f"^(?!py2$)(?!.*{EXPRESSION})"},
        ),
    ),
)
def python_server_of_python_3(python: Written, context: EndpointContext) -> Iterator[Finding]:
    """The Python-based server was published for Python 2 only.

    Bad:
        framework_version: "1.12"
        endpoint_type: python
        py_version: py3
        entry_point: train.py
        source_dir: s3://bucket/code.tar.gz

    Good:
        framework_version: "1.12"
        endpoint_type: python
        py_version: py2
        entry_point: train.py
        source_dir: s3://bucket/code.tar.gz
    """
    if context.endpoint.server == "python" and python.value != "py2":
        hint = "write py_version: py2, or endpoint_type: tensorflow-serving"
        yield Finding(python.path, f"the Python-based server has no image for {python.value}", hint)


@rule(
    WARNING,
    on=field("requirements_file", "model_server_workers", "py_version"),
    source=SDK2 + "tensorflow/model.py",
)
def field_of_the_python_server(found: Written, context: EndpointContext) -> Iterator[Finding]:
    """Some fields are read by the Python-based server only.

    TensorFlow Serving's container installs `code/requirements.txt` by itself, and takes its number of workers from
    `SAGEMAKER_GUNICORN_WORKERS`.

    Bad:
        model_server_workers: 2

    Good:
        env: {SAGEMAKER_GUNICORN_WORKERS: "2"}
    """
    hints = {
        "requirements_file": "put requirements.txt into source_dir",
        "model_server_workers": f'write env: {{SAGEMAKER_GUNICORN_WORKERS: "{found.value}"}}',
        "py_version": "leave it out",
    }
    if context.endpoint.server == "tensorflow-serving":
        message = f"{found.name} is for endpoint_type: python, and is not sent"
        yield Finding(found.path, message, hints[found.name], at_key=True)


@rule(WARNING, on=field("container_log_level"), source=SDK2 + "tensorflow/model.py, _get_container_env")
def log_level_without_name(level: Written, context: EndpointContext) -> Iterator[Finding]:
    """TensorFlow Serving's container knows the levels 10, 20, 30, 40 and 50.

    Any other level is not sent, and the container logs errors only.

    Bad:
        container_log_level: 15

    Good:
        container_log_level: 20
    """
    if context.endpoint.server == "tensorflow-serving" and level.value not in (10, 20, 30, 40, 50):
        message = f"container_log_level {level.value} has no name, and is not sent"
        yield Finding(level.path, message, "write 10 (debug), 20 (info), 30 (warning), 40 (error) or 50 (critical)")


@rule(ERROR, on=field("env"), source=CONTAINER + " (serve.py)")
def setting_of_wrong_form(env: Written, context: EndpointContext) -> Iterator[Finding]:
    """The serving container reads its settings when it starts, and does not start with one that it cannot read.

    Bad:
        env: {SAGEMAKER_TFS_ENABLE_BATCHING: "yes"}
        ---
        env: {SAGEMAKER_GUNICORN_WORKERS: many}
        ---
        env: {SAGEMAKER_TFS_NGINX_LOGLEVEL: warning}
        ---
        env: {SAGEMAKER_TFS_FRACTIONAL_GPU_MEM_MARGIN: 20%}

    Good:
        env: {SAGEMAKER_TFS_ENABLE_BATCHING: "true"}
        ---
        env: {SAGEMAKER_GUNICORN_WORKERS: "2"}
        ---
        env: {SAGEMAKER_TFS_NGINX_LOGLEVEL: warn}
        ---
        env: {SAGEMAKER_TFS_FRACTIONAL_GPU_MEM_MARGIN: "0.2"}
    """
    if context.endpoint.server != "tensorflow-serving" or context.endpoint.image_uri is not None:
        return
    for name, value in env.value.items():
        if name in TRUTHS and value.lower() not in ("true", "false"):
            yield Finding((*env.path, name), f"{name} must be true or false, not '{value}'", 'write "true" or "false"')
        elif name in NUMBERS and not value.strip().isdecimal():
            yield Finding((*env.path, name), f"{name} must be a whole number, not '{value}'", 'write a number: "2"')
        elif name in FRACTIONS and not _is_number(value):
            yield Finding((*env.path, name), f"{name} must be a number, not '{value}'", 'write a number: "0.2"')
        elif name in WORDS and value not in ("", *WORDS[name]):
            yield Finding((*env.path, name), f"{name} cannot be '{value}'", f"write one of {', '.join(WORDS[name])}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


TRUTHS = frozenset({"SAGEMAKER_TFS_ENABLE_BATCHING", "SAGEMAKER_MULTI_MODEL"})
NUMBERS = frozenset(
    {
        *("SAGEMAKER_TFS_MAX_BATCH_SIZE", "SAGEMAKER_TFS_BATCH_TIMEOUT_MICROS", "SAGEMAKER_TFS_NUM_BATCH_THREADS"),
        *("SAGEMAKER_TFS_MAX_ENQUEUED_BATCHES", "SAGEMAKER_TFS_INSTANCE_COUNT", "SAGEMAKER_TFS_WAIT_TIME_SECONDS"),
        *("SAGEMAKER_TFS_INTER_OP_PARALLELISM", "SAGEMAKER_TFS_INTRA_OP_PARALLELISM", "SAGEMAKER_GUNICORN_WORKERS"),
        *("SAGEMAKER_GUNICORN_THREADS", "SAGEMAKER_GUNICORN_TIMEOUT_SECONDS"),
        "SAGEMAKER_NGINX_PROXY_READ_TIMEOUT_SECONDS",
    }
)
"""Settings of the container that it reads as whole numbers."""
FRACTIONS = frozenset({"SAGEMAKER_TFS_FRACTIONAL_GPU_MEM_MARGIN"})
WORDS = {
    "SAGEMAKER_TFS_NGINX_LOGLEVEL": ("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"),
}
"""Setting → what nginx takes. Source: https://nginx.org/en/docs/ngx_core_module.html#error_log"""
