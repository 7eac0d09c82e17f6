"""The image that `image_uri` names: where it lies, and what it holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Facts
from sagespec.checking.condition import REMOTE
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, LEGACY_DOC, SDK2, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model import Mode

_TENSORFLOW = (
    r"/(?P<repository>sagemaker-tensorflow(-scriptmode)?|tensorflow-training)"
    r":(?P<version>\d+\.\d+(\.\d+)?)-(cpu|gpu)-(?P<python>py\d+)"
)
"""AWS's own images, or copies of them under the same name."""
_LEGACY_REPOSITORY = "sagemaker-tensorflow"
_PROCESSOR = r"[-_:.](?:(?P<cpu>cpu)|gpu|cu\d{2,3})(?=[-_.:@]|$)"


@rule(ERROR, on=field("image_uri"), source="https://github.com/aws/sagemaker-python-sdk/issues/2063")
def image_outside_ecr(written: Written, context: JobContext) -> Finding | None:
    """SageMaker pulls images from Amazon ECR, or from a private registry in your VPC.

    Anything else is refused as an invalid training image, public.ecr.aws and Docker Hub included.

    Bad:
        framework_version: null
        image_uri: tensorflow/tensorflow:2.21.0

    Good:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/tensorflow:2.21.0
    """
    job = context.job
    if job.image_uri is None or context.local or context.image is not None:
        return None
    if job.training_repository_access_mode != "Vpc" and "TrainingImageConfig" not in _algorithm_override(context):
        region = context.region or "<region>"
        return Finding(
            ("image_uri",),
            f"'{job.image_uri}' does not lie in Amazon ECR",
            f"push it to <account>.dkr.ecr.{region}.amazonaws.com/<name>:<tag>; "
            "a private registry needs training_repository_access_mode: Vpc",
        )
    return None


@rule(ERROR, on=field("image_uri"), source="https://github.com/aws-samples/mlops-amazon-sagemaker/issues/9")
def image_from_other_region(written: Written, context: JobContext) -> Finding | None:
    """A job's image must lie in the region of the job.

    Bad:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-east-1.amazonaws.com/tensorflow:2.21.0

    Good:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/tensorflow:2.21.0
    """
    image = context.image
    if image is not None and not context.local and context.region is not None and image.region != context.region:
        return Finding(
            ("image_uri",),
            f"the image lies in {image.region}, the job runs in {context.region}",
            f"copy the image to {context.region}, or write region: {image.region}",
        )
    return None


def _accounts_of_other_regions(facts: Facts) -> tuple[Row, ...]:
    """One row for the repositories that AWS keeps in the same accounts: an account of theirs, in a region that has
    another one."""
    rows = []
    for repositories, registries in facts.registry_sets():
        right = "|".join(rf"({'|'.join(accounts)}){_ECR}{region}[.]" for region, accounts in registries.items())
        every = "|".join(dict.fromkeys(account for accounts in registries.values() for account in accounts))
        theirs = rf"({every}){_ECR}({'|'.join(registries)})[.][a-z0-9.-]+/({'|'.join(repositories)})(?=[:@]|$)"
        message = "in this region AWS keeps this image in another account"
        value = {"type": "string", "pattern": f"^(?!{right}){theirs}"}
        rows.append(Row(("image_uri",), message, when={"instance_type": REMOTE}, value=value))
    return tuple(rows)


_ECR = "[.]dkr[.-]ecr(-fips)?[.]"


@rule(
    ERROR,
    on=field("image_uri"),
    source=GUIDE + "sagemaker-algo-docker-registry-paths.html",
    rows=_accounts_of_other_regions,
)
def account_of_other_region(written: Written, context: JobContext) -> Finding | None:
    """AWS keeps its images in another account for each region, or for a few regions.

    The account of one region has no such repository in another, so SageMaker cannot pull the image.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 382416733822.dkr.ecr.us-west-2.amazonaws.com/linear-learner:1
        hyperparameters: {predictor_type: regressor}
        channels: {train: s3://bucket/train}

    Good:
        framework_version: null
        entry_point: null
        image_uri: 174872318107.dkr.ecr.us-west-2.amazonaws.com/linear-learner:1
        hyperparameters: {predictor_type: regressor}
        channels: {train: s3://bucket/train}
    """
    image = context.image
    if image is None or context.local:
        return None
    registries = context.facts.registries(image.repository)
    accounts = registries.get(image.region, ())
    if not accounts or image.account in accounts or not image.is_one_of(registries):
        return None
    return Finding(
        ("image_uri",),
        f"AWS keeps {image.repository} of {image.region} in account {accounts[0]}, not {image.account}",
        f"write {written.value.replace(image.account, accounts[0], 1)}",
    )


@rule(WARNING, on=field("image_uri"), source=API + "AlgorithmSpecification.html")
def image_for_other_processor(written: Written, context: JobContext) -> Finding | None:
    """A CPU image leaves the GPUs idle, and a GPU image finds none on a CPU instance.

    Either way the job runs on the CPU, and GPUs are paid for or missed.

    Bad:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/tensorflow:2.21.0-cpu-py312
        instance_type: ml.g5.xlarge

    Good:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/tensorflow:2.21.0-gpu-py312
        instance_type: ml.g5.xlarge
    """
    kinds = {found["cpu"] or "gpu" for found in re.finditer(_PROCESSOR, context.job.image_uri or "")}
    if len(kinds) != 1 or not context.hardware or len(context.hardware) != len(context.job.instance_types()):
        return None
    with_gpus = [instance.name for instance in context.hardware if instance.gpus]
    if kinds == {"cpu"} and with_gpus:
        return Finding(
            ("image_uri",), f"this is a CPU image: the GPUs of {with_gpus[0]} would be idle", "take the image for GPUs"
        )
    if kinds == {"gpu"} and not with_gpus:
        name = context.hardware[0].name
        return Finding(("image_uri",), f"this is a GPU image, and {name} has no GPU", "take the image for CPUs")
    return None


@rule(WARNING, on=field("image_uri"), source=SDK2 + "image_uris.py, retrieve")
def image_of_other_version(written: Written, context: JobContext) -> Iterator[Finding]:
    """With `image_uri`, the image decides what runs, whatever the versions say.

    Bad:
        framework_version: "2.18"
        image_uri: 763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312

    Good:
        framework_version: "2.21"
        image_uri: 763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312
    """
    found = re.search(_TENSORFLOW, context.job.image_uri or "")
    if found is None:
        return
    version, python = context.job.framework_version, context.job.py_version
    if version is not None and not _agree(version, found["version"]):
        yield Finding(
            ("framework_version",),
            f"framework_version is {version}, but the image holds TensorFlow {found['version']}",
            f'write framework_version: "{found["version"]}", or leave image_uri out',
        )
    if python is not None and python != found["python"]:
        yield Finding(
            ("py_version",),
            f"py_version is {python}, but the image holds {found['python']}",
            f"write py_version: {found['python']}, or leave image_uri out",
        )


@rule(
    WARNING,
    on=field("image_uri"),
    source=LEGACY_DOC + "; " + SDK2 + "tensorflow/estimator.py, _only_legacy_mode_supported",
)
def image_of_other_mode(written: Written, context: JobContext) -> Finding | None:
    """AWS's legacy images call the functions of a module; all others run a script.

    Bad:
        framework_version: "1.12"
        py_version: py2
        image_uri: 520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow:1.12-cpu-py2

    Good:
        framework_version: "1.12"
        py_version: py2
        image_uri: 520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow:1.12-cpu-py2
        training_steps: 1000
        evaluation_steps: 100
    """
    found = re.search(_TENSORFLOW, context.job.image_uri or "")
    if found is None or context.mode is Mode.IMAGE:
        return None
    for_legacy = found["repository"] == _LEGACY_REPOSITORY
    # model_dir: false is how SDK 2 runs a legacy image, with the steps among the hyperparameters.
    if for_legacy and context.script_mode and context.job.model_dir is not False:
        return Finding(
            ("image_uri",),
            "this image is for legacy mode, and the job is in script mode",
            "add script_mode: false, training_steps and evaluation_steps",
        )
    if not for_legacy and context.legacy:
        return Finding(
            ("image_uri",),
            "this image is for script mode, and the job is in legacy mode",
            "add script_mode: true, and leave the legacy fields out",
        )
    return None


_UNVERSIONED = r"/(?:sagemaker-)?xgboost:(latest|1)$"


@rule(
    ERROR,
    on=field("image_uri"),
    source=GUIDE + "sagemaker-algo-docker-registry-paths.html",
    rows=(
        Row(
            ("image_uri",),
            "XGBoost's tags latest and 1 are not supported; name a version, such as 1.7-1",
            value={"type": "string", "pattern": _UNVERSIONED},
        ),
    ),
)
def xgboost_without_version(written: Written, context: JobContext) -> Finding | None:
    """The built-in XGBoost must be named with its version.

    The tags `latest` and `1` are no longer supported.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 433757028032.dkr.ecr.us-west-2.amazonaws.com/xgboost:latest
        hyperparameters: {num_round: 10}
        channels: {train: s3://bucket/train}

    Good:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10}
        channels: {train: s3://bucket/train}
    """
    found = re.search(_UNVERSIONED, context.job.image_uri or "")
    if found:
        return Finding(("image_uri",), f"XGBoost's tag '{found[1]}' is not supported", "name a version, such as 1.7-1")
    return None


@rule(ERROR, on=field("request"), source=API + "AlgorithmSpecification.html")
def algorithm_and_image(written: Written, context: JobContext) -> Finding | None:
    """A training job runs an algorithm or an image, never both.

    Bad:
        request: {AlgorithmSpecification: {AlgorithmName: my-algorithm}}

    Good:
        request: {AlgorithmSpecification: {AlgorithmName: my-algorithm, TrainingImage: null}}
    """
    override = _algorithm_override(context)
    if override.get("AlgorithmName") is not None and override.get("TrainingImage", "") is not None:
        return Finding(
            ("request", "AlgorithmSpecification", "AlgorithmName"),
            "AlgorithmName and TrainingImage exclude each other, and the manifest's image makes a TrainingImage",
            "add TrainingImage: null beside it",
        )
    return None


def _agree(version: str, other: str) -> bool:
    """Whether both may be one version: `2.21` is any 2.21.x."""
    return all(a == b for a, b in zip(version.split("."), other.split("."), strict=False))


def _algorithm_override(context: JobContext) -> Mapping[str, object]:
    found = context.job.request.get("AlgorithmSpecification")
    return found if isinstance(found, dict) else {}
