"""The hyperparameters that the legacy containers read themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from sagespec.base.diagnostic import Finding
from sagespec.base.redact import shown
from sagespec.catalog import Framework
from sagespec.checking.rule import ERROR, LEGACY_DOC, WARNING, rule
from sagespec.checking.subject import Written
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.subjects import LEGACY_HYPERPARAMETERS

_COUNTERPARTS = {
    "eval_delay_secs": "start_delay_secs",
    "continuous_eval_throttle_secs": "throttle_secs",
    "start_delay_secs": "eval_delay_secs",
    "throttle_secs": "continuous_eval_throttle_secs",
}
"""One thing under the names of TensorFlow's old and new evaluation loops."""
_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {
    "int": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
    "dict": ((dict,), "a map"),
}


@rule(WARNING, on=LEGACY_HYPERPARAMETERS, source=LEGACY_DOC + " (Optional Hyperparameters)")
def hyperparameter_of_other_version(given: Written, context: JobContext) -> Iterator[Finding]:
    """The legacy containers read some hyperparameters themselves, and which ones changed with TensorFlow 1.6.

    1.4 and 1.5 evaluate with Experiment, later versions with EvalSpec. Hyperparameters of the other kind are ignored
    silently.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {min_eval_frequency: 1000}
        ---
        framework_version: "1.4"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {throttle_secs: 60}

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {throttle_secs: 60}
        ---
        framework_version: "1.4"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {continuous_eval_throttle_secs: 60, min_eval_frequency: 1000}
    """
    release, framework = context.release, context.framework
    if release is None or framework is None:
        return
    here = release.legacy_hyperparameters
    for name in given.value:
        versions = _versions_by_name(framework).get(name, ())
        if versions and name not in here:
            other = _COUNTERPARTS.get(name, "")
            reads = " to ".join([framework.display_name(versions[0]), *versions[-1:][: len(versions) - 1]])
            yield Finding(
                ("hyperparameters", name),
                f"'{name}' is read by {reads}, not by {release.version}",
                f"write {other}" if other in here else "leave it out, or rename it if your script reads it",
                at_key=True,
            )


@rule(WARNING, on=LEGACY_HYPERPARAMETERS, source=LEGACY_DOC + " (Optional Hyperparameters)")
def misspelt_legacy_hyperparameter(given: Written, context: JobContext) -> Iterator[Finding]:
    """The legacy container ignores what it does not know, misspelt names included.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {save_checkpoint_secs: 60}

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {save_checkpoints_secs: 60}
    """
    if context.release is None or context.framework is None:
        return
    known = _by_spelling(context.framework, context.release.full_version)
    for name in given.value:
        meant = known.get(_spelling(name))
        if meant is None or meant in given.value:
            continue
        if name not in _versions_by_name(context.framework):
            yield Finding(
                ("hyperparameters", name),
                f"the container does not read '{name}'; it reads '{meant}'",
                f"write {meant}",
                at_key=True,
            )


@cache
def _by_spelling(framework: Framework, version: str) -> Mapping[tuple[str, ...], str]:
    """What a version's container reads, of three words or more: two are too few to tell a slip from a name of the
    script's own. `eval_metric` need not mean eval_metrics."""
    release = framework.release(version)
    names = () if release is None else release.legacy_hyperparameters
    return {_spelling(name): name for name in names if name.count("_") > 1}


@lru_cache(maxsize=1_000)
def _spelling(name: str) -> tuple[str, ...]:
    """What is left of a name without capitals, plurals and the kind of hyphen."""
    return tuple(word.removesuffix("s") for word in re.split(r"[-_ ]", name.casefold()))


@rule(ERROR, on=LEGACY_HYPERPARAMETERS, source=LEGACY_DOC + " (Optional Hyperparameters)")
def legacy_hyperparameter_of_wrong_type(given: Written, context: JobContext) -> Iterator[Finding]:
    """What the legacy container reads itself has a type.

    It hands the value to TensorFlow as it is: a number in quotes is text there.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {save_checkpoints_secs: "60"}

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {save_checkpoints_secs: 60}
    """
    if context.release is None:
        return
    for name, value in given.value.items():
        kind = context.release.legacy_hyperparameters.get(name)
        if kind is None or value is None:
            continue
        types, what = _TYPES[kind]
        if not isinstance(value, types) or (kind == "int" and isinstance(value, bool)):
            yield Finding(
                ("hyperparameters", name), f"{name} must be {what}, not {shown(json.dumps(value))}", f"write {what}"
            )


@cache
def _versions_by_name(framework: Framework) -> Mapping[str, tuple[str, ...]]:
    """Each hyperparameter that some legacy container reads → the short versions of those that do."""
    found: dict[str, tuple[str, ...]] = {}
    for short, full in framework.aliases.items():
        for name in framework.releases[full].legacy_hyperparameters:
            found[name] = (*found.get(name, ()), short)
    return found


@rule(ERROR, on=LEGACY_HYPERPARAMETERS, source=LEGACY_DOC + " (Optional Hyperparameters)")
def checkpoints_by_seconds_and_steps(given: Written, context: JobContext) -> Finding | None:
    """Checkpoints are saved every so many seconds or every so many steps, not both.

    TensorFlow's RunConfig refuses the two together. null switches one off.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {save_checkpoints_secs: 60, save_checkpoints_steps: 500}

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {save_checkpoints_secs: null, save_checkpoints_steps: 500}
    """
    values = given.value
    if values.get("save_checkpoints_secs") is not None and values.get("save_checkpoints_steps") is not None:
        return Finding(
            ("hyperparameters", "save_checkpoints_steps"),
            f"save_checkpoints_steps ({shown(str(values['save_checkpoints_steps']))}) and "
            f"save_checkpoints_secs ({shown(str(values['save_checkpoints_secs']))}) exclude each other",
            "leave save_checkpoints_steps out, or write save_checkpoints_secs: null",
            at_key=True,
        )
    return None


@rule(
    WARNING,
    on=LEGACY_HYPERPARAMETERS,
    source="https://github.com/aws/sagemaker-tensorflow-training-toolkit/tree/r1.0 (src/tf_container/trainer.py)",
)
def checkpoints_by_steps_alone(given: Written, context: JobContext) -> Finding | None:
    """The legacy container saves checkpoints every 300 seconds unless it is told otherwise.

    It adds save_checkpoints_secs where it is missing, and TensorFlow then refuses the two together. So whoever counts
    steps must switch the seconds off.

    Bad:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {save_checkpoints_steps: 500}

    Good:
        framework_version: "1.10"
        training_steps: 10000
        evaluation_steps: 100
        hyperparameters: {save_checkpoints_steps: 500, save_checkpoints_secs: null}
    """
    values = given.value
    if values.get("save_checkpoints_steps") is not None and "save_checkpoints_secs" not in values:
        return Finding(
            ("hyperparameters", "save_checkpoints_steps"),
            "the container adds save_checkpoints_secs: 300, which save_checkpoints_steps excludes",
            "add save_checkpoints_secs: null",
            at_key=True,
        )
    return None
