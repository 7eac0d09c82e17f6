"""Which TensorFlow, on which Python, from which image, in which region."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Facts, NoProcessor, Release, processor
from sagespec.checking.rule import API, ERROR, GUIDE, LEGACY_DOC, SDK1, SDK2, WARNING
from sagespec.kinds.training_job.model import Mode
from sagespec.kinds.training_job.rules.adapter import LEGACY, Case, rule, type_paths

_ECR = r"^\d{12}\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.[a-z0-9.-]+/.+"
_TENSORFLOW = (
    r"/(?P<repository>sagemaker-tensorflow(-scriptmode)?|tensorflow-training)"
    r":(?P<version>\d+\.\d+(\.\d+)?)-(cpu|gpu)-(?P<python>py\d+)"
)
"""AWS's own images, or copies of them under the same name."""
_LEGACY_REPOSITORY = "sagemaker-tensorflow"
_PROCESSOR = r"[-_:.](?:(?P<cpu>cpu)|gpu|cu\d{2,3})(?=[-_.:@]|$)"


def release_of(case: Case) -> Release | None:
    """The release whose image the job runs; None where it brings an image, or names no release that is known."""
    return case.release if case.job.image_uri is None else None


@rule(ERROR, source=SDK2 + "fw_utils.py, validate_version_or_image_args")
def missing_framework_version(case: Case) -> Iterator[Finding]:
    """A job needs a TensorFlow version, or an image of its own.

    SDK 1 took 1.11 for granted; SDK 2 refuses to guess, and so do we.

    Bad:
        framework_version: null

    Good:
        framework_version: "2.19"
        ---
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/my-tensorflow:3
    """
    job = case.job
    if job.image_uri is None and job.framework_version is None:
        newest = _newest(case.facts, job.py_version)
        yield Finding(
            ("framework_version",), "'framework_version' is missing", f'add framework_version: "{newest}", or image_uri'
        )


@rule(ERROR, source=SDK2 + "image_uris.py, _validate_version_and_set_if_needed")
def unknown_framework_version(case: Case) -> Iterator[Finding]:
    """SageMaker has images of some TensorFlow versions only.

    Some were never published (2.15 and 2.17 are missing, and so are many patches). `sagespec versions` lists what
    there is. An image of your own may hold any version: name it with `image_uri`.

    Bad:
        framework_version: "2.17"

    Good:
        framework_version: "2.18"
        py_version: py310
    """
    version = case.job.framework_version
    if case.job.image_uri is None and version is not None and case.release is None:
        near = case.facts.near_version(version)
        meant = f'write framework_version: "{near}", or' if near else "choose one that `sagespec versions` lists, or"
        yield Finding(
            ("framework_version",),
            f"SageMaker has no image of TensorFlow {version}",
            f"{meant} bring your own with image_uri",
        )


@rule(ERROR, source=SDK2 + "image_uris.py, _validate_py_version_and_set_if_needed")
def unsupported_python(case: Case) -> Iterator[Finding]:
    """Each TensorFlow version has images for its own Pythons.

    Where a version has one Python 3, `py_version` may be left out. A short version stands for its last patch: the
    images of 2.0 are those of 2.0.4, which has no Python 2, although 2.0.2 has.

    Bad:
        framework_version: "2.13"
        py_version: py39
        ---
        framework_version: "1.10"
        py_version: py3

    Good:
        framework_version: "2.13"
        py_version: py310
        ---
        framework_version: "1.11"
        py_version: py3
    """
    release, python = release_of(case), case.job.py_version
    if release is None or python is None or case.legacy or python in release.pythons:
        return
    if case.job.script_mode and not release.script_mode:
        return  # its release is what is wrong: script-mode-without-image
    near = _nearest_with(case.facts, release, python)
    other = f', or framework_version: "{near}", which has {python}' if near else ""
    yield Finding(
        ("py_version",),
        f"TensorFlow {release.version} has no image for {python}, only for {', '.join(release.pythons)}",
        f"write py_version: {release.pythons[-1]}{other}",
    )


@rule(ERROR, source=SDK2 + "image_uris.py, _validate_py_version_and_set_if_needed")
def ambiguous_python(case: Case) -> Iterator[Finding]:
    """Where a version has several Pythons 3, the manifest must choose.

    Bad:
        framework_version: "1.15"

    Good:
        framework_version: "1.15"
        py_version: py37
    """
    release = release_of(case)
    if release is None or case.python is not None or not (release.script_mode and case.script_mode):
        return
    yield Finding(
        ("py_version",),
        f"TensorFlow {release.version} has images for {', '.join(release.pythons)}: py_version must choose",
        f"add py_version: {release.pythons[-1]}",
    )


@rule(ERROR, source=SDK2 + "tensorflow/estimator.py, _only_legacy_mode_supported", given="script_mode")
def script_mode_without_image(case: Case) -> Iterator[Finding]:
    """The oldest versions have legacy images only.

    Their container does not run a script: it imports it and calls `model_fn` and its like.

    Bad:
        framework_version: "1.10"
        script_mode: true

    Good:
        framework_version: "1.12"
        script_mode: true
        ---
        framework_version: "1.10"
        training_steps: 1000
        evaluation_steps: 100
    """
    release = release_of(case)
    if release is not None and case.job.script_mode and not release.script_mode:
        first = next(name for name, other in case.facts.releases.items() if other.script_mode)
        yield Finding(
            ("script_mode",),
            f"TensorFlow {release.version} has no image for script mode",
            f'take a version from "{first}" on, or leave script_mode out',
        )


@rule(
    ERROR,
    source="https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0/docker",
    given="script_mode",
)
def legacy_mode_without_image(case: Case) -> Iterator[Finding]:
    """Newer versions have no legacy images.

    Bad:
        framework_version: "2.19"
        script_mode: false

    Good:
        framework_version: "1.12"
        script_mode: false
        training_steps: 1000
        evaluation_steps: 100
    """
    release = release_of(case)
    if release is not None and case.job.script_mode is False and not release.legacy_mode:
        last = [name for name, other in case.facts.releases.items() if other.legacy_mode][-1]
        yield Finding(
            ("script_mode",),
            f"TensorFlow {release.version} has no image for legacy mode",
            f'leave script_mode out; the last version with legacy mode is "{last}"',
        )


@rule(ERROR, source=SDK1 + "tensorflow/estimator.py, _script_mode_enabled", given=LEGACY)
def python3_in_legacy_mode(case: Case) -> Iterator[Finding]:
    """The legacy images run Python 2.7 and nothing else.

    Bad:
        framework_version: "1.12"
        script_mode: false
        py_version: py3
        training_steps: 1000
        evaluation_steps: 100

    Good:
        framework_version: "1.12"
        script_mode: false
        py_version: py2
        training_steps: 1000
        evaluation_steps: 100
    """
    release, python = release_of(case), case.job.py_version
    if release is not None and release.legacy_mode and case.legacy and python not in (None, "py2"):
        yield Finding(("py_version",), f"legacy mode has no image for {python}, only for py2", "write py_version: py2")


@rule(ERROR, source=SDK2 + "image_uri_config/tensorflow.json")
def region_without_image(case: Case) -> Iterator[Finding]:
    """AWS keeps the images in an account of each region, and not every region has every version.

    Bad:
        framework_version: "1.12"
        py_version: py3
        region: il-central-1

    Good:
        framework_version: "1.13"
        py_version: py3
        region: il-central-1
    """
    release, region = release_of(case), case.job.region if case.local else case.region
    if release is None or region is None:
        return
    image = release.legacy_image if case.legacy else release.images.get(case.python or "")
    if image is None or (region in image.registries and case.facts.region(region) is not None):
        return
    if case.facts.region(region) is None:
        near = case.facts.near_region(region)
        message, hint = f"'{region}' is no region of SageMaker", f"did you mean {near}?" if near else ""
    else:
        message = f"no image of TensorFlow {release.version} ({case.python}) is kept in {region}"
        hint = _version_for(case, region)
    yield Finding(("region",), message, hint or "copy an image to a registry of yours, and name it with image_uri")


@rule(ERROR, source=SDK2 + "image_uris.py, _validate_instance_deprecation and _processor")
def instance_without_image(case: Case) -> Iterator[Finding]:
    """There are TensorFlow training images for x86 processors and NVIDIA GPUs only.

    None runs on Trainium, Inferentia or Graviton; for Graviton the SDK would name an inference image by mistake.

    Bad:
        instance_type: ml.trn1.2xlarge
        ---
        instance_type: ml.c7g.xlarge

    Good:
        instance_type: ml.g5.xlarge
    """
    if case.job.image_uri is not None:
        return
    for path, name in type_paths(case):
        known = case.facts.instance(name)
        if not _runs_an_image(name) or (known is not None and known.arch != "x86_64"):
            yield Finding(
                path,
                f"no TensorFlow training image runs on {name}",
                "take a type with x86 processors (ml.m5, ml.c5 …) or NVIDIA GPUs (ml.g5, ml.g6, ml.p4d …)",
            )


@rule(ERROR, source=SDK2 + "image_uris.py, _validate_instance_deprecation")
def p2_with_new_version(case: Case) -> Iterator[Finding]:
    """The images of TensorFlow 2.12 and later no longer run on ml.p2.

    Their CUDA has dropped the K80 GPUs of these instances, and the SDK refuses them.

    Bad:
        framework_version: "2.13"
        instance_type: ml.p2.xlarge

    Good:
        framework_version: "2.13"
        instance_type: ml.g4dn.xlarge
    """
    release = release_of(case)
    if release is None or release.p2_instances:
        return
    for path, name in type_paths(case):
        if name.startswith("ml.p2."):
            last = [version for version, other in case.facts.releases.items() if other.p2_instances][-1]
            yield Finding(
                path,
                f"TensorFlow {release.version} does not run on {name}",
                f'take ml.g4dn or ml.g5, or framework_version "{last}" at most',
            )


@rule(ERROR, source="https://github.com/aws/sagemaker-python-sdk/issues/2063", given="image_uri")
def image_outside_ecr(case: Case) -> Iterator[Finding]:
    """SageMaker pulls images from Amazon ECR, or from a private registry in your VPC.

    Anything else is refused as an invalid training image, public.ecr.aws and Docker Hub included.

    Bad:
        framework_version: null
        image_uri: tensorflow/tensorflow:2.19.0

    Good:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/tensorflow:2.19.0
    """
    job = case.job
    if job.image_uri is None or case.local or re.match(_ECR, job.image_uri):
        return
    if job.training_repository_access_mode != "Vpc" and "TrainingImageConfig" not in _algorithm_override(case):
        region = case.region or "<region>"
        yield Finding(
            ("image_uri",),
            f"'{job.image_uri}' does not lie in Amazon ECR",
            f"push it to <account>.dkr.ecr.{region}.amazonaws.com/<name>:<tag>; "
            "a private registry needs training_repository_access_mode: Vpc",
        )


@rule(ERROR, source="https://github.com/aws-samples/mlops-amazon-sagemaker/issues/9", given="image_uri")
def image_from_other_region(case: Case) -> Iterator[Finding]:
    """A job's image must lie in the region of the job.

    Bad:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-east-1.amazonaws.com/tensorflow:2.19.0

    Good:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/tensorflow:2.19.0
    """
    found = re.match(_ECR, case.job.image_uri or "")
    if found and not case.local and case.region is not None and found["region"] != case.region:
        yield Finding(
            ("image_uri",),
            f"the image lies in {found['region']}, the job runs in {case.region}",
            f"copy the image to {case.region}, or write region: {found['region']}",
        )


@rule(WARNING, source=API + "AlgorithmSpecification.html", given="image_uri")
def image_for_other_processor(case: Case) -> Iterator[Finding]:
    """A CPU image leaves the GPUs idle, and a GPU image finds none on a CPU instance.

    Either way the job runs on the CPU, and GPUs are paid for or missed.

    Bad:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/tensorflow:2.19.0-cpu-py312
        instance_type: ml.g5.xlarge

    Good:
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/tensorflow:2.19.0-gpu-py312
        instance_type: ml.g5.xlarge
    """
    kinds = {found["cpu"] or "gpu" for found in re.finditer(_PROCESSOR, case.job.image_uri or "")}
    if len(kinds) != 1 or not case.hardware or len(case.hardware) != len(case.job.instance_types()):
        return
    with_gpus = [instance.name for instance in case.hardware if instance.gpus]
    if kinds == {"cpu"} and with_gpus:
        yield Finding(
            ("image_uri",), f"this is a CPU image: the GPUs of {with_gpus[0]} would idle", "take the image for GPUs"
        )
    elif kinds == {"gpu"} and not with_gpus:
        name = case.hardware[0].name
        yield Finding(("image_uri",), f"this is a GPU image, and {name} has no GPU", "take the image for CPUs")


@rule(WARNING, source=SDK2 + "image_uris.py, retrieve", given="image_uri")
def image_of_other_version(case: Case) -> Iterator[Finding]:
    """With `image_uri`, the image decides what runs, whatever the versions say.

    Bad:
        framework_version: "2.18"
        image_uri: 763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312

    Good:
        framework_version: "2.19"
        image_uri: 763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312
    """
    found = re.search(_TENSORFLOW, case.job.image_uri or "")
    if found is None:
        return
    version, python = case.job.framework_version, case.job.py_version
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
    source=LEGACY_DOC + "; " + SDK2 + "tensorflow/estimator.py, _only_legacy_mode_supported",
    given="image_uri",
)
def image_of_other_mode(case: Case) -> Iterator[Finding]:
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
    found = re.search(_TENSORFLOW, case.job.image_uri or "")
    if found is None or case.mode is Mode.IMAGE:
        return
    for_legacy = found["repository"] == _LEGACY_REPOSITORY
    # model_dir: false is how SDK 2 runs a legacy image, with the steps among the hyperparameters.
    if for_legacy and case.script_mode and case.job.model_dir is not False:
        yield Finding(
            ("image_uri",),
            "this image is for legacy mode, and the job is in script mode",
            "add script_mode: false, training_steps and evaluation_steps",
        )
    elif not for_legacy and case.legacy:
        yield Finding(
            ("image_uri",),
            "this image is for script mode, and the job is in legacy mode",
            "add script_mode: true, and leave the legacy fields out",
        )


@rule(ERROR, source=GUIDE + "sagemaker-algo-docker-registry-paths.html", given="image_uri")
def xgboost_without_version(case: Case) -> Iterator[Finding]:
    """The built-in XGBoost must be named with its version.

    The tags `latest` and `1` are no longer supported.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 433757028032.dkr.ecr.us-west-2.amazonaws.com/xgboost:latest

    Good:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
    """
    found = re.search(r"/(?:sagemaker-)?xgboost:(latest|1)$", case.job.image_uri or "")
    if found:
        yield Finding(("image_uri",), f"XGBoost's tag '{found[1]}' is not supported", "name a version, such as 1.7-1")


@rule(ERROR, source=API + "AlgorithmSpecification.html", given="request")
def algorithm_and_image(case: Case) -> Iterator[Finding]:
    """A training job runs an algorithm or an image, never both.

    Bad:
        request: {AlgorithmSpecification: {AlgorithmName: my-algorithm}}

    Good:
        request: {AlgorithmSpecification: {AlgorithmName: my-algorithm, TrainingImage: null}}
    """
    override = _algorithm_override(case)
    if override.get("AlgorithmName") is not None and override.get("TrainingImage", "") is not None:
        yield Finding(
            ("request", "AlgorithmSpecification", "AlgorithmName"),
            "AlgorithmName and TrainingImage exclude each other, and the manifest's image makes a TrainingImage",
            "add TrainingImage: null beside it",
        )


def _agree(version: str, other: str) -> bool:
    """Whether both may be one version: `2.19` is any 2.19.x."""
    return all(a == b for a, b in zip(version.split("."), other.split("."), strict=False))


def _algorithm_override(case: Case) -> Mapping[str, object]:
    found = case.job.request.get("AlgorithmSpecification")
    return found if isinstance(found, dict) else {}


@lru_cache(maxsize=1_000)
def _runs_an_image(instance_type: str) -> bool:
    try:
        processor(instance_type)
    except NoProcessor:
        return False
    return True


def _newest(facts: Facts, python: str | None) -> str:
    """The newest version, of those with that Python where there are any."""
    versions = list(facts.aliases.items())
    fitting = [short for short, full in versions if python in facts.releases[full].pythons]
    return (fitting or [short for short, _ in versions])[-1]


def _nearest_with(facts: Facts, release: Release, python: str) -> str | None:
    """The version nearest to `release` whose images for script mode have that Python."""
    fitting = [name for name, other in facts.releases.items() if other.script_mode and python in other.pythons]
    return _nearest(facts, release, fitting)


def _version_for(case: Case, region: str) -> str:
    """The nearest version of the same Python that the region has."""
    release = case.release
    if release is None or case.legacy:
        return ""
    fitting = [
        name
        for name, other in case.facts.releases.items()
        if other.script_mode and (image := other.images.get(case.python or "")) and region in image.registries
    ]
    near = _nearest(case.facts, release, fitting)
    return f'{region} has framework_version: "{near}"; or take another region' if near else ""


def _nearest(facts: Facts, release: Release, versions: list[str]) -> str | None:
    """The version next to `release` in the order of publication, another patch of the same release first."""
    order = list(facts.releases)
    here, line = order.index(release.full_version), release.full_version.rpartition(".")[0]
    return min(
        versions,
        key=lambda name: (name.rpartition(".")[0] != line, abs(order.index(name) - here)),
        default=None,
    )
