"""Which framework, and in which version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sagespec.base.diagnostic import Finding
from sagespec.catalog import PLAIN, Facts, Framework
from sagespec.catalog.added import numbers
from sagespec.checking.condition import EXPRESSION
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, GUIDE, SDK2, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds import corrections
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.shared.choice import Choice
from sagespec.kinds.training_job.subjects import CHOICE

HUGGING_FACE = SDK2 + "huggingface/estimator.py, _validate_args"
_VERSIONS = ("framework_version", "transformers_version", "pytorch_version", "tensorflow_version")


def _unknown(facts: Facts) -> tuple[Row, ...]:
    known = rf"^(?!({'|'.join(facts.frameworks)})$)(?!.*{EXPRESSION})"
    message = f"there is no such framework; there are {', '.join(facts.frameworks)}"
    return (Row(("framework",), message, value={"type": "string", "pattern": known}),)


@rule(ERROR, on=CHOICE, source="https://docs.aws.amazon.com/sagemaker/latest/dg/frameworks.html", rows=_unknown)
def unknown_framework(choice: Choice, _: None) -> Finding | None:
    """A framework is one that SageMaker has images of, by the name that the SDK gives it.

    An image of your own needs none: its script gets its hyperparameters and nothing that only one framework's
    estimator passes.

    Bad:
        framework: torch

    Good:
        framework: pytorch
        framework_version: "2.6"
        ---
        framework: null
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/trainer:3
    """
    name = choice.fields.framework_name
    if name is None:
        if not choice.fields.brings_image:
            return Finding(
                ("framework",), "a job needs a framework or an image", "add image_uri, or framework: pytorch"
            )
    elif choice.framework is None:
        near = corrections.framework(name) or choice.facts.near_framework(name)
        known = ", ".join(choice.facts.frameworks)
        hint = f"write framework: {near}" if near else f"write one of {known}; an image of your own needs none"
        return Finding(("framework",), f"no framework is called '{name}'", hint)
    return None


@rule(ERROR, on=CHOICE, source=SDK2 + "fw_utils.py, validate_version_or_image_args")
def missing_framework_version(choice: Choice, _: None) -> Finding | None:
    """A job needs a framework's version, or an image of its own.

    SDK 1 took TensorFlow 1.11 for granted; SDK 2 refuses to guess, and so do we. XGBoost's estimator wants a version
    beside an image too.

    Bad:
        framework_version: null
        ---
        framework: huggingface
        framework_version: null
        pytorch_version: "2.0"

    Good:
        framework_version: "2.21"
        ---
        framework_version: null
        image_uri: 123456789012.dkr.ecr.us-west-2.amazonaws.com/my-tensorflow:3
    """
    framework, fields = choice.framework, choice.fields
    named = fields.brings_image or fields.overrides_image
    if framework is None or (named and not framework.version_always):
        return None
    place = framework.version_field
    if getattr(fields, place) is None:
        newest = _newest(framework, fields.py_version).partition("+")[0]
        image = "" if framework.version_always else ", or image_uri"
        return Finding((place,), f"'{place}' is missing", f'add {place}: "{newest}"{image}')
    return None


def _newest(framework: Framework, python: str | None) -> str:
    """The newest version, of those with that Python where there are any; a short one where there are."""
    named = {name: framework.release(name) for name in framework.aliases or framework.releases}
    fitting = [name for name, release in named.items() if release is not None and python in release.pythons]
    return (fitting or list(named))[-1]


@rule(ERROR, on=CHOICE, source=HUGGING_FACE)
def missing_base_version(choice: Choice, _: None) -> Finding | None:
    """Hugging Face's images hold transformers and either PyTorch or TensorFlow; the manifest names both versions.

    Bad:
        framework: huggingface
        framework_version: null
        transformers_version: "4.28"
        instance_type: ml.g5.xlarge

    Good:
        framework: huggingface
        framework_version: null
        transformers_version: "4.28.1"
        pytorch_version: "2.0.0"
        instance_type: ml.g5.xlarge
    """
    framework, own, given = _bases_given(choice)
    if framework is None or given:
        return None
    near = _bases_of(framework.versions(), own)
    newest = near[-1] if near else ""
    name = next((name for name in framework.bases if newest.startswith(name)), next(iter(framework.bases)))
    place = framework.bases[name]
    hint = f'add {place}: "{newest.removeprefix(name)}"' if newest else f"add {place}"
    message = f"{framework.version_field} needs {' or '.join(framework.bases.values())} beside it"
    return Finding((framework.version_field,), message, hint)


@rule(ERROR, on=CHOICE, source=HUGGING_FACE)
def two_base_versions(choice: Choice, _: None) -> Finding | None:
    """An image of Hugging Face's holds PyTorch or TensorFlow, not both.

    Bad:
        framework: huggingface
        framework_version: null
        transformers_version: "4.28"
        pytorch_version: "2.0"
        tensorflow_version: "2.11"
        instance_type: ml.g5.xlarge

    Good:
        framework: huggingface
        framework_version: null
        transformers_version: "4.28"
        pytorch_version: "2.0"
        instance_type: ml.g5.xlarge
    """
    given = _bases_given(choice)[2]
    if len(given) < 2:
        return None
    return Finding((given[1],), f"{' and '.join(given)} exclude each other", f"leave {given[1]} out", at_key=True)


@rule(ERROR, on=CHOICE, source=HUGGING_FACE)
def versions_not_written_alike(choice: Choice, _: None) -> Finding | None:
    """Hugging Face's two versions are two short ones (4.28 with 2.0) or two full ones (4.28.1 with 2.0.0).

    Bad:
        framework: huggingface
        framework_version: null
        transformers_version: "4.28.1"
        pytorch_version: "2.0"
        instance_type: ml.g5.xlarge

    Good:
        framework: huggingface
        framework_version: null
        transformers_version: "4.28.1"
        pytorch_version: "2.0.0"
        instance_type: ml.g5.xlarge
    """
    framework, own, given = _bases_given(choice)
    base = getattr(choice.fields, given[0]) if len(given) == 1 else ""
    if framework is None or not base or len(own.split(".")) == len(base.split(".")):
        return None
    message = f"{framework.version_field} {own} and {given[0]} {base} are not written alike"
    return Finding((given[0],), message, "write both versions short, or both in full")


def _bases_given(choice: Choice) -> tuple[Framework | None, str, list[str]]:
    """(the framework, its own version, the fields with versions of what it builds on) of a job whose image both name;
    no framework where that is not so."""
    fields, framework = choice.fields, choice.framework
    own = None if framework is None else getattr(fields, framework.version_field)
    if framework is None or not framework.bases or fields.brings_image or own is None:
        return None, "", []
    return framework, own, [name for name in framework.bases.values() if getattr(fields, name) is not None]


def _bases_of(versions: Iterable[str], own: str) -> list[str]:
    """What stands under a framework's own version among these, the newest last: `pytorch2.0` of `4.28+pytorch2.0`."""
    return [base for name in versions for first, _, base in [name.partition("+")] if first == own]


@rule(ERROR, on=CHOICE, source=SDK2 + "estimator.py, Framework (unknown arguments are passed over in silence)")
def field_of_other_framework(choice: Choice, _: None) -> Iterator[Finding]:
    """Some fields are one framework's alone; another's estimator passes over them, whatever they say.

    Only TensorFlow's passes `--model_dir` to the script. Elsewhere a script reads `SM_MODEL_DIR`, or a hyperparameter.

    Bad:
        pytorch_version: "2.0"
        ---
        framework: pytorch
        framework_version: "2.6"
        model_dir: s3://bucket/models

    Good:
        framework: pytorch
        framework_version: "2.6"
        hyperparameters: {model_dir: "s3://bucket/models"}
    """
    framework, fields = choice.framework, choice.fields
    if framework is None and fields.framework_name is not None:
        return
    own = () if framework is None else (framework.version_field, *framework.bases.values())
    title = "an image without a framework" if framework is None else f"{framework.title}'s estimator"
    for name in _VERSIONS:
        if name in own or getattr(fields, name) is None:
            continue
        hint = f"write {own[0]}" if own else "name the framework, or leave it out"
        yield Finding((name,), f"{name} has no effect with {title}", hint, at_key=True)
    if fields.passes_model_dir and not (framework and framework.passes_model_dir):
        hint = "leave it out: SM_MODEL_DIR names the folder that is kept; or make it a hyperparameter"
        yield Finding(("model_dir",), f"model_dir has no effect with {title}", hint, at_key=True)


@rule(ERROR, on=CHOICE, source=SDK2 + "image_uris.py, _validate_version_and_set_if_needed")
def unknown_framework_version(choice: Choice, _: None) -> Iterator[Finding]:
    """SageMaker has images of some versions of a framework only.

    Some were never published (TensorFlow 2.15 and 2.17 are missing, and so are many patches). Training Compiler,
    Trainium and the model parallel library have images of their own, of fewer versions. `sagespec versions` lists what
    there is. An image of your own may hold any version: name it with `image_uri`.

    Bad:
        framework_version: "2.17"
        ---
        framework: pytorch
        framework_version: "2.6"
        instance_type: ml.trn1.2xlarge

    Good:
        framework_version: "2.18"
        py_version: py310
        ---
        framework: pytorch
        framework_version: "1.11"
        instance_type: ml.trn1.2xlarge
    """
    framework, version = choice.framework, choice.version
    if framework is None or version is None:
        return
    reason = framework.withdrawn(version)
    if reason is not None:
        yield Finding((framework.version_field,), reason, "take a later version")
        return
    if choice.fields.brings_image or choice.run_release is not None or _written_differently(version):
        return
    variant = choice.variant
    extra = f" {variant.title}" if variant else ""
    place, meant = _nearest_version(framework, version, PLAIN if variant is None else variant.name)
    today = f"in our table of {framework.fetched_on}"
    yield Finding(
        (place,),
        f"SageMaker has no image of {framework.display_name(version)}{extra} {today}",
        f"{meant}, or bring your own with image_uri{_way_to_add(framework, version)}",
    )


def _way_to_add(framework: Framework, version: str) -> str:
    """What to do where the table may be older than the version."""
    newest = max(framework.releases, key=numbers)
    is_newer = numbers(version) > numbers(newest)
    return "; if AWS has it by now, add it to framework_versions in sagespec.yaml" if is_newer else ""


def _written_differently(version: str) -> bool:
    """Whether a version and the one under it have not equally many parts, which is reported elsewhere."""
    own, _, base = version.partition("+")
    return bool(base) and own.count(".") != base.count(".")


def _nearest_version(framework: Framework, version: str, variant: str) -> tuple[str, str]:
    """The field that is wrong, and what to write instead."""
    place, own, base = framework.version_field, *version.partition("+")[::2]
    under = _bases_of(framework.versions(variant), own)
    if under:
        name = next(name for name in framework.bases if base.startswith(name))
        fitting = [each for each in under if each.startswith(name)] or under
        choices = ", ".join(f'"{each.removeprefix(name)}"' for each in fitting)
        return framework.bases[name], f"transformers {own} goes with {choices}"
    near = framework.near_version(version, variant)
    if near is None:
        return place, "choose one that `sagespec versions` lists"
    return place, f'write {place}: "{near.partition("+")[0]}"'


@rule(WARNING, on=CHOICE, source=GUIDE + "sagemaker-algo-docker-registry-paths.html")
def version_without_script_mode(choice: Choice, _: None) -> Finding | None:
    """The first XGBoost images hold the built-in algorithm only: they train by hyperparameters and run no script.

    The tags `latest` and `1` are no longer supported.

    Bad:
        framework: xgboost
        framework_version: latest

    Good:
        framework: xgboost
        framework_version: "1.7-1"
    """
    framework, version = choice.framework, choice.fields.framework_version
    if (
        framework is not None
        and version is not None
        and not choice.fields.brings_image
        and framework.runs_no_script(version)
    ):
        newest = list(framework.releases)[-1]
        message = f"the image of {framework.display_name(version)} runs no script"
        return Finding(("framework_version",), message, f'take framework_version: "{newest}"')
    return None


@rule(ERROR, on=field("framework"), source=SDK2 + "sklearn/estimator.py, SKLearn.__init__")
def more_instances_than_framework(written: Written, context: JobContext) -> Finding | None:
    """scikit-learn trains on one instance: nothing in its image shares work between several.

    Bad:
        framework: sklearn
        framework_version: "1.2-1"
        instance_count: 2

    Good:
        framework: sklearn
        framework_version: "1.2-1"
    """
    job, framework = context.job, context.framework
    if framework is None or framework.instances is None:
        return None
    if job.instance_groups is not None:
        message = f"{framework.title} trains on one instance, and takes no instance groups"
        return Finding(("instance_groups",), message, "write instance_type and instance_count: 1", at_key=True)
    if job.instances() > framework.instances:
        message = f"{framework.title} trains on one instance, not on {job.instances()}"
        return Finding(("instance_count",), message, f"write instance_count: {framework.instances}")
    return None
