"""The fields of a manifest in legacy mode: those that it needs, and those that mean nothing in it."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import GIVEN, TRUE
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, LEGACY_DOC, SDK1, TOOLKIT, WARNING, rule
from sagespec.checking.subject import Subject, Written, field
from sagespec.kinds.rules.code import lies_inside
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model import LEGACY_FIELDS, Job
from sagespec.kinds.training_job.shared.code import JobCode
from sagespec.kinds.training_job.subjects import CODE, LEGACY_JOB

_INSTEAD = {
    "training_steps": "pass a hyperparameter that the script reads",
    "evaluation_steps": "pass a hyperparameter that the script reads",
    "checkpoint_path": "write checkpoint_s3_uri, or model_dir",
    "requirements_file": "name it requirements.txt at the root of source_dir: the container installs it",
}
"""What script mode has in place of each legacy field."""


@rule(ERROR, on=LEGACY_JOB, source=LEGACY_DOC + " (Required arguments)")
def missing_training_steps(job: Job, context: JobContext) -> Finding | None:
    """In legacy mode the manifest says how long to train.

    null trains until `max_run` ends the job; it must be written, so that nobody does so by accident.

    Bad:
        framework_version: "1.10"
        evaluation_steps: 100

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        ---
        framework_version: "1.10"
        training_steps: null
        evaluation_steps: 100
    """
    if job.training_steps is None and "training_steps" not in job.fields_set:
        return Finding(
            ("training_steps",),
            "'training_steps' is missing: a job in legacy mode must say how long to train",
            "add training_steps: 10000, or null to train until max_run",
        )
    return None


@rule(ERROR, on=LEGACY_JOB, source=LEGACY_DOC + " (Required arguments)")
def missing_evaluation_steps(job: Job, context: JobContext) -> Finding | None:
    """In legacy mode the manifest says how long to evaluate.

    null evaluates until the input ends, and for ever if it never does.

    Bad:
        framework_version: "1.10"
        training_steps: 10000

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
    """
    if job.evaluation_steps is None and "evaluation_steps" not in job.fields_set:
        return Finding(
            ("evaluation_steps",),
            "'evaluation_steps' is missing: a job in legacy mode must say how long to evaluate",
            "add evaluation_steps: 100, or null to evaluate until the input ends",
        )
    return None


_IN_SCRIPT_MODE = Subject[Written, JobContext](
    lambda context: field(*LEGACY_FIELDS).of(context) if context.script_mode else (), LEGACY_FIELDS
)
"""Each legacy field of a job in script mode."""


@rule(
    ERROR,
    on=_IN_SCRIPT_MODE,
    source=SDK1 + "tensorflow/estimator.py, _validate_args",
    rows=tuple(
        Row(
            (name,),
            f"{name} is for legacy mode, and script_mode is true",
            when={"script_mode": TRUE, "entry_point": GIVEN},
        )
        for name in LEGACY_FIELDS
    ),
)
def legacy_field_in_script_mode(written: Written, context: JobContext) -> Finding:
    """In script mode the script itself decides how long it trains and where it keeps checkpoints.

    SDK 1 refuses the legacy arguments there; SDK 2 drops them silently.

    Bad:
        training_steps: 10000
        ---
        framework_version: "1.12"
        py_version: py3
        checkpoint_path: s3://bucket/checkpoints

    Good:
        hyperparameters: {training-steps: 10000}
        ---
        framework_version: "1.12"
        py_version: py2
        training_steps: 10000
        evaluation_steps: 100
        checkpoint_path: s3://bucket/checkpoints
    """
    return Finding(
        written.path,
        f"{written.name} is for legacy mode, and {_why_script_mode(context)}",
        f"leave it out, and {_INSTEAD[written.name]}",
        at_key=True,
    )


def _why_script_mode(context: JobContext) -> str:
    job, release = context.job, context.release
    if job.script_mode:
        return "script_mode is true"
    if release is not None and not release.legacy_mode:
        return f"{release.name} knows script mode only"
    if context.framework is None or not context.framework.has_legacy_mode:
        title = "an image without a framework" if context.framework is None else context.framework.title
        return f"{title} knows script mode only"
    return f"{job.py_version} means script mode"


@rule(WARNING, on=field("model_dir"), source=SDK1 + "tensorflow/estimator.py, hyperparameters")
def model_dir_in_legacy_mode(model_dir: Written, context: JobContext) -> Finding | None:
    """Legacy mode passes no `model_dir`: the model's checkpoints go to `checkpoint_path`.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        model_dir: s3://bucket/model

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        checkpoint_path: s3://bucket/model
    """
    if context.legacy and isinstance(model_dir.value, str):
        return Finding(
            model_dir.path, "model_dir is not used in legacy mode", "write checkpoint_path instead", at_key=True
        )
    return None


@rule(WARNING, on=field("distribution"), source=SDK1 + "tensorflow/estimator.py, hyperparameters; " + TOOLKIT)
def distribution_in_legacy_mode(distribution: Written, context: JobContext) -> Finding | None:
    """The legacy container distributes by itself.

    With several instances it starts parameter servers on all of them; `distribution` is not sent.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        instance_count: 2
        distribution: {parameter_server: {enabled: true}}

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        instance_count: 2
    """
    if context.legacy and context.enabled:
        return Finding(
            distribution.path,
            "distribution is not used in legacy mode",
            "leave it out: parameter servers start by themselves on several instances",
            at_key=True,
        )
    return None


@rule(ERROR, on=field("requirements_file"), source=SDK1 + "tensorflow/estimator.py, _validate_requirements_file")
def requirements_file_without_source_dir(file: Written, context: JobContext) -> Finding | None:
    """Without a source folder only the entry point is packed, so the requirements would stay behind.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        requirements_file: requirements.txt

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        source_dir: s3://bucket/code.tar.gz
        requirements_file: requirements.txt
    """
    if context.legacy and context.job.source_dir is None:
        return Finding(
            file.path,
            "requirements_file needs source_dir: without it only the entry point is packed",
            "add source_dir: the folder that holds entry_point and requirements_file",
        )
    return None


@rule(ERROR, on=field("requirements_file"), source=SDK1 + "tensorflow/estimator.py, _validate_requirements_file")
def requirements_file_outside_source_dir(file: Written, context: JobContext) -> Finding | None:
    """The requirements are packed with the source folder, so they must lie in it.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        source_dir: .
        requirements_file: ../requirements.txt

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        source_dir: s3://bucket/code.tar.gz
        requirements_file: requirements.txt
    """
    source_dir = context.job.source_dir
    if context.legacy and source_dir is not None and not lies_inside(file.value):
        return Finding(
            file.path,
            f"'{file.value}' does not lie in source_dir '{source_dir}'",
            "write a path relative to source_dir",
        )
    return None


@rule(ERROR, on=field("requirements_file"), source=SDK1 + "tensorflow/estimator.py, _validate_requirements_file")
def missing_requirements_file(file: Written, context: JobContext) -> Finding | None:
    """The requirements must be there to be packed.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        source_dir: .
        requirements_file: needs.txt

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        source_dir: s3://bucket/code.tar.gz
        requirements_file: requirements.txt
    """
    source_dir, folder, files = context.job.source_dir, context.code.packed_folder, context.files
    if not context.legacy or source_dir is None or folder is None or not lies_inside(file.value):
        return None
    if files.is_folder(folder) and not files.is_file(files.below(folder, file.value)):
        return Finding(
            file.path,
            f"there is no file '{file.value}' in source_dir '{source_dir}'",
            "the path is relative to source_dir",
        )
    return None


@rule(
    ERROR,
    on=field("enable_network_isolation"),
    source="https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0 (train_entry_point.py)",
)
def network_isolation_in_legacy_mode(isolation: Written, context: JobContext) -> Finding | None:
    """The legacy container fetches the code and writes the checkpoints over the network.

    Isolated, it finds no code: it knows nothing of the channel in which newer containers get it.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        enable_network_isolation: true

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
    """
    if context.legacy and isolation.value and context.job.image_uri is None:
        return Finding(
            isolation.path,
            "the legacy container fetches its code from S3, which network isolation forbids",
            "leave enable_network_isolation out, or take a version with script mode",
        )
    return None


@rule(ERROR, on=CODE, source=LEGACY_DOC + " (Preparing the TensorFlow training script)")
def legacy_entry_point_not_python(code: JobCode, _: None) -> Finding | None:
    """In legacy mode the entry point is a Python module, which the container imports.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        entry_point: train.sh

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        entry_point: train.py
    """
    entry = code.fields.entry_point
    if code.choice.legacy and entry is not None and not entry.endswith(".py"):
        return Finding(
            ("entry_point",),
            f"legacy mode imports the entry point, and '{entry}' is not a Python source file",
            "name a .py file that defines model_fn (or estimator_fn, keras_model_fn) and the input functions",
        )
    return None
