"""The command line: what the container passes, against what the script's parser takes."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.redact import shown
from sagespec.catalog import near
from sagespec.checking.rule import ERROR, SDK_DOC, TOOLKIT, WARNING, rule
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.shared.passed import CommandLine, Matched, Unmatched, option_of
from sagespec.kinds.training_job.subjects import COMMAND_LINE, MATCHED, UNMATCHED
from sagespec.scripts import DeclaredArguments
from sagespec.scripts.options import TAKES_VALUE

_ARGPARSE = "https://docs.python.org/3/library/argparse.html"
_NO = frozenset({"", "0", "0.0", "false", "no", "off", "none", "f", "n"})
"""What people mean by "no", in small letters."""


@rule(ERROR, on=UNMATCHED, source=_ARGPARSE + "; " + SDK_DOC + " (Prepare a training script)")
def hyperparameter_unknown_to_script(passed: Unmatched, context: JobContext) -> Finding | None:
    """Every hyperparameter is an argument of the script, and parse_args stops at one that it does not know.

    So do click, typer, fire, absl and transformers' HfArgumentParser, whose TrainingArguments have other fields in
    every version. The options of a subcommand (add_subparsers) are out of reach: the container passes no word before
    them.

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
    line, option = passed.line, option_of(passed.name)
    if line is None or not line.takes.strict or not line.takes.complete or option in line.takes.flags:
        return None
    if line.takes.words and _may_name_subcommand(line, context):
        return None
    if option in line.takes.below:
        message = f"only a subcommand of the script has {option}, and the container passes no subcommand"
        hint = "declare it on the parser itself"
    elif passed.options:
        several = " or ".join(one.name for one in passed.options)
        message, hint = f"{option} could mean {several}", "write the whole name"
    else:
        message, hint = f"the script has no option {option}", _cure(line.takes, passed.name)
    return Finding(passed.path, message, hint, at_key=True, related=line.script.place(line.takes.parses))


def _may_name_subcommand(line: CommandLine, context: JobContext) -> bool:
    """The value behind a flag that takes none may become the subcommand; or the job has a command line of its own."""
    own = context.job.container_entry_point is not None or context.job.container_arguments is not None
    return own or any(word in line.takes.words for each in context.passed.values() for word in each.text.split())


def _cure(takes: DeclaredArguments, name: str) -> str:
    known = [flag.lstrip("-") for flag in takes.flags]
    if name in known:  # of one letter: it is passed with one hyphen
        return f"the script has --{name}: give it a name of two letters or more, in both places"
    close = near(name, known) or near(name.replace("_", "-"), known)
    declare = _declare(takes, name)
    return f"did you mean {close}? Or {declare}" if close else declare


_DECLARATIONS = {
    "argparse": "declare it: parser.add_argument('{option}')",
    "click": "declare it: @click.option('{option}')",
    "typer": "give the function a parameter that typer makes {option} of",
    "fire": "give the function a parameter '{name}'",
    "absl": "declare it: flags.DEFINE_string('{name}', None, '…')",
    "transformers": "give one of the dataclasses a field '{name}'",
}
"""What reads the command line → how an option comes into it."""


def _declare(takes: DeclaredArguments, name: str) -> str:
    return _DECLARATIONS[takes.library].format(option=option_of(name), name=name)


@rule(ERROR, on=COMMAND_LINE, source=SDK_DOC + " (Adapt your local TensorFlow script)")
def model_dir_unknown_to_script(line: CommandLine, context: JobContext) -> Finding | None:
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
    takes = line.takes
    if not context.passes_model_dir or not takes.strict or not takes.complete or takes.match("--model_dir"):
        return None
    return Finding(
        ("model_dir",) if "model_dir" in context.written else ("entry_point",),
        "the script is called with --model_dir, and has no such option",
        f"write model_dir: false, or {_declare(takes, 'model_dir')}",
        related=line.script.place(takes.parses),
    )


@rule(WARNING, on=UNMATCHED, source=_ARGPARSE + "#partial-parsing")
def unused_hyperparameter(passed: Unmatched, context: JobContext) -> Finding | None:
    """parse_known_args ignores what it does not know, so a misspelt hyperparameter changes nothing.

    The script goes on with its default. A script that never looks at its arguments ignores all of them.

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
    read, line = context.read, passed.line
    if read is None or not read.script.study.closed or read.asks.reads_any_hyperparameter:
        return None
    if line is None:
        message = f"the script reads no arguments, so '{shown(passed.name)}' changes nothing"
        return Finding(passed.path, message, "let it read them", at_key=True)
    if not line.takes.forgets or not line.takes.complete or passed.options:
        return None
    return Finding(
        passed.path,
        f"nothing reads {shown(option_of(passed.name))}: parse_known_args ignores it",
        _cure(line.takes, passed.name),
        at_key=True,
        related=line.script.place(line.takes.parses),
    )


@rule(ERROR, on=COMMAND_LINE, source=_ARGPARSE + "#required")
def required_argument_not_given(line: CommandLine, context: JobContext) -> Iterator[Finding]:
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
    script, takes = line.script, line.takes
    if takes.insists_on_word is not None and takes.certain and not _may_name_subcommand(line, context):
        yield Finding(
            ("hyperparameters",),
            "the script requires a subcommand, and the container passes options only",
            "let the parser do without: add_subparsers(required=False), with options of its own",
            at_key=True,
            place=script.place(takes.insists_on_word),
        )
    if not line.insisted:
        return
    given = [*context.passed, *(["model_dir"] if context.passes_model_dir else [])]
    taken = {id(option) for name in given for option in takes.match(option_of(name))}
    loose = any(option.wants_values == 0 for name in given for option in takes.match(option_of(name)))
    for option in line.insisted:
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
                related=script.place(option.piece),
            )


@rule(
    ERROR,
    on=MATCHED,
    source=SDK_DOC + " (Prepare a training script); " + TOOLKIT + " (mapping.py, to_cmd_args)",
)
def value_for_flag(matched: Matched, _: None) -> Finding | None:
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
    option, text, takes = matched.option, matched.text, matched.line.takes
    if not matched.arrives.words and not matched.arrives.harm:
        return None  # an empty value vanishes behind the shell
    if not option.takes_none or not (takes.strict or (takes.forgets and text.lower() in _NO)):
        return None
    if takes.subcommands or any(other.positional for other in takes.options):
        return None
    stops = "parse_args" if takes.library == "argparse" else takes.library
    what = f"{stops} stops at the value" if takes.strict else "the value is dropped, and the flag is on all the same"
    return Finding(
        matched.path,
        f"{option.name} takes no value, and the container passes {option_of(matched.name)} {shown(text)}: {what}",
        "let the script take a value: type=lambda text: text == 'True'"
        if takes.library == "argparse"
        else "let it take one",
        place=matched.declared,
    )


@rule(ERROR, on=MATCHED, source="https://docs.python.org/3/library/argparse.html#type")
def false_read_as_true(matched: Matched, _: None) -> Finding | None:
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
    option = matched.option
    text = next(iter(values_taken(matched)), "")
    if option.type == "bool" and text and text.lower() in _NO:
        return Finding(
            matched.path,
            f"bool('{shown(text)}') is true, so {option.name} would be on",
            "write type=lambda text: text == 'True' in the script, or leave the hyperparameter out",
            place=matched.declared,
        )
    return None


@rule(ERROR, on=MATCHED, source=_ARGPARSE + "#type; " + TOOLKIT + " (mapping.py, to_cmd_args)")
def value_refused_by_type(matched: Matched, _: None) -> Finding | None:
    """A value must survive the conversion that the script declares for it.

    It arrives as text, as Python prints it: 10.0 is not an int, and a list is one text.

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
    option = matched.option
    convert = CONVERSIONS.get(option.type)
    if convert is None:
        return None
    for text in values_taken(matched):
        try:
            convert(text)
        except Exception:
            return Finding(
                matched.path,
                f"{option.name} is {_WANTED[option.type]}, and the script gets '{shown(text)}'",
                f"write {_WANTED[option.type]}, or let the script take text",
                related=matched.declared,
            )
    return None


def values_taken(matched: Matched) -> tuple[str, ...]:
    """The texts that the option takes of what arrives; none where it takes none, or another number of them, or where
    they are not known: that is another rule's business."""
    option, arrives = matched.option, matched.arrives
    if option.action not in TAKES_VALUE or arrives.harm or arrives.variables or arrives.expands:
        return ()
    words = arrives.words
    if option.nargs in ("+", "*") or (option.nargs == len(words) and not isinstance(option.nargs, str)):
        return words
    return words if len(words) == 1 and option.nargs in (None, 1, "?") else ()


CONVERSIONS: Mapping[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "json": json.loads,
    "literal": ast.literal_eval,
}
"""What argparse does with an argument's text, by the declared type."""
_WANTED = {"int": "a whole number", "float": "a number", "json": "JSON", "literal": "a Python literal"}


@rule(ERROR, on=MATCHED, source=_ARGPARSE + "#choices")
def value_not_among_choices(matched: Matched, _: None) -> Finding | None:
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
    option = matched.option
    if option.choices is None or option.type not in ("str", "int", "float"):
        return None
    for text in values_taken(matched):
        try:
            value = CONVERSIONS.get(option.type, str)(text)
        except ValueError:
            return None  # said already
        if value in option.choices:
            continue
        choices = ", ".join(str(choice) for choice in option.choices[:10])
        more = " …" if option.choices[10:] else ""
        close = near(text, [str(choice) for choice in option.choices])
        return Finding(
            matched.path,
            f"{option.name} is one of {choices}{more}, not '{shown(text)}'",
            f"did you mean {close}?" if close else "write one of them",
            related=matched.declared,
        )
    return None


@rule(ERROR, on=MATCHED, source=_ARGPARSE + "#nargs; " + TOOLKIT + " (mapping.py, to_cmd_args; process.py)")
def one_value_for_several(matched: Matched, _: None) -> Finding | None:
    """An option with nargs wants so many values, and the container passes one text with each option.

    In newer versions a shell splits that text at its blanks, so "28 28" is two values there; a list is not. In older
    ones it stays one value, however long it is.

    Bad:
        hyperparameters: {shape: "28"}
        ---
        framework_version: "2.4"
        hyperparameters: {shape: "28 28"}

    Good:
        hyperparameters: {shape: "28 28"}

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--shape", nargs=2, type=int)
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
    """
    option, arrives = matched.option, matched.arrives
    wanted, given = option.wants_values, len(arrives.words)
    if wanted < 2 or given == wanted or arrives.harm or arrives.variables or arrives.expands:
        return None
    splits = bool(matched.shell)
    cure = f"write {wanted} values with blanks between them: the shell parts them" if splits else _ONE_TEXT
    passed = "one" if given == 1 else str(given)
    return Finding(
        matched.path,
        f"{option.name} wants {wanted} values, and the container passes {passed}: '{shown(matched.text)}'",
        cure,
        related=matched.declared,
    )


_ONE_TEXT = "let the script take one text and part it (type=json.loads), or read it from SM_HPS"
