"""Hyperparameters: their names, and what becomes of their values on the way to the script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.redact import shown
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, SDK2, TOOLKIT, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import CONTAINERS_OWN, JobContext
from sagespec.kinds.training_job.model import Mode
from sagespec.kinds.training_job.shared.passed import Passed, option_of
from sagespec.kinds.training_job.subjects import NESTED, PASSED

MOST_HYPERPARAMETERS = 100
LONGEST_VALUE = 2500
"""Characters. The prose of the API says 256, which the service does not hold to.

Source: botocore's model of CreateTrainingJob; https://github.com/aws-samples/amazon-sagemaker-pytorch-detectron2/issues/10
"""
_LINE_BREAKS = frozenset("\n\r\x85\u2028\u2029")
_SEPARATORS = frozenset(" \t=")
_NUMBER = r"-\d*\.?\d+([eE][-+]?\d+)?"


@rule(ERROR, on=field("hyperparameters"), source=SDK2 + "estimator.py, Framework.hyperparameters")
def overwritten_hyperparameter(given: Written, context: JobContext) -> Iterator[Finding]:
    """Some hyperparameters are made from the manifest's fields, and overwrite what you give under their names.

    Bad:
        hyperparameters: {model_dir: s3://bucket/model}

    Good:
        model_dir: s3://bucket/model
        ---
        model_dir: false
        hyperparameters: {model_dir: s3://bucket/model}
    """
    fields = context.generated
    for name in given.value:
        if name not in fields:
            continue
        if name == "model_dir" and given.value[name] == context.job.model_dir:
            continue  # the same thing said twice
        yield Finding(
            (*given.path, name),
            f"'{name}' is made from the field {fields[name]}, which overwrites this value",
            f"write {fields[name]} instead",
            at_key=True,
        )


@rule(WARNING, on=field("hyperparameters"), source=TOOLKIT + " (params.py)")
def reserved_hyperparameter(given: Written, context: JobContext) -> Iterator[Finding]:
    """What begins with sagemaker_ is meant for the container, which keeps it from the script.

    Bad:
        hyperparameters: {sagemaker_epochs: 10}

    Good:
        hyperparameters: {epochs: 10}
    """
    if not context.script_mode:
        return
    kept = {name for name in given.value if name.startswith("sagemaker_") or name in CONTAINERS_OWN}
    if not kept:
        return
    meant = () if context.framework is None else context.framework.container_arguments.values()
    for name in kept - context.generated.keys() - set(meant):
        yield Finding(
            (*given.path, name),
            f"'{name}' does not reach the script: the container takes it for its own",
            "give it another name, without sagemaker_" if name.startswith("sagemaker_") else "give it another name",
            at_key=True,
        )


@rule(ERROR, on=field("hyperparameters"), source=API + "CreateTrainingJob.html")
def too_many_hyperparameters(given: Written, context: JobContext) -> Finding | None:
    """A job has at most 100 hyperparameters, those that are made by themselves included.

    Script mode adds six, legacy mode ten, and a distribution some more.

    Bad:
        hyperparameters:
          {p00: 0, p01: 1, p02: 2, p03: 3, p04: 4, p05: 5, p06: 6, p07: 7, p08: 8, p09: 9, p10: 10, p11: 11,
           p12: 12, p13: 13, p14: 14, p15: 15, p16: 16, p17: 17, p18: 18, p19: 19, p20: 20, p21: 21, p22:
           22, p23: 23, p24: 24, p25: 25, p26: 26, p27: 27, p28: 28, p29: 29, p30: 30, p31: 31, p32: 32,
           p33: 33, p34: 34, p35: 35, p36: 36, p37: 37, p38: 38, p39: 39, p40: 40, p41: 41, p42: 42, p43:
           43, p44: 44, p45: 45, p46: 46, p47: 47, p48: 48, p49: 49, p50: 50, p51: 51, p52: 52, p53: 53,
           p54: 54, p55: 55, p56: 56, p57: 57, p58: 58, p59: 59, p60: 60, p61: 61, p62: 62, p63: 63, p64:
           64, p65: 65, p66: 66, p67: 67, p68: 68, p69: 69, p70: 70, p71: 71, p72: 72, p73: 73, p74: 74,
           p75: 75, p76: 76, p77: 77, p78: 78, p79: 79, p80: 80, p81: 81, p82: 82, p83: 83, p84: 84, p85:
           85, p86: 86, p87: 87, p88: 88, p89: 89, p90: 90, p91: 91, p92: 92, p93: 93, p94: 94}

    Good:
        hyperparameters: {config-file: config.json}
    """
    own = len(given.value)
    if own + len(context.generated) <= MOST_HYPERPARAMETERS:
        return None
    count = len(given.value.keys() | context.generated.keys())
    if count > MOST_HYPERPARAMETERS:
        return Finding(
            given.path,
            f"{own} hyperparameters, and {count - own} that are added, are more than {MOST_HYPERPARAMETERS}",
            "put them into a file of source_dir, and pass its name",
            at_key=True,
        )
    return None


@rule(
    ERROR,
    on=field("hyperparameters"),
    source="https://github.com/aws-samples/amazon-sagemaker-pytorch-detectron2/issues/10",
)
def long_hyperparameter(given: Written, context: JobContext) -> Iterator[Finding]:
    """A hyperparameter's value has at most 2500 characters, as it is sent: encoded as JSON.

    Bad:
        hyperparameters:
          weights: [&row [0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125, 0.125],
            *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row,
            *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row, *row]

    Good:
        hyperparameters: {weights-file: weights.json}
    """
    for name, value in given.value.items():
        length = 0 if _is_short(value) else len(_sent(context, value))
        if length > LONGEST_VALUE:
            yield Finding(
                (*given.path, name),
                f"'{name}' has {length} characters when it is sent; SageMaker takes {LONGEST_VALUE}",
                "put it into a file of source_dir, or into a channel, and pass its name",
                at_key=True,
            )


@rule(
    ERROR,
    on=field("hyperparameters"),
    source=API + "CreateTrainingJob.html",
    rows=(
        Row(
            ("hyperparameters",),
            "a hyperparameter's name is one line",
            form=r"^[^\n\r\x85\u2028\u2029]*$",
            names=True,
        ),
    ),
)
def hyperparameter_of_several_lines(given: Written, context: JobContext) -> Iterator[Finding]:
    """SageMaker takes no line breaks in hyperparameters.

    In values JSON writes them as two characters where AWS's images run your script (what a shell there makes of them
    is another rule's business). An image with a program of its own gets text as it is.

    Bad:
        hyperparameters: {"batch\\nsize": 32}

    Good:
        hyperparameters: {batch-size: 32}
    """
    one_line = _LINE_BREAKS.isdisjoint
    names = [name for name in given.value if not one_line(name)]
    for name in names:
        message = f"the name {json.dumps(name)} holds a line break"
        yield Finding((*given.path, name), message, "write the name on one line", at_key=True)
    for name, value in given.value.items() if context.mode is Mode.IMAGE else ():
        if name not in names and isinstance(value, str) and not one_line(value):
            message = f"the value of '{name}' holds a line break"
            yield Finding((*given.path, name), message, "write it on one line", at_key=True)


_NUMBERS = (int, float)


def _is_short(value: Any) -> bool:
    """Whether a value is short however it is sent: JSON makes at most 12 characters of one."""
    if isinstance(value, str):
        return len(value) <= 200
    return isinstance(value, _NUMBERS) and abs(value) < 1e18


def _sent(context: JobContext, value: Any) -> str:
    return value if context.mode is Mode.IMAGE and isinstance(value, str) else json.dumps(value)


@rule(WARNING, on=PASSED, source=TOOLKIT + " (mapping.py, to_cmd_args)")
def null_hyperparameter(passed: Passed, _: None) -> Finding | None:
    """null reaches the script as an empty argument, or as none at all, and never as its own default.

    `type=int` and its like fail on an empty argument. Where a shell reads the command line, the option has no value.

    Bad:
        hyperparameters: {max-steps: null}

    Good:
        hyperparameters: {epochs: 10}
    """
    if passed.value is None:
        option = option_of(passed.name)
        return Finding(
            passed.path,
            f"null reaches the script as {option} without a value"
            if passed.shell
            else f"null reaches the script as the empty argument {option} ''",
            f"leave {passed.name} out: the script's own default then holds",
        )
    return None


@rule(WARNING, on=NESTED, source=TOOLKIT + " (mapping.py, to_cmd_args)")
def nested_hyperparameter(passed: Passed, context: JobContext) -> Finding | None:
    """Maps, and lists of anything but numbers, do not reach the script as JSON.

    A map becomes the argument `a=1,b=2`, a list Python's own spelling with single quotes, True and None. The whole
    value is in the environment variable SM_HPS, which is JSON.

    Bad:
        hyperparameters: {optimizer: {name: adam, rate: 0.1}}
        ---
        hyperparameters: {classes: [cat, dog]}

    Good:
        hyperparameters: {optimizer: adam, rate: 0.1, classes: "cat,dog"}
        ---
        framework_version: "2.4"
        hyperparameters: {classes: '["cat", "dog"]', layers: [64, 32]}
    """
    value, arrives = passed.value, passed.arrives
    changed = arrives.words != (passed.text,) or arrives.variables or arrives.expands
    if arrives.harm or (changed and passed.name in {matched.name for matched in context.matched}):
        return None  # another rule says what becomes of it
    if not isinstance(value, dict) and not (isinstance(value, list) and passed.text != json.dumps(value)):
        return None
    plain = isinstance(value, list) and all(isinstance(item, str | int | float) for item in value)
    text = ",".join(map(str, value)) if plain else json.dumps(value)
    option = option_of(passed.name)
    gets = " and ".join(f"'{shown(word)}'" for word in arrives.words[:3]) if changed else shown(passed.text)
    hint = "let the script read it from SM_HPS"
    if plain:
        hint += f"; or write '{shown(text)}', and let it split that"
    elif not passed.shell:
        hint += f"; or quote it as JSON, and let it parse that: '{shown(text)}'"
    return Finding(passed.path, f"the script gets {option} {gets}, which is not JSON", hint)


@rule(WARNING, on=PASSED, source=TOOLKIT + " (mapping.py, to_cmd_args)")
def single_letter_hyperparameter(passed: Passed, _: None) -> Finding | None:
    """A name of one letter reaches the script with one hyphen.

    `k` becomes `-k`, so a parser that knows `--k` does not find it.

    Bad:
        hyperparameters: {k: 5}

    Good:
        hyperparameters: {neighbours: 5}
    """
    name = passed.name
    if len(name) == 1:
        return Finding(
            passed.path,
            f"'{name}' reaches the script as -{name}, not as --{name}",
            "give it a name of two letters or more",
            at_key=True,
        )
    return None


@rule(WARNING, on=PASSED, source="https://docs.python.org/3/library/argparse.html#arguments-containing")
def hyperparameter_like_option(passed: Passed, _: None) -> Finding | None:
    """argparse takes a value that begins with a hyphen for the next option.

    The script then stops, because the option before has no value. Negative numbers are safe.

    Bad:
        hyperparameters: {extra-arguments: --verbose}

    Good:
        hyperparameters: {extra-arguments: verbose, shift: "-0.5"}
    """
    value = passed.value
    if isinstance(value, str) and re.fullmatch(r"-\S+", value) and not re.fullmatch(_NUMBER, value):
        return Finding(
            passed.path,
            f"argparse takes this value for an option, and finds none for {option_of(passed.name)}",
            "write it without the hyphens, and let the script add them",
        )
    return None


@rule(WARNING, on=field("hyperparameters"), source=TOOLKIT + " (mapping.py, to_env_vars)")
def hyperparameters_differing_in_case(given: Written, context: JobContext) -> Iterator[Finding]:
    """Names that differ only in upper and lower case share one environment variable.

    `SM_HP_` is followed by the name in capitals, so one value hides the other.

    Bad:
        hyperparameters: {rate: 0.1, Rate: 0.2}

    Good:
        hyperparameters: {rate: 0.1, decay-rate: 0.2}
    """
    if not context.script_mode:
        return
    if len({*map(str.upper, given.value)}) == len(given.value):
        return
    seen: dict[str, str] = {}
    for name in given.value:
        first = seen.setdefault(name.upper(), name)
        if first != name:
            yield Finding(
                (*given.path, name),
                f"'{name}' and '{first}' share the variable SM_HP_{name.upper()}",
                "rename one of them",
                at_key=True,
            )


@rule(WARNING, on=PASSED, source="https://docs.python.org/3/library/argparse.html#the-add-argument-method")
def hyperparameter_name_unfit_for_option(passed: Passed, _: None) -> Finding | None:
    """A hyperparameter becomes the option --name: blanks, an equals sign or leading hyphens break it.

    Bad:
        hyperparameters: {learning rate: 0.1}

    Good:
        hyperparameters: {learning-rate: 0.1}
    """
    name = passed.name
    if name.startswith("-") or not _SEPARATORS.isdisjoint(name):
        fit = re.sub(r"[\s=]+", "-", name).strip("-")
        return Finding(
            passed.path,
            f"'{name}' reaches the script as --{name}, which argparse does not read as an option",
            f"write {fit}" if fit else "give it a name of letters",
            at_key=True,
        )
    return None
