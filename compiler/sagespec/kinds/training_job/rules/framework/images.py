"""Which images a version has: for which Python, mode, region and instance type, and until when they are patched."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Framework, NoProcessor, Release, image_instance_type, processor
from sagespec.checking.rule import ERROR, NOTE, SDK1, SDK2, rule
from sagespec.checking.subject import Written
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model import Job, Mode
from sagespec.kinds.training_job.shared.choice import Choice, processors_of
from sagespec.kinds.training_job.subjects import CHOICE, INSTANCE_TYPE, JOB


@rule(
    NOTE,
    on=CHOICE,
    source="https://github.com/aws/deep-learning-containers/blob/main/docs/reference/support_policy.md",
)
def image_out_of_patch(choice: Choice, _: None) -> Finding | None:
    """AWS patches an image for a year, and leaves it as it is then: it still trains, its known holes stay open.

    The dates are AWS's own; of a version that it has published none of, nothing is said. Where the version is meant to
    stay, silence it where the version is written: `# sagespec: allow image-out-of-patch`.

    Bad:
        framework_version: "2.19"

    Good:
        framework_version: "2.21"
    """
    framework, release = choice.framework, choice.run_release
    if framework is None or release is None or choice.variant is not None or choice.local:
        return None
    ended, today = release.patches_end, choice.facts.today
    if ended is None or ended >= today:
        return None
    newest = framework.newest_patched(today)
    short = {full: alias for alias, full in framework.aliases.items()}
    return Finding(
        (framework.version_field,),
        f"AWS has not patched the image of {release.name} since {ended}",
        f'{framework.version_field}: "{short.get(newest.full_version, newest.full_version)}" is patched until '
        f"{newest.patches_end}"
        if newest
        else "",
    )


@rule(ERROR, on=CHOICE, source=SDK2 + "image_uris.py, _validate_py_version_and_set_if_needed")
def unsupported_python(choice: Choice, _: None) -> Iterator[Finding]:
    """Each version of a framework has images for its own Pythons.

    Where a version has one Python 3, `py_version` may be left out. A short version stands for its last patch: the
    images of TensorFlow 2.0 are those of 2.0.4, which has no Python 2, although 2.0.2 has.

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
    framework, release, python = choice.framework, choice.run_release, choice.fields.py_version
    if framework is None or python is None:
        return
    if framework.python is not None:  # its estimator looks at nothing else, an image of one's own included
        if python != framework.python:
            message = f"{framework.title} knows only py_version: {framework.python}, not {python}"
            yield Finding(("py_version",), message, "leave py_version out")
        return
    if release is None or choice.mode is Mode.LEGACY or python in release.pythons:
        return
    if choice.fields.script_mode and not release.script_mode:
        return  # its release is what is wrong: script-mode-without-image
    near = _nearest_with(framework, release, python)
    other = f', or {framework.version_field}: "{near}", which has {python}' if near else ""
    yield Finding(
        ("py_version",),
        f"{release.name} has no image for {python}, only for {', '.join(release.pythons)}",
        f"write py_version: {release.pythons[-1]}{other}",
    )


@rule(ERROR, on=CHOICE, source=SDK2 + "image_uris.py, _validate_py_version_and_set_if_needed")
def ambiguous_python(choice: Choice, _: None) -> Finding | None:
    """Where a version has several Pythons 3, the manifest must choose.

    Bad:
        framework_version: "1.15"

    Good:
        framework_version: "1.15"
        py_version: py37
    """
    release = choice.run_release
    chosen = choice.python is not None or choice.mode is not Mode.SCRIPT
    if release is None or chosen or not release.script_mode:
        return None
    return Finding(
        ("py_version",),
        f"{release.name} has images for {', '.join(release.pythons)}: py_version must choose",
        f"add py_version: {release.pythons[-1]}",
    )


@rule(ERROR, on=CHOICE, source=SDK2 + "tensorflow/estimator.py, _only_legacy_mode_supported")
def script_mode_without_image(choice: Choice, _: None) -> Finding | None:
    """The oldest versions of TensorFlow have legacy images only.

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
    framework, release = choice.framework, choice.run_release
    if framework is not None and release is not None and choice.fields.script_mode and not release.script_mode:
        first = next(name for name, other in framework.releases.items() if other.script_mode)
        return Finding(
            ("script_mode",),
            f"{release.name} has no image for script mode",
            f'take a version from "{first}" on, or leave script_mode out',
        )
    return None


@rule(ERROR, on=CHOICE, source="https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0/docker")
def legacy_mode_without_image(choice: Choice, _: None) -> Finding | None:
    """Newer versions of TensorFlow have no legacy images, and no other framework has any.

    Bad:
        framework_version: "2.21"
        script_mode: false

    Good:
        framework_version: "1.12"
        script_mode: false
        training_steps: 1000
        evaluation_steps: 100
    """
    framework, release, wanted = choice.framework, choice.run_release, choice.fields.script_mode is False
    if framework is not None and release is not None and wanted and not release.legacy_mode:
        last = [name for name, other in framework.releases.items() if other.legacy_mode]
        known = f'; the last version with legacy mode is "{last[-1]}"' if last else ""
        return Finding(
            ("script_mode",), f"{release.name} has no image for legacy mode", f"leave script_mode out{known}"
        )
    return None


@rule(ERROR, on=CHOICE, source=SDK1 + "tensorflow/estimator.py, _script_mode_enabled")
def python3_in_legacy_mode(choice: Choice, _: None) -> Finding | None:
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
    release, python = choice.run_release, choice.fields.py_version
    if release is not None and release.legacy_mode and choice.mode is Mode.LEGACY and python not in (None, "py2"):
        return Finding(("py_version",), f"legacy mode has no image for {python}, only for py2", "write py_version: py2")
    return None


@rule(ERROR, on=JOB, source=SDK2 + "image_uri_config/tensorflow.json")
def region_without_image(job: Job, context: JobContext) -> Finding | None:
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
    image, release, region = context.choice.image, context.choice.run_release, context.region
    if context.local:
        region = job.region
    if image is None or release is None or region is None:
        return None
    if region in image.registries and context.facts.region(region) is not None:
        return None
    if context.facts.region(region) is None:
        near = context.facts.near_region(region)
        message, hint = f"SageMaker is not in a region '{region}'", f"did you mean {near}?" if near else ""
    else:
        message = f"no image of {release.name} ({context.python}) is kept in {region}"
        hint = _version_for(context, region)
    return Finding(("region",), message, hint or "copy an image to a registry of yours, and name it with image_uri")


@rule(ERROR, on=INSTANCE_TYPE, source=SDK2 + "image_uris.py, _validate_instance_deprecation and _processor")
def instance_without_image(instance_type: Written, context: JobContext) -> Finding | None:
    """A framework has training images for some kinds of instances only.

    TensorFlow and MXNet run on x86 processors and NVIDIA GPUs, PyTorch 1.11 on Trainium too; Hugging Face on GPUs,
    scikit-learn and the oldest XGBoost on processors. None runs on Inferentia or Graviton; for Graviton the SDK would
    name an inference image by mistake.

    Bad:
        instance_type: ml.trn1.2xlarge
        ---
        instance_type: ml.c7g.xlarge
        ---
        framework: sklearn
        framework_version: "1.2-1"
        instance_type: ml.g5.xlarge

    Good:
        instance_type: ml.g5.xlarge
    """
    choice, (path, name, _) = context.choice, instance_type
    framework = choice.framework
    if framework is None:
        return None
    if choice.fields.brings_image:
        if name in framework.refused_instances:
            return Finding(path, f"{framework.title}'s estimator refuses {name}", f"take {_KINDS['cpu']}")
        return None
    release, runs_on, known, kind = choice.run_release, choice.processors, context.facts.instance(name), _kind(name)
    if known is None or known.arch == "x86_64":
        if kind in runs_on:
            return None
        if kind in ("cpu", "gpu") and name != image_instance_type(context.job.instance_types()):
            return None
    takes = [words for each, words in _KINDS.items() if each in runs_on]
    every = release is None or runs_on == processors_of(framework.releases.values())
    what = framework.title if release is None or every else release.name
    return Finding(path, f"no {what} training image runs on {name}", f"take a type with {' or '.join(takes)}")


_KINDS = {
    "cpu": "x86 processors (ml.m5, ml.c5 …)",
    "gpu": "NVIDIA GPUs (ml.g5, ml.g6, ml.p4d …)",
    "trn": "Trainium (ml.trn1 …)",
}


@rule(ERROR, on=INSTANCE_TYPE, source=SDK2 + "image_uris.py, _validate_instance_deprecation")
def p2_with_new_version(instance_type: Written, context: JobContext) -> Finding | None:
    """The images of TensorFlow 2.12, PyTorch 1.13 and later no longer run on ml.p2.

    Their CUDA has dropped the K80 GPUs of these instances, and the SDK refuses them.

    Bad:
        framework_version: "2.13"
        instance_type: ml.p2.xlarge

    Good:
        framework_version: "2.13"
        instance_type: ml.g4dn.xlarge
    """
    name = instance_type.value
    if not name.startswith("ml.p2."):
        return None
    framework, release = context.framework, context.run_release
    if framework is None or release is None or release.p2_instances:
        return None
    last = [version for version, other in framework.releases.items() if other.p2_instances][-1]
    return Finding(
        instance_type.path,
        f"{release.name} does not run on {name}",
        f'take ml.g4dn or ml.g5, or {framework.version_field} "{last}" at most',
    )


@lru_cache(maxsize=1_000)
def _kind(instance_type: str) -> str:
    """The kind of processor that an instance type has, as images are called; empty where none runs on it."""
    try:
        return processor(instance_type)
    except NoProcessor:
        return ""


def _nearest_with(framework: Framework, release: Release, python: str) -> str | None:
    """The version nearest to `release` whose images for script mode have that Python."""
    fitting = [name for name, other in framework.releases.items() if other.script_mode and python in other.pythons]
    near = _nearest(framework, release, fitting)
    return None if near is None or "+" in near else near


def _version_for(context: JobContext, region: str) -> str:
    """The nearest version of the same Python that the region has."""
    framework, release = context.framework, context.release
    if framework is None or release is None or context.legacy or context.variant is not None:
        return ""
    fitting = [
        name
        for name, other in framework.releases.items()
        if other.script_mode and (image := other.images.get(context.python or "")) and region in image.registries
    ]
    near = _nearest(framework, release, fitting)
    if near is None:
        return ""
    place = framework.version_field
    return f'{region} has {place}: "{near.partition("+")[0]}"; or take another region'


def _nearest(framework: Framework, release: Release, versions: list[str]) -> str | None:
    """The version next to `release` in the order of publication, another patch of the same release first."""
    order = list(framework.releases)
    if release.full_version not in order:
        return versions[-1] if versions else None
    here, line = order.index(release.full_version), release.full_version.rpartition(".")[0]
    return min(
        versions,
        key=lambda name: (name.rpartition(".")[0] != line, abs(order.index(name) - here)),
        default=None,
    )
