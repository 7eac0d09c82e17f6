"""What watches the job: metrics, debugger, profiler, remote debugging."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from functools import lru_cache

from sagespec.base.diagnostic import Finding
from sagespec.catalog import api_members, near
from sagespec.checking.rule import API, ERROR, GUIDE, SDK2, WARNING
from sagespec.kinds.training_job.rules.adapter import Case, rule

RULE_LISTS = ("rules", "profiler_rules")
METRICS_GUIDE = GUIDE + "training-metrics.html"


@rule(WARNING, source=METRICS_GUIDE, given="metric_definitions")
def duplicate_metric(case: Case) -> Iterator[Finding]:
    """Two metrics have one name, so that their values are mixed.

    Bad:
        metric_definitions:
          - {name: loss, regex: "loss: ([0-9.]+)"}
          - {name: loss, regex: "val_loss: ([0-9.]+)"}

    Good:
        metric_definitions:
          - {name: loss, regex: " loss: ([0-9.]+)"}
          - {name: val_loss, regex: "val_loss: ([0-9.]+)"}
    """
    seen: set[str] = set()
    for index, metric in enumerate(case.job.metric_definitions or []):
        if metric.name in seen:
            path = ("metric_definitions", index, "name")
            yield Finding(path, f"there is another metric '{metric.name}'", "give this one its own name")
        seen.add(metric.name)


@rule(WARNING, source=METRICS_GUIDE, given="metric_definitions")
def metric_without_group(case: Case) -> Iterator[Finding]:
    """The value of a metric is what the parentheses of its pattern match: without them there is none.

    Bad:
        metric_definitions: [{name: loss, regex: "loss: [0-9.]+"}]

    Good:
        metric_definitions: [{name: loss, regex: "loss: ([0-9.]+)"}]
    """
    for index, metric in enumerate(case.job.metric_definitions or []):
        compiled = _compiled(metric.regex)
        if isinstance(compiled, re.Pattern) and not compiled.groups:
            yield Finding(
                ("metric_definitions", index, "regex"),
                f"'{metric.regex}' has no group, so metric '{metric.name}' has no value",
                "put the number in parentheses: loss: ([0-9.]+)",
            )


@rule(WARNING, source=METRICS_GUIDE, given="metric_definitions")
def broken_metric_pattern(case: Case) -> Iterator[Finding]:
    """A metric whose pattern is no regular expression is never published.

    Bad:
        metric_definitions: [{name: loss, regex: "loss: ([0-9.]+"}]

    Good:
        metric_definitions: [{name: loss, regex: "loss: ([0-9.]+)"}]
    """
    for index, metric in enumerate(case.job.metric_definitions or []):
        problem = _compiled(metric.regex)
        if isinstance(problem, str):
            yield Finding(
                ("metric_definitions", index, "regex"),
                f"'{metric.regex}' is no regular expression: {problem}",
                "close every ( and [; write \\( for a parenthesis itself",
            )


BROKEN_ANYWHERE = ("unterminated", "unbalanced", "nothing to repeat", "bad character range", "missing )")
"""What is wrong in every dialect: the service's own is not documented, and takes things that Python does not."""


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> re.Pattern[str] | str | None:
    """The pattern, or what is certainly wrong with it; None when it may be fine in another dialect."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return re.compile(re.sub(r"\(\?<(?![=!])", "(?P<", pattern))
        except re.error as error:
            return str(error) if error.msg.startswith(BROKEN_ANYWHERE) else None
        except (OverflowError, RecursionError):
            return None


@rule(ERROR, source=API + "DebugRuleConfiguration.html", given="rules profiler_rules")
def duplicate_rule_name(case: Case) -> Iterator[Finding]:
    """The rules of Debugger and Profiler must differ in name.

    Bad:
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules

    Good:
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
    """
    seen: set[str] = set()
    for field in RULE_LISTS:
        for index, one in enumerate(getattr(case.job, field) or []):
            name = one.rule_configuration_name
            if name in seen:
                path = (field, index, "rule_configuration_name")
                yield Finding(path, f"there is another rule '{name}'", "give this one its own name")
            seen.add(name)


@rule(WARNING, source=API + "DebugRuleConfiguration.html", given="rules profiler_rules")
def rule_image_of_another_region(case: Case) -> Iterator[Finding]:
    """A rule's image must be in the region of the job.

    Bad:
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.eu-west-1.amazonaws.com/rules

    Good:
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
    """
    for field in RULE_LISTS:
        for index, one in enumerate(getattr(case.job, field) or []):
            found = re.match(r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.", one.rule_evaluator_image)
            if found and case.region is not None and found[1] != case.region:
                yield Finding(
                    (field, index, "rule_evaluator_image"),
                    f"the rule's image is in {found[1]}, the job in {case.region}",
                    f"use the image of {case.region}: its account differs from region to region",
                )


@rule(WARNING, source=API + "DebugRuleConfiguration.html", given="rules profiler_rules")
def unknown_rule_instance_type(case: Case) -> Iterator[Finding]:
    """A rule runs on a processing instance, and none of this name is known.

    Bad:
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
            instance_type: m5.xlarge

    Good:
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
            instance_type: ml.m5.xlarge
    """
    for field in RULE_LISTS:
        for index, one in enumerate(getattr(case.job, field) or []):
            if one.instance_type is None:
                continue
            day = case.facts.fetched_on("api")
            known = api_members()["DebugRuleConfigurations[].InstanceType"].enum
            if one.instance_type not in known:
                meant = near(f"ml.{one.instance_type.removeprefix('ml.')}", known)
                yield Finding(
                    (field, index, "instance_type"),
                    f"'{one.instance_type}' is not among the processing instance types of {day}",
                    f"did you mean {meant}?" if meant else "a processing instance type begins with ml.",
                )


@rule(WARNING, source=GUIDE + "debugger-configure-hook.html", given="rules")
def rules_without_tensors(case: Case) -> Iterator[Finding]:
    """A Debugger rule judges what the hook saves: without a hook it has nothing to look at.

    Bad:
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules

    Good:
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
    """
    job = case.job
    if job.rules and (job.debugger_hook_config is None or job.debugger_hook_config is False):
        yield Finding(
            ("rules",),
            "the rules have nothing to judge: without debugger_hook_config no tensors are saved",
            "add debugger_hook_config: {} (it saves to output_path), or leave the rules out",
            at_key=True,
        )


@rule(
    ERROR,
    source=SDK2 + "fw_utils.py, DEBUGGER_UNSUPPORTED_REGIONS",
    given="debugger_hook_config profiler_config rules profiler_rules",
)
def debugger_in_unsupported_region(case: Case) -> Iterator[Finding]:
    """Debugger and Profiler are not in every region.

    The SDK refuses them there, so this does as well; `--allow` is for the day on which the list has aged.

    Bad:
        region: eu-south-2
        debugger_hook_config: {}

    Good:
        region: eu-south-1
        debugger_hook_config: {}
    """
    job = case.job
    if case.region not in case.facts.listed("regions_without_debugger") or case.local:
        return
    if job.profiler_config is not None and job.profiler_config.disable_profiler:
        return
    for name in ("debugger_hook_config", "profiler_config", *RULE_LISTS):
        if getattr(job, name):
            yield Finding(
                (name,), f"SageMaker Debugger is not in {case.region}", f"leave {name} out there", at_key=True
            )
            return


@rule(ERROR, source=GUIDE + "debugger-considerations.html", given="debugger_hook_config")
def debugger_with_distributed_checkpoints(case: Case) -> Iterator[Finding]:
    """Debugger does not work in distributed training with checkpointing.

    Bad:
        debugger_hook_config: {}
        checkpoint_s3_uri: s3://bucket/checkpoints
        instance_count: 2
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}

    Good:
        checkpoint_s3_uri: s3://bucket/checkpoints
        instance_count: 2
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}
    """
    job = case.job
    hook = job.debugger_hook_config is not None and job.debugger_hook_config is not False
    distributed = [name for name in case.enabled if name != "parameter_server"]  # that one switches the hook off
    if hook and job.checkpoint_s3_uri is not None and distributed and job.instances() > 1:
        yield Finding(
            ("debugger_hook_config",),
            f"Debugger does not support checkpoint_s3_uri together with {distributed[0]}",
            "leave debugger_hook_config out, or checkpoint_s3_uri",
            at_key=True,
        )


@rule(ERROR, source=SDK2 + "estimator.py, _prepare_profiler_for_training", given="disable_profiler profiler_config")
def disabled_profiler_configured(case: Case) -> Iterator[Finding]:
    """The profiler is switched off and configured at once.

    What is configured would be dropped without a word.

    Bad:
        disable_profiler: true
        profiler_config: {profiling_interval_in_milliseconds: 500}

    Good:
        profiler_config: {profiling_interval_in_milliseconds: 500}
    """
    job = case.job
    config = job.profiler_config
    off = job.disable_profiler or (config is not None and config.disable_profiler)
    if not off:
        return
    if job.profiler_rules:
        used = "profiler_rules"
    elif job.disable_profiler and config is not None and not config.disable_profiler:
        used = "profiler_config"
    else:
        return
    where = ("disable_profiler",) if job.disable_profiler else ("profiler_config", "disable_profiler")
    yield Finding(
        where, f"the profiler is switched off, but there is {used}", f"leave {where[-1]} out, or {used}", at_key=True
    )


@rule(WARNING, source=GUIDE + "train-remote-debugging.html", given="enable_network_isolation")
def remote_debug_in_isolation(case: Case) -> Iterator[Finding]:
    """No shell can be opened in a container that has no network.

    Bad:
        enable_remote_debug: true
        enable_network_isolation: true
        model_dir: false

    Good:
        enable_remote_debug: true
    """
    if case.job.enable_remote_debug and case.job.enable_network_isolation:
        yield Finding(
            ("enable_remote_debug",),
            "the container has no network, so no session can be started in it",
            "leave enable_remote_debug out, or enable_network_isolation",
            at_key=True,
        )
