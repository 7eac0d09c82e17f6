"""The help: made of the commands' classes, as wide as the terminal, at most as wide as one reads with ease."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sagespec.cli.arguments.parameter import OPTIONS, Arguments, Option, Parameter
from sagespec.cli.codes import Code
from sagespec.cli.commands import COMMANDS, GROUPS, ProgramArguments
from sagespec.reporting.terminal.style import Style

NARROWEST, WIDEST, USUAL = 40, 100, 80
COLUMN = 30
"""Where explanations begin at the latest; a longer word has its explanation on the next line."""

ALWAYS: Mapping[Code, str] = {Code.FINE: "fine", Code.WRONG_USAGE: "wrong usage"}
"""What these exit codes mean where a command does not say it otherwise."""

Row = tuple[str, str]


def help_of(command: type[Arguments], style: Style, width: int) -> Iterator[str]:
    """The help of one command, or (for `Program`) of all; lines without line ends."""
    yield f"{style.bold('Usage:')} {usage(command)}"
    for paragraph in paragraphs(command):
        yield ""
        yield from wrapped(paragraph, width)
    for title, rows in sections(command):
        yield ""
        yield style.bold(f"{title}:")
        yield from table(rows, width, style)
    if command is ProgramArguments:
        yield ""
        yield "sagespec COMMAND --help explains a command."


def help_of_group(word: str, style: Style, width: int) -> Iterator[str]:
    """The help of a word that several commands begin with."""
    yield f"{style.bold('Usage:')} sagespec {word} COMMAND"
    yield ""
    yield GROUPS[word]
    yield ""
    yield style.bold("Commands:")
    yield from table(
        [(name, summary(each)) for name, each in COMMANDS.items() if name.startswith(f"{word} ")], width, style
    )


def usage(command: type[Arguments]) -> str:
    if command is ProgramArguments:
        return "sagespec [OPTIONS] COMMAND"
    words = [each.metavar if each.required else f"[{each.metavar}]" for each in command.arguments()]
    return " ".join(["sagespec", command.command, "[OPTIONS]", *words])


def summary(command: type[Arguments]) -> str:
    """The first sentence of what a command does."""
    return next(paragraphs(command)).partition(". ")[0].removesuffix(".") + "."


def paragraphs(command: type[Arguments]) -> Iterator[str]:
    """What a command does, a line a paragraph."""
    for block in (command.__doc__ or "").strip().split("\n\n"):
        yield " ".join(block.split())


def sections(command: type[Arguments]) -> Iterator[tuple[str, list[Row]]]:
    """(title, rows) of everything that the help lists."""
    if command is ProgramArguments:
        for section in dict.fromkeys(each.section for each in COMMANDS.values() if each.section):
            yield section, [(name, summary(each)) for name, each in COMMANDS.items() if each.section == section]
    arguments = command.arguments()
    if arguments:
        yield "Arguments", [(each.metavar, explained(each)) for each in arguments]
    options = command.options()
    for group in dict.fromkeys((OPTIONS, *(each.group for each in options))):
        rows = [(indented(each), explained(each)) for each in options if each.group == group]
        if rows:
            yield group, rows
    if command.examples:
        yield "Examples", list(command.examples)
    if command is not ProgramArguments:
        yield "Exit codes", [(str(int(code)), words) for code, words in exits(command).items()]


def exits(command: type[Arguments]) -> dict[Code, str]:
    return dict(sorted({**ALWAYS, **command.exits}.items()))


def indented(option: Option[Any]) -> str:
    return option.usage if option.short else f"    {option.usage}"


def explained(parameter: Parameter[Any], *, default: bool = True) -> str:
    """What a parameter means, and what its name does not say; and its default, if it is asked for."""
    remarks = []
    if parameter.choices and parameter.metavar != "|".join(parameter.choices):
        remarks.append(f"one of {', '.join(parameter.choices)}")
    if isinstance(parameter, Option):
        if parameter.needs:
            remarks.append(f"needs --{parameter.needs}")
        if parameter.variable:
            remarks.append(f"environment variable: {parameter.variable}")
    if parameter.many and isinstance(parameter, Option):
        remarks.append("may be repeated")
    if default and parameter.default not in (None, False, "", 0) and not parameter.many:
        remarks.append(f"default: {parameter.default}")
    return f"{parameter.help} [{'; '.join(remarks)}]" if remarks else parameter.help


def table(rows: Iterable[Row], width: int, style: Style) -> Iterator[str]:
    """Words and their explanations, in two columns."""
    rows = list(rows)
    column = min(max(len(word) for word, _ in rows) + 4, COLUMN, width // 2)
    for word, text in rows:
        lines = list(wrapped(text, width - column)) or [""]
        if len(word) + 4 > column:
            yield f"  {style.cyan(word)}"
        else:
            yield f"  {style.cyan(word)}{' ' * (column - 2 - len(word))}{lines.pop(0)}".rstrip()
        for line in lines:
            yield f"{' ' * column}{line}"


def wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of at most `width` characters, where words allow it."""
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            if line and len(line) + 1 + len(word) > width:
                yield line
                line = word
            else:
                line = f"{line} {word}" if line else word
        yield line


def width_of_terminal(environ: Mapping[str, str] = os.environ) -> int:
    """Columns to write in: COLUMNS, else the terminal's, else 80; never so many that lines are hard to read."""
    given = environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        columns = int(given)
    else:
        try:
            columns = os.get_terminal_size(sys.stdout.fileno()).columns or USUAL
        except (OSError, ValueError, AttributeError):
            columns = USUAL
    return max(NARROWEST, min(columns, WIDEST))
