"""The command line: what the container passes, against what the script's parser takes."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Path
from sagespec.catalog import near
from sagespec.checking.rule import ERROR, SDK_DOC, TOOLKIT, WARNING
from sagespec.kinds.training_job.context import option_of
from sagespec.kinds.training_job.rules.adapter import Case, Check, rule
from sagespec.kinds.training_job.rules.hyperparameters import shown
from sagespec.scripts import Arguments, Script

_ARGPARSE = "https://docs.python.org/3/library/argparse.html"
_NO = frozenset({"", "0", "0.0", "false", "no", "off", "none", "f", "n"})
"""What people mean by "no", in small letters."""

ArgumentCheck = Callable[[Case, Script, Arguments], Iterator[Finding]]


def read_arguments(check: ArgumentCheck) -> Check:
    """Shows a rule the script's options, where they are declared with argparse and understood."""

    def judged(case: Case) -> Iterator[Finding]:
        script = case.script if case.script_mode else None
        if script is None or script.study.arguments is None:
            return iter(())
        return check(case, script, script.study.arguments)

    judged.__name__, judged.__doc__ = check.__name__, check.__doc__
    return judged


@rule(ERROR, source=_ARGPARSE + "; " + SDK_DOC + " (Prepare a training script)", given="hyperparameters")
@read_arguments
def hyperparameter_unknown_to_script(case: Case, script: Script, takes: Arguments) -> Iterator[Finding]:
    """Every hyperparameter is an argument of the script, and parse_args stops at one that it does not know.

    Bad:
        hyperparameters: {learning_rate: 0.1}

    Good:
        hyperparameters: {learning-rate: 0.1}

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--learning-rate", type=float, default=0.01)
            parser.add_argument("--model_dir")
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
    """
    if not takes.strict or not takes.complete:
        return
    for name in case.passed:
        found = takes.match(option_of(name))
        if len(found) == 1 or option_of(name) in takes.flags:
            continue
        if found:
            several = " or ".join(option.name for option in found)
            yield _finding(case, script, takes, name, f"{option_of(name)} could mean {several}", "write the whole name")
        else:
            yield _finding(case, script, takes, name, f"the script has no option {option_of(name)}", _cure(takes, name))


def _finding(case: Case, script: Script, takes: Arguments, name: str, message: str, hint: str) -> Finding:
    path: Path = ("hyperparameters", name)
    return Finding(path, message, hint, at_key=True, place=script.place(takes.parses))


def _cure(takes: Arguments, name: str) -> str:
    known = [flag.lstrip("-") for flag in takes.flags]
    close = near(name, known) or near(name.replace("_", "-"), known)
    declare = f"declare it: parser.add_argument('{option_of(name)}')"
    return f"did you mean {close}? Or {declare}" if close else declare


@rule(ERROR, source=SDK_DOC + " (Adapt your local TensorFlow script)")
@read_arguments
def model_dir_unknown_to_script(case: Case, script: Script, takes: Arguments) -> Iterator[Finding]:
    """The script is always called with --model_dir, unless the manifest says `model_dir: false`.

    parse_args stops at an argument that it does not know.

    Bad:
        hyperparameters: {epochs: 3}

    Good:
        hyperparameters: {epochs: 3}
        model_dir: false

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--epochs", type=int, default=1)
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
    """
    if not case.passes_model_dir or not takes.strict or not takes.complete or takes.match("--model_dir"):
        return
    yield Finding(
        ("model_dir",),
        "the script is called with --model_dir, and has no such option",
        "write model_dir: false, or declare it: parser.add_argument('--model_dir')",
        place=script.place(takes.parses),
    )


@rule(WARNING, source=_ARGPARSE + "#partial-parsing", given="hyperparameters")
def hyperparameter_nobody_reads(case: Case) -> Iterator[Finding]:
    """parse_known_args passes over what it does not know, so a misspelt hyperparameter changes nothing.

    The script goes on with its default. A script that never looks at its arguments passes over all of them.

    Bad:
        hyperparameters: {learning_rate: 0.1}

    Good:
        hyperparameters: {learning-rate: 0.1}

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--learning-rate", type=float, default=0.01)
            args, _ = parser.parse_known_args()
            print(args.learning_rate, os.environ["SM_MODEL_DIR"])
    """
    script = case.script
    if not case.script_mode or script is None or script.study.environment is None or not script.study.closed:
        return
    if script.study.environment.reads_any_hyperparameter:
        return
    takes = script.study.arguments
    for name in case.passed:
        if takes is None and script.study.ignores_arguments:
            message = f"the script reads no arguments, so '{shown(name)}' changes nothing"
            yield Finding(("hyperparameters", name), message, "let it read them", at_key=True)
        elif takes is not None and takes.forgets and takes.complete and not takes.match(option_of(name)):
            yield _finding(
                case,
                script,
                takes,
                name,
                f"nothing reads --{shown(name)}: parse_known_args passes over it",
                _cure(takes, name),
            )


@rule(ERROR, source=_ARGPARSE + "#required")
@read_arguments
def required_argument_not_given(case: Case, script: Script, takes: Arguments) -> Iterator[Finding]:
    """What the script requires must be among the hyperparameters: nothing else reaches its command line.

    The container passes options only, so a positional argument can never be given.

    Bad:
        hyperparameters: {}

    Good:
        hyperparameters: {epochs: 3}

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--epochs", type=int, required=True)
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
    """
    if not takes.certain or takes.subcommands:
        return
    insisted = [option for option in takes.options if option.certain and option.action and option.insists]
    given = [*case.passed, *(["model_dir"] if case.passes_model_dir else [])] if insisted else []
    taken = {id(option) for name in given for option in takes.match(option_of(name))}
    loose = any(option.wants_values == 0 for name in given for option in takes.match(option_of(name)))
    for option in insisted:
        if option.positional and option.wants_values and not loose:
            yield Finding(
                ("hyperparameters",),
                f"the script requires a positional argument, '{option.name}', and the container passes options only",
                f"declare it as an option: --{option.name}",
                at_key=True,
                place=script.place(option.piece),
            )
        elif option.required and not option.positional and id(option) not in taken:
            name = option.name.lstrip("-")
            yield Finding(
                ("hyperparameters",),
                f"the script requires {option.name}, and there is no such hyperparameter",
                f"add {name} to hyperparameters" if name != "model_dir" else "leave model_dir: false out",
                at_key=True,
                place=script.place(option.piece),
            )


@rule(
    ERROR,
    source=SDK_DOC + " (Prepare a training script); " + TOOLKIT + " (mapping.py, to_cmd_args)",
    given="hyperparameters",
)
@read_arguments
def value_for_flag(case: Case, script: Script, takes: Arguments) -> Iterator[Finding]:
    """The container passes a value with every option, and a flag such as store_true takes none.

    parse_args stops at the stray value; parse_known_args drops it, so even `false` switches the flag on.

    Bad:
        hyperparameters: {augment: true}

    Bad script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--augment", action="store_true")
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])

    Good:
        hyperparameters: {augment: true}

    Good script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--augment", type=lambda text: text == "True", default=False)
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
    """
    if takes.subcommands or any(option.positional for option in takes.options):
        return
    for name, text, option in case.matched:
        if not option.takes_none or not (takes.strict or (takes.forgets and text.lower() in _NO)):
            continue
        what = (
            "parse_args stops at the value" if takes.strict else "the value is dropped, and the flag is on all the same"
        )
        yield Finding(
            ("hyperparameters", name),
            f"{option.name} takes no value, and the container passes {option_of(name)} {shown(text)}: {what}",
            "let the script take a value: type=lambda text: text == 'True'",
            place=script.place(option.piece),
        )


@rule(ERROR, source="https://docs.python.org/3/library/argparse.html#type", given="hyperparameters")
@read_arguments
def false_read_as_true(case: Case, script: Script, takes: Arguments) -> Iterator[Finding]:
    """With type=bool every text but the empty one is true, "False" included.

    Bad:
        hyperparameters: {augment: false}

    Bad script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--augment", type=bool, default=False)
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])

    Good:
        hyperparameters: {augment: false}

    Good script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--augment", type=lambda text: text == "True", default=False)
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
    """
    for name, text, option in case.matched:
        if option.type == "bool" and option.takes_values and text and text.lower() in _NO:
            yield Finding(
                ("hyperparameters", name),
                f"bool('{shown(text)}') is true, so {option.name} would be on",
                "write type=lambda text: text == 'True' in the script, or leave the hyperparameter out",
                place=script.place(option.piece),
            )


@rule(ERROR, source=_ARGPARSE + "#type; " + TOOLKIT + " (mapping.py, to_cmd_args)", given="hyperparameters")
@read_arguments
def value_refused_by_type(case: Case, script: Script, takes: Arguments) -> Iterator[Finding]:
    """A value must survive the conversion that the script declares for it.

    It arrives as text, as Python prints it: 10.0 is no int, and a list is one text.

    Bad:
        hyperparameters: {epochs: 10.0}

    Good:
        hyperparameters: {epochs: 10}

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--epochs", type=int, default=1)
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
    """
    for name, text, option in case.matched:
        convert = CONVERSIONS.get(option.type)
        if convert is None or not option.takes_values:
            continue
        try:
            convert(text)
        except Exception:
            yield Finding(
                ("hyperparameters", name),
                f"{option.name} is {_WANTED[option.type]}, and the script gets '{shown(text)}'",
                f"write {_WANTED[option.type]}, or let the script take text",
                place=script.place(option.piece),
            )


CONVERSIONS: Mapping[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "json": json.loads,
    "literal": ast.literal_eval,
}
"""What argparse does with an argument's text, by the declared type."""
_WANTED = {"int": "a whole number", "float": "a number", "json": "JSON", "literal": "a Python literal"}


@rule(ERROR, source=_ARGPARSE + "#choices", given="hyperparameters")
@read_arguments
def value_not_among_choices(case: Case, script: Script, takes: Arguments) -> Iterator[Finding]:
    """A value must be one of those that the script allows.

    Bad:
        hyperparameters: {optimizer: Adam}

    Good:
        hyperparameters: {optimizer: adam}

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--optimizer", choices=["adam", "sgd"], default="sgd")
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
    """
    for name, text, option in case.matched:
        if option.choices is None or not option.takes_values or option.type not in ("str", "int", "float"):
            continue
        try:
            value = CONVERSIONS.get(option.type, str)(text)
        except ValueError:
            continue  # said already
        if value not in option.choices:
            choices = ", ".join(str(choice) for choice in option.choices[:10])
            more = " …" if option.choices[10:] else ""
            close = near(text, [str(choice) for choice in option.choices])
            yield Finding(
                ("hyperparameters", name),
                f"{option.name} is one of {choices}{more}, not '{shown(text)}'",
                f"did you mean {close}?" if close else "write one of them",
                place=script.place(option.piece),
            )


@rule(ERROR, source=_ARGPARSE + "#nargs; " + TOOLKIT + " (mapping.py, to_cmd_args)", given="hyperparameters")
@read_arguments
def one_value_for_several(case: Case, script: Script, takes: Arguments) -> Iterator[Finding]:
    """The container passes one value with each option, however long the list.

    So an option that wants two or more never gets them.

    Bad:
        hyperparameters: {shape: [28, 28]}

    Bad script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--shape", nargs=2)
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])

    Good:
        hyperparameters: {shape: "[28, 28]"}

    Good script:
        import argparse
        import json
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--shape", type=json.loads)
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
    """
    for name, text, option in case.matched:
        if option.wants_values > 1:
            yield Finding(
                ("hyperparameters", name),
                f"{option.name} wants {option.wants_values} values, and the container passes one: '{shown(text)}'",
                "let the script take one text and parse it: type=json.loads",
                place=script.place(option.piece),
            )
