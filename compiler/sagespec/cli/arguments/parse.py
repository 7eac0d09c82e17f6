"""Words → the command that they call, with its values. The forms are those of GNU getopt:

options may stand anywhere behind the command; `--name value` and `--name=value` are the same; `-qy` is `-q -y`; what
follows `--` is not an option; of an option that takes one value, the last holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sagespec.cli.arguments.parameter import Argument, Arguments, Option, Parameter
from sagespec.cli.codes import WrongUsage
from sagespec.cli.commands import COMMANDS, GROUPS, ProgramArguments


def parse(words: Sequence[str], environ: Mapping[str, str] = os.environ) -> Arguments:
    """What a command line says.

    Raises:
        WrongUsage: it does not say anything that can be carried out.
    """
    command: type[Arguments] = ProgramArguments
    values: dict[str, Any] = {}
    plain: list[str] = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word == "--" and command is not ProgramArguments:
            plain += reversed(rest)
            break
        if word[:1] == "-" and len(word) > 1 and word != "--":
            for option, value in _options(word, rest, command):
                if option.name == "help":
                    return COMMANDS["help"]({"words": command.command.split()})
                if option.name == "version":
                    return ProgramArguments({"version": True})
                values[option.name] = [*values.get(option.name, ()), value] if option.many else value
        elif command is not ProgramArguments:
            plain.append(word)
        elif word in GROUPS and (not rest or rest[-1] in ("-h", "--help")):
            return COMMANDS["help"]({"words": [word]})
        elif word != "--":
            command = _command(word, rest)
    _place(plain, command, values)
    _go_together(command, values)
    otherwise = {
        option.name: _value(option, environ[option.variable], option.variable, command)
        for option in command.options()
        if option.variable and environ.get(option.variable)
    }
    return command(values, otherwise)


def command_named(words: Sequence[str]) -> type[Arguments]:
    """The command of that name.

    Raises:
        WrongUsage: there is none.
    """
    rest = list(reversed(words))
    command = _command(rest.pop(), rest)
    if rest:
        raise WrongUsage(f"there is no command '{' '.join(words)}'", command="")
    return command


def _command(word: str, rest: list[str]) -> type[Arguments]:
    name = f"{word} {rest.pop()}" if word in GROUPS else word
    if name in COMMANDS:
        return COMMANDS[name]
    listed = [each.command for each in COMMANDS.values() if each.section]
    among = [each for each in listed if each.startswith(f"{word} ")] if word in GROUPS else listed
    from sagespec.cli.arguments.elsewhere import command_meant

    hint = command_meant(name) or _nearest(name, among)
    raise WrongUsage(f"there is no command '{name}'", hint, command=word if word in GROUPS else "")


def _options(word: str, rest: list[str], command: type[Arguments]) -> Iterator[tuple[Option[Any], Any]]:
    """The options that one word gives, with their values, which may be the word behind it."""
    if word.startswith("--"):
        name, given, value = word.partition("=")
        yield _option(name, command), _taken(_option(name, command), name, value if given else None, rest, command)
        return
    letters = word[1:]
    while letters:
        name, letters = f"-{letters[0]}", letters[1:]
        option = _option(name, command)
        if option.is_flag:
            yield option, True
        else:
            yield option, _taken(option, name, letters or None, rest, command)
            return


def _option(name: str, command: type[Arguments]) -> Option[Any]:
    options = command.options()
    found = next((each for each in options if name in (each.spelt, each.short)), None)
    if found is not None:
        return found
    owners = [each for each in COMMANDS.values() if each.section and name in [other.spelt for other in each.options()]]
    others = ", ".join(each.command for each in owners)
    if command is ProgramArguments:
        message, elsewhere = f"there is no option '{name}' before the command", f"write it after a command: {others}"
    else:
        message, elsewhere = f"sagespec {command.command} has no option '{name}'", f"it is an option of {others}"
    from sagespec.cli.arguments.elsewhere import option_meant

    known = [each.spelt for each in options]
    hint = option_meant(name, known) or (elsewhere if owners else _nearest(name, known))
    raise WrongUsage(message, hint, command=command.command)


def _taken(option: Option[Any], name: str, value: str | None, rest: list[str], command: type[Arguments]) -> Any:
    """The value of an option: its own part of the word, or the next word."""
    if option.is_flag:
        if value is not None:
            raise WrongUsage(f"{name} takes no value", command=command.command)
        return True
    if value is None:
        if not rest or _is_option(rest[-1]):
            behind = f", and {rest[-1]} is an option" if rest else ""
            raise WrongUsage(f"{name} needs a value: {option.metavar}{behind}", command=command.command)
        value = rest.pop()
    return _value(option, value, name, command)


def _is_option(word: str) -> bool:
    return word[:1] == "-" and len(word) > 1 and not word[1:].isdigit()


def _value(parameter: Parameter[Any], word: str, name: str, command: type[Arguments]) -> Any:
    if parameter.choices and word not in parameter.choices:
        known = ", ".join(parameter.choices)
        raise WrongUsage(
            f"{name}: '{word}' is not one of {known}", _nearest(word, parameter.choices), command=command.command
        )
    try:
        return parameter.read(word)
    except ValueError as error:
        raise WrongUsage(f"{name}: '{word}' is not {error}", command=command.command) from None


def _place(plain: list[str], command: type[Arguments], values: dict[str, Any]) -> None:
    """Gives the words that are not options to the command's arguments."""
    arguments = command.arguments()
    for argument in arguments:
        if plain and argument.many:
            values[argument.name] = [_value(argument, word, argument.metavar, command) for word in plain]
            plain = []
        elif plain:
            values[argument.name] = _value(argument, plain[0], argument.metavar, command)
            plain = plain[1:]
        elif argument.required:
            raise WrongUsage(f"sagespec {command.command} needs {_described(argument)}", command=command.command)
    if plain:
        takes = " ".join(each.metavar for each in arguments) or "no arguments"
        raise WrongUsage(
            f"'{plain[0]}' is one word too many: sagespec {command.command} takes {takes}", command=command.command
        )


def _described(argument: Argument[Any]) -> str:
    return f"{argument.metavar}: {argument.help[0].lower()}{argument.help[1:].rstrip('.')}"


def _go_together(command: type[Arguments], values: Mapping[str, Any]) -> None:
    for option in command.options():
        if option.name not in values:
            continue
        if option.needs and option.needs not in values:
            needed = getattr(command, option.needs).spelt
            raise WrongUsage(
                f"{option.spelt} needs {needed}", f"add {needed}, or leave {option.spelt} out", command=command.command
            )
        if option.excludes in values:
            other = getattr(command, option.excludes).spelt
            raise WrongUsage(f"{option.spelt} and {other} exclude each other", command=command.command)


def _nearest(word: str, names: Iterable[str]) -> str:
    from sagespec.catalog.near import near  # only a mistake needs it

    found = near(word, names)
    return f"did you mean '{found}'?" if found else ""
