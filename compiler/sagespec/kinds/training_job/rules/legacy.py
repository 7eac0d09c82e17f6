"""Legacy mode: TensorFlow 1.4 to 1.12 on Python 2, where the container calls the functions of a module."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import ERROR, LEGACY_DOC, SDK1, TOOLKIT, WARNING, rule
from sagespec.kinds.training_job.case import LEGACY, Case
from sagespec.kinds.training_job.model import LEGACY_FIELDS, Mode
from sagespec.kinds.training_job.rules.code import lies_inside

_INSTEAD = {
    "training_steps": "pass a hyperparameter that the script reads",
    "evaluation_steps": "pass a hyperparameter that the script reads",
    "checkpoint_path": "write checkpoint_s3_uri, or model_dir",
    "requirements_file": "name it requirements.txt at the root of source_dir: the container installs it",
}
"""What script mode has in place of each legacy field."""


@rule(ERROR, source=LEGACY_DOC + " (Required arguments)", given=LEGACY)
def missing_training_steps(case: Case) -> Iterator[Finding]:
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
    if case.legacy and case.job.training_steps is None and "training_steps" not in case.job.fields_set:
        yield Finding(
            ("training_steps",),
            "'training_steps' is missing: a job in legacy mode must say how long to train",
            "add training_steps: 10000, or null to train until max_run",
        )


@rule(ERROR, source=LEGACY_DOC + " (Required arguments)", given=LEGACY)
def missing_evaluation_steps(case: Case) -> Iterator[Finding]:
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
    if case.legacy and case.job.evaluation_steps is None and "evaluation_steps" not in case.job.fields_set:
        yield Finding(
            ("evaluation_steps",),
            "'evaluation_steps' is missing: a job in legacy mode must say how long to evaluate",
            "add evaluation_steps: 100, or null to evaluate until the input ends",
        )


@rule(ERROR, source=SDK1 + "tensorflow/estimator.py, _validate_args", given=" ".join(LEGACY_FIELDS))
def legacy_field_in_script_mode(case: Case) -> Iterator[Finding]:
    """In script mode the script itself decides how long it trains and where it keeps checkpoints.

    SDK 1 refuses the legacy arguments there; SDK 2 drops them without a word.

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
    if case.mode is not Mode.SCRIPT:
        return
    for name in case.job.given(*LEGACY_FIELDS):
        yield Finding(
            (name,),
            f"{name} is for legacy mode, and {_why_script_mode(case)}",
            f"leave it out, and {_INSTEAD[name]}",
            at_key=True,
        )


def _why_script_mode(case: Case) -> str:
    job, release = case.job, case.release
    if job.script_mode:
        return "script_mode is true"
    if release is not None and not release.legacy_mode:
        return f"TensorFlow {release.version} knows script mode only"
    return f"{job.py_version} means script mode"


@rule(WARNING, source=SDK1 + "tensorflow/estimator.py, hyperparameters", given=LEGACY)
def model_dir_in_legacy_mode(case: Case) -> Iterator[Finding]:
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
    if case.legacy and isinstance(case.job.model_dir, str):
        yield Finding(
            ("model_dir",), "model_dir is not used in legacy mode", "write checkpoint_path instead", at_key=True
        )


@rule(WARNING, source=SDK1 + "tensorflow/estimator.py, hyperparameters; " + TOOLKIT, given="distribution")
def distribution_in_legacy_mode(case: Case) -> Iterator[Finding]:
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
    if case.legacy and case.enabled:
        yield Finding(
            ("distribution",),
            "distribution is not used in legacy mode",
            "leave it out: parameter servers start by themselves on several instances",
            at_key=True,
        )


@rule(ERROR, source=SDK1 + "tensorflow/estimator.py, _validate_requirements_file", given="requirements_file")
def requirements_file_without_source_dir(case: Case) -> Iterator[Finding]:
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
    if case.legacy and case.job.requirements_file is not None and case.job.source_dir is None:
        yield Finding(
            ("requirements_file",),
            "requirements_file needs source_dir: without it only the entry point is packed",
            "add source_dir: the folder that holds entry_point and requirements_file",
        )


@rule(ERROR, source=SDK1 + "tensorflow/estimator.py, _validate_requirements_file", given="requirements_file")
def requirements_file_outside_source_dir(case: Case) -> Iterator[Finding]:
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
    given = case.job.requirements_file
    if case.legacy and given is not None and case.job.source_dir is not None and not lies_inside(given):
        yield Finding(
            ("requirements_file",),
            f"'{given}' does not lie in source_dir '{case.job.source_dir}'",
            "write a path relative to source_dir",
        )


@rule(ERROR, source=SDK1 + "tensorflow/estimator.py, _validate_requirements_file", given="requirements_file")
def missing_requirements_file(case: Case) -> Iterator[Finding]:
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
    given, folder = case.job.requirements_file, case.source_folder
    if not case.legacy or given is None or case.job.source_dir is None or folder is None or not lies_inside(given):
        return
    if case.disk.is_folder(folder) and not case.disk.is_file(case.disk.below(folder, given)):
        yield Finding(
            ("requirements_file",),
            f"there is no file '{given}' in source_dir '{case.job.source_dir}'",
            "the path is relative to source_dir",
        )


@rule(
    ERROR,
    source="https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0 (train_entry_point.py)",
    given="enable_network_isolation",
)
def network_isolation_in_legacy_mode(case: Case) -> Iterator[Finding]:
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
    if case.legacy and case.job.enable_network_isolation and case.job.image_uri is None:
        yield Finding(
            ("enable_network_isolation",),
            "the legacy container fetches its code from S3, which network isolation forbids",
            "leave enable_network_isolation out, or take a version with script mode",
        )


@rule(ERROR, source=LEGACY_DOC + " (Preparing the TensorFlow training script)", given=LEGACY)
def legacy_entry_point_not_python(case: Case) -> Iterator[Finding]:
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
    entry = case.job.entry_point
    if case.legacy and entry is not None and not entry.endswith(".py"):
        yield Finding(
            ("entry_point",),
            f"legacy mode imports the entry point, and '{entry}' is no Python source file",
            "name a .py file that defines model_fn (or estimator_fn, keras_model_fn) and the input functions",
        )
