"""What may stand where a command line is being typed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.cli.arguments.help import summary
from sagespec.cli.arguments.parameter import Arguments, Option, Parameter
from sagespec.cli.commands import COMMANDS, GROUPS, ProgramArguments


class Offer(NamedTuple):
    """A word that may stand there, and what it means; `:files` and `:folders` are any file's, any folder's name."""

    word: str
    meaning: str = ""


def offers(words: Sequence[str]) -> Iterator[Offer]:
    """What the last of the words, which is unfinished, may become."""
    *before, current = words or [""]
    command, typed = _command(before)
    if command is None:
        yield from _beginning(current, _commands(before))
        if not before:
            yield from _beginning(current, _options(ProgramArguments, (), current))
        return
    ended = "--" in typed
    option = None if ended or not typed else _option(command, typed[-1])
    if option is not None and not option.is_flag:
        yield from _values(option, current)
    elif not ended and current.startswith("--") and "=" in current:
        name, _, value = current.partition("=")
        option = _option(command, name)
        for offer in _values(option, value) if option is not None else ():
            yield offer if offer.word.startswith(":") else Offer(f"{name}={offer.word}", offer.meaning)
    elif not ended and current.startswith("-"):
        yield from _beginning(current, _options(command, typed, current))
    else:
        argument = _argument(command, typed)
        if argument is not None:
            yield from _values(argument, current, typed)


def _command(words: Sequence[str]) -> tuple[type[Arguments] | None, list[str]]:
    """The command that is called, and the words behind it."""
    plain = [number for number, word in enumerate(words) if not word.startswith("-")]
    for count in (2, 1):
        name = " ".join(words[number] for number in plain[:count])
        if len(plain) >= count and name in COMMANDS:
            return COMMANDS[name], list(words[plain[count - 1] + 1 :])
    return None, []


def _commands(before: Sequence[str]) -> Iterator[Offer]:
    """Commands, or what a group of them goes on with."""
    plain = [word for word in before if not word.startswith("-")]
    if plain and plain[0] in GROUPS:
        for name, command in COMMANDS.items():
            if name.startswith(f"{plain[0]} "):
                yield Offer(name.partition(" ")[2], summary(command))
    elif not plain:
        yield from (Offer(n, summary(c)) for n, c in COMMANDS.items() if c.section and " " not in n)
        yield from (Offer(word, about) for word, about in GROUPS.items())


def _options(command: type[Arguments], typed: Sequence[str], current: str) -> Iterator[Offer]:
    """The options that are not there yet, or may be repeated."""
    given = {option.name for word in typed if (option := _option(command, word)) is not None}
    for option in command.options():
        if option.name not in given or option.many:
            yield Offer(option.spelt, option.help)
            if option.short and current == option.short:
                yield Offer(option.short, option.help)


def _option(command: type[Arguments], word: str) -> Option[Any] | None:
    return next((each for each in command.options() if word and word in (each.spelt, each.short)), None)


def _argument(command: type[Arguments], typed: Sequence[str]) -> Parameter[Any] | None:
    """The argument whose turn it is."""
    count, skip, ended = 0, False, False
    for word in typed:
        option = None if ended else _option(command, word)
        if skip:
            skip = False
        elif word == "--" and not ended:
            ended = True
        elif option is not None:
            skip = not option.is_flag
        elif ended or not word.startswith("-") or word == "-":
            count += 1
    arguments = command.arguments()
    if arguments and arguments[-1].many:
        return arguments[min(count, len(arguments) - 1)]
    return arguments[count] if count < len(arguments) else None


def _values(parameter: Parameter[Any], current: str, typed: Sequence[str] = ()) -> Iterator[Offer]:
    found = [Offer(word) for word in parameter.choices]
    for source in parameter.completes:
        found += SOURCES[source](typed)
    yield from _beginning(current, found)


def _beginning(current: str, found: Iterable[Offer]) -> Iterator[Offer]:
    for offer in found:
        if offer.word.startswith((":", current)) if current else True:
            yield offer


def _rules(_typed: Sequence[str]) -> Iterator[Offer]:
    from sagespec.kinds.explained import explained  # completion of anything else does not need it

    for name, page in explained().items():
        yield Offer(name, page.summary)


def _defaults() -> Iterator[Mapping[str, Any]]:
    """The documents of defaults that hold in this folder, the nearest one first."""
    from sagespec.base.files import Files
    from sagespec.reading.render import Defaults  # completion of anything else does not need it

    for document in Defaults(Files()).above(Path.cwd()):
        if isinstance(document.data, dict):
            yield document.data


def _environments(_typed: Sequence[str]) -> Iterator[Offer]:
    for data in _defaults():
        environments = data.get("environments")
        yield from (Offer(str(name)) for name in (environments if isinstance(environments, dict) else ()))


def _variables(_typed: Sequence[str]) -> Iterator[Offer]:
    for data in _defaults():
        variables = data.get("vars")
        yield from (Offer(f"{name}=") for name in (variables if isinstance(variables, dict) else ()))


def _fields(_typed: Sequence[str]) -> Iterator[Offer]:
    from sagespec.kinds import KINDS, kind_named  # completion of anything else does not need them

    yield from map(Offer, dict.fromkeys(field for kind in KINDS for field in kind_named(kind).model.fields))


def _jobs(_typed: Sequence[str]) -> Iterator[Offer]:
    """Those on this machine: to ask the service takes longer than a shell may wait."""
    from sagespec.cli.services import project_folder  # it reaches for the compiler

    folder = project_folder() / "local"
    if folder.is_dir():
        yield from (Offer(name) for name in sorted(os.listdir(folder)) if (folder / name / "request.json").exists())  # noqa: PTH208


def _names(typed: Sequence[str]) -> Iterator[Offer]:
    yield from _commands(typed)


SOURCES: Mapping[str, Callable[[Sequence[str]], Iterable[Offer]]] = {
    "files": lambda _: [Offer(":files")],
    "folders": lambda _: [Offer(":folders")],
    "commands": _names,
    "rules": _rules,
    "environments": _environments,
    "variables": _variables,
    "fields": _fields,
    "jobs": _jobs,
}
"""What an argument or option `completes` with."""
