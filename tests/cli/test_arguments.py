"""The declarations of commands, and what is made of them: parsing, help, completion in shells."""

from __future__ import annotations

import argparse
import inspect
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import REPOSITORY, SMALLEST
from sagespec.cli import run
from sagespec.cli.arguments.complete import SOURCES, offers
from sagespec.cli.arguments.help import WIDEST, help_of, usage, width_of_terminal
from sagespec.cli.arguments.parameter import Arguments, Option
from sagespec.cli.arguments.parse import parse
from sagespec.cli.arguments.shells import SCRIPTS
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands import COMMANDS, GROUPS, ProgramArguments
from sagespec.cli.commands.checking import ValidateArguments
from sagespec.cli.commands.deploying import ApplyArguments
from sagespec.cli.commands.reference import HelpArguments
from sagespec.kinds.explained import explained
from sagespec.reporting.findings.diagnostics import FORMATS
from sagespec.reporting.scaffold import TEMPLATES
from sagespec.reporting.terminal.style import Style

LISTED = [command for command in COMMANDS.values() if command.section]
EVERY = [ProgramArguments, *COMMANDS.values()]


def names(commands: Sequence[type[Arguments]]) -> list[str]:
    return [command.command or "sagespec" for command in commands]


# The declarations


def test_a_command_stands_under_its_own_name() -> None:
    assert names(list(COMMANDS.values())) == list(COMMANDS)


@pytest.mark.parametrize("command", EVERY, ids=names(EVERY))
def test_every_command_is_carried_out_by_a_function_that_takes_what_was_given_to_it(command: type[Arguments]) -> None:
    module, _, name = command.runs.partition(":")
    function = getattr(import_module(f"{command.__module__}.{module}"), name)
    (parameter,) = inspect.signature(function).parameters
    assert get_type_hints(function)[parameter] is command


@pytest.mark.parametrize("command", EVERY, ids=names(EVERY))
def test_a_command_names_only_what_there_is(command: type[Arguments]) -> None:
    options = {option.name: option for option in command.options()}
    spelt = [word for option in options.values() for word in (option.spelt, option.short) if word]
    assert len(spelt) == len(set(spelt))
    for option in options.values():
        assert {option.needs, option.excludes} - {""} <= set(options)
        assert option.name != option.needs
    for parameter in command.parameters():
        assert set(parameter.completes) <= set(SOURCES)
        assert re.fullmatch(r"[A-Z-].*(\.|…)", parameter.help, re.DOTALL)
        if isinstance(parameter, Option) and parameter.choices:
            assert parameter.default in parameter.choices
    assert all(not argument.many for argument in command.arguments()[:-1])


@pytest.mark.parametrize("command", EVERY, ids=names(EVERY))
def test_every_example_of_the_help_is_a_command_line(command: type[Arguments]) -> None:
    assert command.examples or len(command.options()) <= 4
    for line, meaning in command.examples:
        words = line.removeprefix("source <(").rstrip(")").partition(" |")[0].partition(" >")[0].split()
        assert (words[0], bool(meaning)) == ("sagespec", True)
        made = parse(words[1:], {})
        assert command is ProgramArguments or type(made) is command


def test_every_template_can_be_asked_for() -> None:
    assert sorted(TEMPLATES) == sorted(path.name for path in (REPOSITORY / "templates" / "init").iterdir())


# Parsing

PLAIN = ["a.yaml", "b", "-", "", "text", "2"]


def as_argparse(command: type[Arguments]) -> argparse.ArgumentParser:
    """The same command as the standard library's parser knows it."""
    parser = argparse.ArgumentParser(allow_abbrev=False, add_help=False)
    for argument in command.arguments():
        nargs = ("+" if argument.required else "*") if argument.many else None if argument.required else "?"
        parser.add_argument(argument.name, nargs=nargs, type=argument.read, choices=argument.choices or None)
    for option in command.options():
        flags = [word for word in (option.short, option.spelt) if word]
        if option.is_flag:
            parser.add_argument(*flags, dest=option.name, action="store_true", default=None)
        else:
            action = "append" if option.many else "store"
            parser.add_argument(
                *flags, dest=option.name, action=action, type=option.read, choices=option.choices or None
            )
    return parser


def command_lines(command: type[Arguments]) -> st.SearchStrategy[list[str]]:
    options = [option for option in command.options() if option.name != "help"]
    flags = [word for option in options for word in (option.spelt, option.short) if word]
    values = [choice for option in options for choice in option.choices] + ["a=b", "paper", "0"]
    joined = [f"{option.spelt}=x" for option in options]
    letters = [f"-{a.short[1]}{b.short[1]}" for a in options for b in options if a.short and b.short]
    return st.lists(st.sampled_from(flags + values + joined + letters + PLAIN + ["--no-such"]), max_size=7)


@settings(max_examples=300)
@given(data=st.data())
def test_a_command_line_means_what_argparse_reads_in_it(data: st.DataObject) -> None:
    command = data.draw(st.sampled_from([each for each in LISTED if each is not HelpArguments]))
    words = data.draw(command_lines(command))
    try:
        theirs: dict[str, Any] | None = vars(as_argparse(command).parse_intermixed_args(words))
        go_together = all(
            theirs[option.name] is None
            or ((not option.needs or theirs[option.needs]) and not (option.excludes and theirs[option.excludes]))
            for option in command.options()
        )
    except SystemExit:
        theirs, go_together = None, True
    try:
        ours: Arguments | None = parse([*command.command.split(), *words], {})
    except WrongUsage:
        ours = None
    if not go_together:  # argparse has no word for this
        assert ours is None
        return
    assert (ours is None) == (theirs is None)
    if ours is not None and theirs is not None:
        assert ours.values == {name: value for name, value in theirs.items() if value not in (None, [])}


def test_what_follows_two_dashes_is_not_an_option() -> None:
    assert parse(["validate", "--fix", "--", "--strict", "--"], {}).values == {"fix": True, "paths": ["--strict", "--"]}


@pytest.mark.parametrize("words", ["-q validate a", "validate -q a", "validate a --quiet"])
def test_how_much_is_reported_may_be_said_anywhere(words: str) -> None:
    assert parse(words.split(), {}) == ValidateArguments({"quiet": True, "paths": ["a"]})


def test_the_environment_gives_what_is_not_written() -> None:
    world = {"SAGESPEC_ENV": "prod"}
    for words, environ, expected in (
        ("validate a", world, "prod"),
        ("validate a --env dev", world, "dev"),
        ("validate a", {"SAGESPEC_ENV": ""}, None),
        ("validate a", {}, None),
    ):
        found = parse(words.split(), environ)
        assert isinstance(found, ValidateArguments)
        assert found.env == expected


def test_a_parse_result_has_the_values_and_the_defaults() -> None:
    given = parse(["apply", "jobs", "--local", "--interrupt", "2", "--set", "a=b=c"], {})
    assert isinstance(given, ApplyArguments)
    assert (given.paths, given.local, given.interrupt, given.set) == (["jobs"], True, 2, [("a", "b=c")])
    assert (given.executor, given.format, given.outputs, given.yes, given.allow) == ("process", "text", None, False, ())


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("aply x", "there is no command 'aply'", "did you mean 'apply'? (sagespec --help)"),
        ("local lst", "there is no command 'local lst'", "did you mean 'local list'? (sagespec local --help)"),
        ("help aply", "there is no command 'aply'", "did you mean 'apply'? (sagespec --help)"),
        (
            "apply --lokal x",
            "sagespec apply has no option '--lokal'",
            "did you mean '--local'? (sagespec apply --help)",
        ),
        (
            "status --rerun x",
            "sagespec status has no option '--rerun'",
            "it is an option of plan, apply (sagespec status --help)",
        ),
        (
            "--fix validate x",
            "there is no option '--fix' before the command",
            "write it after a command: validate (sagespec --help)",
        ),
        (
            "validate --format jsn x",
            f"--format: 'jsn' is not one of {', '.join(FORMATS)}",
            "did you mean 'json'? (sagespec validate --help)",
        ),
        (
            "init --template karas",
            f"--template: 'karas' is not one of {', '.join(TEMPLATES)}",
            "did you mean 'keras'? (sagespec init --help)",
        ),
        (
            "plan --out --local x",
            "--out needs a value: FILE, and --local is an option",
            "sagespec plan --help says what there is",
        ),
        ("plan --local=yes x", "--local takes no value", "sagespec plan --help says what there is"),
        (
            "tensorboard x --port http",
            "--port: 'http' is not a whole number from 1 to 65000",
            "sagespec tensorboard --help says what there is",
        ),
        ("plan --set bucket x", "--set: 'bucket' is not NAME=VALUE", "sagespec plan --help says what there is"),
        (
            "stop",
            "sagespec stop needs NAME-OR-PATH...: names of jobs or endpoints, or the manifests that describe them",
            "sagespec stop --help says what there is",
        ),
        (
            "explain a b c",
            "'c' is one word too many: sagespec explain takes RULE-FIELD-or-FILE FIELD",
            "sagespec explain --help says what there is",
        ),
        (
            "apply --provision x",
            "--provision needs --local",
            "add --local, or leave --provision out (sagespec apply --help)",
        ),
        (
            "apply --executor process x",
            "--executor needs --local",
            "add --local, or leave --executor out (sagespec apply --help)",
        ),
        (
            "compile --out d --jsonl x",
            "--out and --jsonl exclude each other",
            "sagespec compile --help says what there is",
        ),
        ("-qv rules", "--quiet and --verbose exclude each other", "sagespec rules --help says what there is"),
    ],
)
def test_wrong_usage_is_reported_with_what_to_write_instead(
    words: str, message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words.split()) == Code.WRONG_USAGE
    assert capsys.readouterr() == ("", f"error: {message}\n = help: {hint}\n")


@pytest.mark.parametrize(
    ("words", "named"), [("--allow no-such good.yaml", "validate"), ("--fix - a.yaml", "validate")]
)
def test_wrong_usage_that_a_command_finds_names_its_help_too(
    words: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([named, *words.split()]) == Code.WRONG_USAGE
    assert f"sagespec {named} --help" in capsys.readouterr().err


# The help


@pytest.mark.parametrize("command", LISTED, ids=names(LISTED))
@pytest.mark.parametrize("width", [40, 80, 100])
def test_the_help_is_as_wide_as_the_terminal_and_names_everything(command: type[Arguments], width: int) -> None:
    lines = list(help_of(command, Style(), width))
    whole = "\n".join(lines)
    assert lines[0] == f"Usage: {usage(command)}"
    assert all(parameter.spelt in whole for parameter in command.parameters())
    assert f"{int(Code.WRONG_USAGE)}  wrong usage" in whole
    whole_words = {*(option.usage for option in command.options()), *(line for line, _ in command.examples)}
    wide = {line.strip() for line in lines[1:] if len(line) > width and " " in line.strip()}
    assert wide <= whole_words


def test_the_list_of_commands_has_them_all_with_their_first_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == run(["--help"]) == run(["-h"]) == run(["help"]) == Code.FINE
    shown = capsys.readouterr().out
    for command in LISTED:
        assert len(re.findall(rf"^  {command.command} +[A-Z]", shown, re.MULTILINE)) == 4
    assert "__complete" not in shown


@pytest.mark.parametrize("words", ["local clean --help", "local clean -h", "help local clean", "local clean x --help"])
def test_the_help_of_a_command_can_be_asked_for_in_each_usual_way(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words.split()) == Code.FINE
    assert capsys.readouterr().out.startswith("Usage: sagespec local clean [OPTIONS] [JOB...]\n")


@pytest.mark.parametrize("words", ["local", "local --help", "help local"])
def test_a_group_of_commands_has_a_help(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words.split()) == Code.FINE
    shown = capsys.readouterr().out
    assert all(text in shown for text in (GROUPS["local"], "local list", "local clean"))


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    run(["plan", "--help"])
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    run(["plan", "--help"])
    assert "\x1b[1mUsage:\x1b[0m" in capsys.readouterr().out


def test_the_width_is_what_the_shell_says_and_never_too_much() -> None:
    assert [width_of_terminal({"COLUMNS": columns}) for columns in ("60", "0", "x", "9", "500")] == [
        *(60, 80, 80, 40),
        WIDEST,
    ]


# Completion


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "mnist.yaml").write_text(json.dumps(SMALLEST))
    (tmp_path / "with space.yaml").write_text("")
    (tmp_path / "jobs").mkdir()
    (tmp_path / "sagespec.yaml").write_text(
        "apiVersion: sagespec/v1\nkind: Defaults\nvars: {bucket: b}\nenvironments: {dev: {}, prod: {}}\n"
    )
    job = tmp_path / ".sagespec" / "local" / "mnist-12345678"
    job.mkdir(parents=True)
    (job / "request.json").write_text("{}")
    return tmp_path


def offered(*words: str) -> list[str]:
    return [offer.word for offer in offers(words)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["va"], ["validate"]),
        (["-q", "va"], ["validate"]),
        (["lo"], ["logs", "local"]),
        (["local", ""], ["list", "clean"]),
        (["help", "va"], ["validate"]),
        (["validate", ""], [":files"]),
        (["validate", "--fi"], ["--fix"]),
        (["validate", "--fix", "--fi"], []),
        (["validate", "--allow", "x", "--al"], ["--allow"]),
        (["validate", "--", "--fi"], [":files"]),
        (["validate", "--format", ""], list(FORMATS)),
        (["validate", "--format=j"], ["--format=json", "--format=junit"]),
        (["validate", "--allow", "spot-without"], [each for each in explained() if each.startswith("spot-without")]),
        (["plan", "--env", ""], ["dev", "prod"]),
        (["plan", "--set", ""], ["bucket="]),
        (["plan", "--out", "x"], [":files"]),
        (["compile", "--out", ""], [":folders"]),
        (["init", ""], [":folders"]),
        (["init", "--template", "ke"], ["keras"]),
        (["apply", "--executor", ""], ["process", "docker"]),
        (["explain", "spot-without-max"], ["spot-without-max-wait", ":files"]),
        (["explain", "mnist.yaml", "instance_t"], ["instance_type"]),
        (["explain", "mnist.yaml", "x", ""], []),
        (["status", "mn"], ["mnist-12345678", ":files"]),
        (["local", "clean", ""], ["mnist-12345678"]),
        (["completion", ""], list(SCRIPTS)),
        (["rules", ""], []),
        (["no-such", ""], []),
    ],
)
def test_what_a_shell_may_offer(folder: Path, words: list[str], expected: list[str]) -> None:
    assert offered(*words) == expected


@settings(max_examples=200)
@given(
    words=st.lists(
        st.sampled_from(["apply", "local", "clean", "--set", "--", "-", "--env=", "-q", "x", ""]), max_size=6
    )
)
def test_whatever_is_typed_completion_answers(words: list[str]) -> None:
    for offer in offers(words):
        assert offer.word


SHELLS = {
    "bash": (["bash", "--norc", "-i"], "source <(sagespec completion bash)"),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit; compinit -D -u; source <(sagespec completion zsh)"),
    "fish": (["fish", "--no-config", "-i"], "sagespec completion fish | source"),
}


def completed(shell: str, line: str) -> str:
    """What a real shell on a terminal makes of a line when the tab key is pressed at its end."""
    command, setup = SHELLS[shell]
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    if shell == "fish":  # its own question, without a terminal
        ended = subprocess.run(
            ["fish", "--no-config", "-c", f"{setup}; complete -C {line!r}"],
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path},
        )
        (found,) = ended.stdout.splitlines()
        return f"{line.rpartition(' ')[0]} {found.partition(chr(9))[0]}"
    child, terminal = pty.fork()
    if not child:
        os.environ.update(PATH=path, TERM="dumb", PS1="$ ")
        os.execvp(command[0], command)
    try:
        os.write(terminal, f"{setup}; echo RE''ADY\n".encode())
        until(terminal, "READY")
        os.write(terminal, line.encode() + b"\t\x01printf '<%s>' \x05\n")  # to the line's start, and to its end
        return re.sub(r"<([^>]*)>", r"\1 ", until(terminal, r"<sagespec>(<[^>]*>)*")).strip()
    finally:
        os.close(terminal)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def until(terminal: int, pattern: str) -> str:
    """What a pattern finds in what a terminal shows, within a minute."""
    shown, end = "", time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            shown += os.read(terminal, 4096).decode(errors="replace")
        elif found := re.search(pattern, shown):
            return found[0]
    raise AssertionError(f"the shell did not answer: {shown!r}")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sagespec vali", "validate"),
        ("sagespec local cl", "clean"),
        ("sagespec validate --fi", "--fix"),
        ("sagespec validate m", "mnist.yaml"),
        ("sagespec compile --out jo", "jobs"),
        ("sagespec plan --env p", "prod"),
        ("sagespec plan --set ", "bucket="),
        ("sagespec validate --format=js", "--format=json"),
        ("sagespec local clean mn", "mnist-12345678"),
    ],
)
def test_shells_complete(folder: Path, shell: str, line: str, expected: str) -> None:
    assert completed(shell, line).rstrip("/") == f"{line.rpartition(' ')[0]} {expected}"


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_script_of_a_shell_is_one_that_it_can_read(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    script = tmp_path / "script"
    script.write_text(SCRIPTS[shell])
    assert subprocess.run([shell, "-n", script], capture_output=True, text=True).stderr == ""
