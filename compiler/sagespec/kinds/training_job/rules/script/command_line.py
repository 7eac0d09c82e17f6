"""What the container's shell makes of the command line before the script sees it."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.base.redact import shown
from sagespec.checking.rule import ERROR, TOOLKIT, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.rules.code.entry_point import is_command_line
from sagespec.kinds.training_job.shared.code import JobCode
from sagespec.kinds.training_job.shared.passed import Matched, Passed, option_of
from sagespec.kinds.training_job.shell import ShellWords, shell_words
from sagespec.kinds.training_job.subjects import CHANGED, CODE, PASSED
from sagespec.scripts.options import NO_VALUE

_PROCESS = TOOLKIT + "/blob/v5.1.1/src/sagemaker_training/process.py (run_async; run with 4.0.0, 4.8.4, 5.1.1)"
_ANY_NUMBER = ("+", "*", "...", "A...")


@rule(ERROR, on=PASSED, source=_PROCESS)
def value_breaks_command_line(passed: Passed, _: None) -> Finding | None:
    """The container joins its command line with blanks, without quotes, and gives it to a shell.

    So a value with `;`, `&`, `|`, `(`, `<`, a backtick or a lone quote ends or breaks the command, whether the script
    takes it or not: the job stops, or the rest of the value is run.

    Bad:
        hyperparameters: {title: "MNIST; first run"}
        ---
        hyperparameters: {title: "it's late"}

    Good:
        hyperparameters: {title: MNIST-first-run}
        ---
        framework_version: "2.4"
        hyperparameters: {title: "MNIST; first run"}
    """
    name = shell_words(option_of(passed.name), passed.shell)
    if name.harm:
        message = f"the container's shell {name.harm}: the name '{shown(passed.name)}' is not quoted there"
        return Finding(passed.path, message, "give it a name of letters, digits, - and _", at_key=True)
    if passed.arrives.harm:
        return Finding(
            passed.path,
            f"the container's shell {passed.arrives.harm}: the value of '{shown(passed.name)}' is not quoted there",
            "put it into a file of source_dir or into environment, which no shell reads; or write it without that",
        )
    return None


@rule(ERROR, on=CHANGED, source=_PROCESS)
def value_changed_by_shell(matched: Matched, context: JobContext) -> Finding | None:
    """The container's shell splits a value at its blanks, and takes quotes and backslashes away.

    The script's option then gets the first word alone, and `parse_args` stops at the others. A list has blanks, too:
    `[64, 32]`. `$name`, `~` and patterns are replaced. An empty value vanishes, and leaves its option without one.
    Every value is whole in SM_HPS.

    Bad:
        hyperparameters: {layers: [64, 32]}
        ---
        hyperparameters: {layers: "64 32"}
        ---
        hyperparameters: {layers: ""}

    Good:
        hyperparameters: {layers: "64,32"}
        ---
        framework_version: "2.4"
        hyperparameters: {layers: [64, 32]}

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            parser.add_argument("--layers", default="64")
            print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
    """
    text, arrives, option = matched.text, matched.arrives, matched.option
    if arrives.harm or option.action in NO_VALUE or option.nargs == "unknown":
        return None
    if _is_meant(matched, context):
        return None
    name = option_of(matched.name)
    if not arrives.words and not arrives.variables:
        return Finding(
            matched.path,
            f"an empty value vanishes in the container's shell, so {name} has no value and the script stops",
            f"leave {matched.name} out, and let the script have a default",
            related=matched.declared,
        )
    if arrives.variables:
        becomes = "puts the values of its variables in for $…"
    elif arrives.expands:
        becomes = "takes it for a pattern, and puts what fits it in its place"
    elif len(arrives.words) > 1:
        becomes = f"splits it into {len(arrives.words)}: '{shown(arrives.words[0])}' is all that {name} gets"
    else:
        becomes = f"makes it {shown(arrives.words[0])}"
    return Finding(
        matched.path,
        f"the container's shell {becomes} (the value is {shown(text)})",
        _cure(matched),
        related=matched.declared,
    )


def _is_meant(matched: Matched, context: JobContext) -> bool:
    """Whether the author has reckoned with the shell."""
    text, arrives, option = matched.text, matched.arrives, matched.option
    if not arrives.words and not arrives.variables:
        return option.wants_values == 0
    if arrives.variables:
        given = context.job.environment
        return all(name.startswith("SM_") or name in given for name in arrives.variables)
    if arrives.expands:
        return option.nargs in _ANY_NUMBER or _fits_nothing(text)
    if arrives.words == (text[1:-1],) and text[:1] in ("'", '"'):
        return True
    several = option.nargs in _ANY_NUMBER or (isinstance(option.nargs, int) and option.nargs > 1)
    return several and isinstance(matched.value, str) and arrives.words == tuple(text.split())


def _fits_nothing(text: str) -> bool:
    """Whether a pattern fits no file of the folder that the script starts in, nor of the channels, as far as it is
    known: then it stays as it is."""
    plain = len(text.split()) == 1 and not set(text) & set("~{'\"\\")
    return plain and not text.startswith("/") and ("/" in text or not text.endswith(("*", ".py")))


def _cure(matched: Matched) -> str:
    value = matched.value
    if isinstance(value, list) and all(isinstance(item, str | int | float) for item in value):
        items = list(map(str, value))
        if all(shell_words(item, "bash") == ShellWords((item,)) for item in items):
            return f'write "{",".join(items)}" and let the script split it, or let it read the list from SM_HPS'
    if len(matched.arrives.words) > 1 and isinstance(value, str) and not set(value) & set("'\"\\"):
        return "write it without blanks, let the option take several values (nargs='+'), or read it from SM_HPS"
    return "let the script read it from SM_HPS, where every value is whole"


@rule(WARNING, on=field("hyperparameters"), source=TOOLKIT + "/blob/v4.1.0/src/sagemaker_training/process.py (run)")
def arguments_lost_to_shell_script(written: Written, context: JobContext) -> Finding | None:
    """In some versions a shell script gets no arguments: `$@` is empty.

    The toolkits of TensorFlow 2.5 to 2.8 lose them. SM_HPS and SM_HP_<NAME> hold every hyperparameter.

    Bad:
        framework_version: "2.6"
        entry_point: train.sh
        source_dir: s3://bucket/code.tar.gz
        hyperparameters: {epochs: 3}

    Good:
        framework_version: "2.9"
        entry_point: train.sh
        source_dir: s3://bucket/code.tar.gz
        hyperparameters: {epochs: 3}
    """
    entry = context.job.entry_point or ""
    release = None if entry.endswith(".py") else context.holds
    if release is None or not written.value or release.program_arguments:
        return None
    return Finding(
        written.path,
        f"in the container of {release.name} '{entry}' gets no arguments",
        "let it read SM_HPS or SM_HP_<NAME>, start a Python file, or take a newer version",
        at_key=True,
    )


@rule(ERROR, on=CODE, source=_PROCESS)
def entry_point_changed_by_shell(code: JobCode, _: None) -> Finding | None:
    """The container's shell reads the entry point's name, too: `my train.py` is two words to it.

    A name with blanks, parentheses, quotes or the like never reaches Python as the name of the script. The name of a
    shell script, or of another program, is read by a shell in every container.

    Bad:
        entry_point: my train.py
        source_dir: s3://bucket/code.tar.gz
        ---
        entry_point: train(1).py
        source_dir: s3://bucket/code.tar.gz

    Good:
        entry_point: my-train.py
        source_dir: s3://bucket/code.tar.gz
    """
    entry = code.fields.entry_point
    if entry is None or code.choice.holds is None:
        return None
    read = shell_words(entry, code.choice.shell or ("" if entry.endswith(".py") else "dash"))
    if read == ShellWords((entry,)):
        return None
    if is_command_line(entry):
        script = next((word for word in entry.split() if word.endswith((".py", ".sh"))), "train.py")
        hint = f"write entry_point: {script}; the hyperparameters become its arguments"
        return Finding(("entry_point",), f"'{shown(entry)}' is a command line, not the name of a script", hint)
    becomes = read.harm or f"makes {' and '.join(map(repr, read.words)) or 'nothing'} of it"
    return Finding(
        ("entry_point",),
        f"the container's shell {becomes}: the name '{shown(entry)}' is not quoted there",
        "name the file with letters, digits, - and _",
    )


@rule(ERROR, on=CODE, source="execve(2), Interpreter scripts")
def shell_script_with_windows_line_ends(code: JobCode, _: None) -> Finding | None:
    r"""A script whose first line ends as Windows ends lines asks Linux for an interpreter that is not there.

    `#!/bin/sh\r\n` names the program `/bin/sh\r`. In git, `*.sh text eol=lf` in .gitattributes keeps such files right.

    Bad:
        entry_point: windows.sh

    Good:
        entry_point: linux.sh
    """
    folder, entry = code.source_folder, code.fields.entry_point
    if entry is None or not code.choice.script_mode or folder is None or entry.endswith(".py"):
        return None
    path = code.files.below(folder, entry)
    if not code.files.is_file(path):
        return None
    first = code.files.read(path, _MAX_PROGRAM).partition(b"\n")[0]
    if not (first.startswith(b"#!") and first.endswith(b"\r")):
        return None
    return Finding(
        ("entry_point",),
        f"the lines of '{entry}' end as on Windows, so Linux finds no program to run it with",
        f"save it with the line ends of Linux (sed -i 's/\\r$//' {entry})",
    )


_MAX_PROGRAM = 1_000_000
