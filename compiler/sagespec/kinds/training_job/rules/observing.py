"""What watches the job: metrics, debugger, profiler, remote debugging."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.catalog import api_members, near
from sagespec.checking.condition import ITEMS, REPEATED, TRUE, inside
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, SDK2, WARNING, refusal, rule
from sagespec.checking.subject import Written, field, item
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.metrics import compiled_pattern, pattern_of, peculiar

RULE_LISTS = ("rules", "profiler_rules")
METRICS_GUIDE = GUIDE + "training-metrics.html"


@rule(WARNING, on=field("metric_definitions"), source=METRICS_GUIDE)
def duplicate_metric(metrics: Written, context: JobContext) -> Iterator[Finding]:
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
    for index, metric in enumerate(metrics.value):
        if metric.name in seen:
            path = (*metrics.path, index, "name")
            yield Finding(path, f"there is another metric '{metric.name}'", "give this one its own name")
        seen.add(metric.name)


@rule(WARNING, on=item("metric_definitions"), source=METRICS_GUIDE)
def metric_without_group(metric: Written, context: JobContext) -> Finding | None:
    """The value of a metric is what the parentheses of its pattern match, so a pattern without parentheses gives none.

    Bad:
        metric_definitions: [{name: loss, regex: "loss: [0-9.]+"}]

    Good:
        metric_definitions: [{name: loss, regex: "loss: ([0-9.]+)"}]
    """
    pattern = metric.value.regex
    compiled = compiled_pattern(pattern)
    if isinstance(compiled, re.Pattern) and not compiled.groups:
        return Finding(
            (*metric.path, "regex"),
            f"'{pattern}' has no group, so metric '{metric.value.name}' has no value",
            "put the number in parentheses: loss: ([0-9.]+)",
        )
    return None


@rule(WARNING, on=item("metric_definitions"), source=METRICS_GUIDE)
def broken_metric_pattern(metric: Written, context: JobContext) -> Finding | None:
    """A metric whose pattern is not a regular expression is never published.

    Bad:
        metric_definitions: [{name: loss, regex: "loss: ([0-9.]+"}]

    Good:
        metric_definitions: [{name: loss, regex: "loss: ([0-9.]+)"}]
    """
    problem = compiled_pattern(metric.value.regex)
    if isinstance(problem, str):
        return Finding(
            (*metric.path, "regex"),
            f"'{metric.value.regex}' is not a regular expression: {problem}",
            "close every ( and [; write \\( for a parenthesis itself",
        )
    return None


@rule(ERROR, on=item("metric_definitions"), source=METRICS_GUIDE)
def metric_example_fails(metric: Written, context: JobContext) -> Finding | None:
    """A metric's `example` is a line of the log, `value` what is to be found there: its pattern finds something else.

    Neither is sent; `sagespec metrics FILE LOG` tries a definition on a whole log.

    Bad:
        metric_definitions: [{name: loss, regex: "loss=([0-9.]+)", example: "loss=4e-05", value: 0.00004}]

    Good:
        metric_definitions: [{name: loss, regex: "loss=([0-9.eE+-]+)", example: "loss=4e-05", value: 0.00004}]
    """
    definition = metric.value
    pattern = pattern_of(definition.name, definition.regex)
    if definition.example is None and definition.value is not None:
        hint = 'add a line of the log: example: "loss=0.4"'
        return Finding(
            (*metric.path, "value"), "there is no example in which the value is to be found", hint, at_key=True
        )
    if definition.example is None or pattern is None or not pattern.pattern.groups:
        return None
    found = [each for line in definition.example.splitlines() for each in pattern.caught(line)]
    path, quoted = (*metric.path, "regex"), f"'{definition.regex}'"
    if not found:
        return Finding(path, f"{quoted} finds nothing in the example '{definition.example}'", NOTHING_FOUND)
    last = found[-1]
    if last.value is None:
        message = f"{quoted} finds '{last.text}' in the example, which is not a number"
        return Finding(path, message, "let the first ( … ) match the number alone: ([0-9.eE+-]+)")
    if definition.value is not None and last.value != definition.value:
        message = f"{quoted} finds {last.text} in the example, not {definition.value:g}"
        cure = f"it cuts {last.whole} short: ([0-9.eE+-]+) takes all of it" if last.cut else ANOTHER_FOUND
        return Finding(path, message, cure)
    return None


NOTHING_FOUND = "compare blanks, colons and capital letters; a character of . + * ? ( ) [ ] that is meant needs a \\"
ANOTHER_FOUND = "write more of what stands before the number; of several, the last counts"


@rule(WARNING, on=item("metric_definitions"), source=METRICS_GUIDE)
def metric_pattern_of_one_dialect(metric: Written, context: JobContext) -> Iterator[Finding]:
    """A metric's pattern has syntax that dialects of regular expressions read in different ways.

    Which one SageMaker uses is not documented; ours is Python's, in `validate`, `sagespec metrics` and on this machine.

    Bad:
        metric_definitions: [{name: loss, regex: "loss=(?P<loss>[0-9.]+)"}]

    Good:
        metric_definitions: [{name: loss, regex: "loss=([0-9.]+)"}]
    """
    for each in peculiar(metric.value.regex):
        yield Finding((*metric.path, "regex"), f"'{metric.value.regex}': {each.says}", each.instead)


@rule(
    ERROR,
    on=item(*RULE_LISTS),
    source=API + "DebugRuleConfiguration.html",
    rows=tuple(Row((name,), "two rules have one name", value=REPEATED) for name in RULE_LISTS),
)
def duplicate_rule_name(one: Written, context: JobContext) -> Iterator[Finding]:
    """The rules of Debugger and Profiler must differ in name.

    Bad:
        framework_version: "2.14"
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules

    Good:
        framework_version: "2.14"
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
    """
    name = one.value.rule_configuration_name
    for other in item(*RULE_LISTS).of(context):
        if other.path == one.path:
            return
        if other.value.rule_configuration_name == name:
            path = (*one.path, "rule_configuration_name")
            yield Finding(path, f"there is another rule '{name}'", "give this one its own name")
            return


@rule(WARNING, on=item(*RULE_LISTS), source=API + "DebugRuleConfiguration.html")
def rule_image_of_another_region(one: Written, context: JobContext) -> Finding | None:
    """A rule's image must be in the region of the job.

    Bad:
        framework_version: "2.14"
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.eu-west-1.amazonaws.com/rules

    Good:
        framework_version: "2.14"
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
    """
    found = re.match(r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.", one.value.rule_evaluator_image)
    if found and context.region is not None and found[1] != context.region:
        return Finding(
            (*one.path, "rule_evaluator_image"),
            f"the rule's image is in {found[1]}, the job in {context.region}",
            f"use the image of {context.region}: its account differs from region to region",
        )
    return None


@rule(WARNING, on=item(*RULE_LISTS), source=API + "DebugRuleConfiguration.html")
def unknown_rule_instance_type(one: Written, context: JobContext) -> Finding | None:
    """A rule runs on a processing instance, and none of this name is known.

    Bad:
        framework_version: "2.14"
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
            instance_type: m5.xlarge

    Good:
        framework_version: "2.14"
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
            instance_type: ml.m5.xlarge
    """
    name = one.value.instance_type
    known = api_members()["DebugRuleConfigurations[].InstanceType"].enum
    if name is not None and name not in known:
        meant = near(f"ml.{name.removeprefix('ml.')}", known)
        return Finding(
            (*one.path, "instance_type"),
            f"'{name}' is not among the processing instance types of {context.facts.fetched_on('api')}",
            f"did you mean {meant}?" if meant else "a processing instance type begins with ml.",
        )
    return None


@rule(WARNING, on=field("rules"), source=GUIDE + "debugger-configure-hook.html")
def rules_without_debugger_hook(rules: Written, context: JobContext) -> Finding | None:
    """A Debugger rule judges what the hook saves: without a hook it has nothing to look at.

    Bad:
        framework_version: "2.14"
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules

    Good:
        framework_version: "2.14"
        debugger_hook_config: {}
        rules:
          - rule_configuration_name: vanishing
            rule_evaluator_image: 895741380848.dkr.ecr.us-west-2.amazonaws.com/rules
    """
    hook = context.job.debugger_hook_config
    if rules.value and (hook is None or hook is False):
        return Finding(
            rules.path,
            "the rules have no tensors to check: without debugger_hook_config none are saved",
            "add debugger_hook_config: {} (it saves to output_path), or leave the rules out",
            at_key=True,
        )
    return None


@rule(
    ERROR,
    on=field("debugger_hook_config", "profiler_config", *RULE_LISTS),
    source=SDK2 + "fw_utils.py, DEBUGGER_UNSUPPORTED_REGIONS",
)
def debugger_in_unsupported_region(written: Written, context: JobContext) -> Finding | None:
    """Debugger and Profiler are not in every region.

    The SDK refuses them there, so this does as well; `--allow` is for the day on which the list has aged.

    Bad:
        framework_version: "2.14"
        region: eu-south-2
        debugger_hook_config: {}

    Good:
        framework_version: "2.14"
        region: eu-south-1
        debugger_hook_config: {}
    """
    if context.region not in context.facts.listed("regions_without_debugger") or context.local:
        return None
    profiler = context.job.profiler_config
    if written.value and not (profiler is not None and profiler.disable_profiler):
        return Finding(
            written.path,
            f"SageMaker Debugger is not in {context.region}",
            f"leave {written.name} out there",
            at_key=True,
        )
    return None


@rule(ERROR, on=field("debugger_hook_config"), source=GUIDE + "debugger-considerations.html")
def debugger_with_distributed_checkpoints(hook: Written, context: JobContext) -> Finding | None:
    """Debugger does not work in distributed training with checkpointing.

    Bad:
        framework_version: "2.14"
        debugger_hook_config: {}
        checkpoint_s3_uri: s3://bucket/checkpoints
        instance_count: 2
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}

    Good:
        framework_version: "2.14"
        checkpoint_s3_uri: s3://bucket/checkpoints
        instance_count: 2
        distribution: {multi_worker_mirrored_strategy: {enabled: true}}
    """
    job = context.job
    distributed = [name for name in context.enabled if name != "parameter_server"]  # that one switches the hook off
    if hook.value is not False and job.checkpoint_s3_uri is not None and distributed and job.instances() > 1:
        return Finding(
            hook.path,
            f"Debugger does not support checkpoint_s3_uri together with {distributed[0]}",
            "leave debugger_hook_config out, or checkpoint_s3_uri",
            at_key=True,
        )
    return None


disabled_profiler_configured = refusal(
    "disabled-profiler-configured",
    ERROR,
    Row(
        ("disable_profiler",),
        "the profiler is switched off, but there is profiler_rules",
        "leave disable_profiler out, or profiler_rules",
        value=TRUE,
        when={"profiler_rules": ITEMS},
    ),
    Row(
        ("disable_profiler",),
        "the profiler is switched off, but there is profiler_config",
        "leave disable_profiler out, or profiler_config",
        value=TRUE,
        when={"profiler_config": inside("disable_profiler", so={"enum": [False, None]})},
    ),
    Row(
        ("profiler_config", "disable_profiler"),
        "the profiler is switched off, but there is profiler_rules",
        "leave disable_profiler out, or profiler_rules",
        value=TRUE,
        when={"profiler_rules": ITEMS, "disable_profiler": {"enum": [False, None]}},
    ),
    source=SDK2 + "estimator.py, _prepare_profiler_for_training",
    page="""
    The profiler is switched off and configured at once.

    What is configured would be ignored silently.

    Bad:
        disable_profiler: true
        profiler_config: {profiling_interval_in_milliseconds: 500}

    Good:
        profiler_config: {profiling_interval_in_milliseconds: 500}
    """,
)


@rule(WARNING, on=field("enable_remote_debug"), source=GUIDE + "train-remote-debugging.html")
def remote_debug_without_network(remote: Written, context: JobContext) -> Finding | None:
    """No shell can be opened in a container that has no network.

    Bad:
        enable_remote_debug: true
        enable_network_isolation: true
        model_dir: false

    Good:
        enable_remote_debug: true
    """
    if remote.value and context.job.enable_network_isolation:
        return Finding(
            remote.path,
            "the container has no network, so no session can be started in it",
            "leave enable_remote_debug out, or enable_network_isolation",
            at_key=True,
        )
    return None
