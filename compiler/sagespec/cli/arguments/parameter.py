"""What commands are declared with: arguments, options, and commands.

A command is a class. Each argument and option of it is an attribute, declared once: the class is the declaration,
and an instance of it is what a command line says, with the values in the same attributes.

    class StopArguments(Arguments):
        names = several("JOB", "Jobs to stop.")
        wait = flag("Wait until they have ended.")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Generic, TypeVar, overload

from sagespec.cli.codes import Code

T = TypeVar("T")
Self = TypeVar("Self", bound="Parameter[Any]")


OPTIONS, GENERAL = "Options", "Options of every command"
"""Titles of the help: what a command has alone, and what all have."""


class Parameter(Generic[T]):
    """What an argument or an option is called, takes and means.

    Args:
        help: one or two sentences; the first letter is a capital, the end a full stop.
        metavar: what stands for the value in a usage line; nothing for a flag.
        default: the value where none is given.
        read: makes the value of a word; raises ValueError with what was expected.
        choices: the values that there are, or `module:NAME` of the collection that knows them, which is then only
            imported if it is needed.
        completes: what a shell may offer: names of `complete.SOURCES`.
    """

    def __init__(
        self,
        help: str,
        *,
        default: T,
        metavar: str = "",
        read: Callable[[str], Any] = str,
        choices: str | Sequence[str] = (),
        many: bool = False,
        completes: str = "",
    ) -> None:
        self.help, self.default, self.read = help, default, read
        self.many, self.completes = many, completes.split()
        self._metavar, self._choices = metavar, choices
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self: Self, given: None, owner: type) -> Self: ...
    @overload
    def __get__(self, given: Arguments, owner: type) -> T: ...
    def __get__(self: Parameter[T], given: Arguments | None, owner: type) -> Parameter[T] | T:
        if given is None:
            return self
        value: T = given.values.get(self.name, given.otherwise.get(self.name, self.default))
        return value

    @property
    def choices(self) -> tuple[str, ...]:
        if isinstance(self._choices, str):
            module, _, name = self._choices.partition(":")
            found = getattr(import_module(module), name)
            self._choices = tuple(found() if callable(found) else found)
        return tuple(self._choices)

    @property
    def metavar(self) -> str:
        return self._metavar or "|".join(self.choices)

    @property
    def spelt(self) -> str:
        """What is written: `PATH...`, `--env`."""
        return self.metavar


class Argument(Parameter[T]):
    """A word that is known by its place.

    Args:
        required: it cannot be left out.
    """

    def __init__(self, help: str, *, required: bool, **more: Any) -> None:
        super().__init__(help, **more)
        self.required = required


class Option(Parameter[T]):
    """A word that begins with `-`, and the value behind it.

    Args:
        short: one letter, as `-y`.
        is_flag: it takes no value.
        variable: the environment variable that gives the value where the option does not.
        needs: attribute of the option without which this one means nothing.
        excludes: attribute of the option beside which this one cannot stand.
        group: the title under which the help lists it.
    """

    def __init__(
        self,
        help: str,
        *,
        short: str = "",
        is_flag: bool = False,
        variable: str = "",
        needs: str = "",
        excludes: str = "",
        group: str = OPTIONS,
        **more: Any,
    ) -> None:
        super().__init__(help, **more)
        self.short, self.is_flag, self.variable = short, is_flag, variable
        self.needs, self.excludes, self.group = needs, excludes, group

    @property
    def spelt(self) -> str:
        return option_of(self.name)

    @property
    def usage(self) -> str:
        """As the help shows it: `-y, --yes`, `--env ENV`."""
        words = [f"{self.short}, {self.spelt}" if self.short else self.spelt]
        return " ".join(words if self.is_flag else [*words, self.metavar])


def option_of(name: str) -> str:
    """The option that an attribute is written as."""
    return f"--{name.replace('_', '-')}"


def flag(help: str, **more: Any) -> Option[bool]:
    return Option(help, default=False, is_flag=True, **more)


def text(metavar: str, help: str, **more: Any) -> Option[str | None]:
    return Option(help, default=None, metavar=metavar, **more)


def repeated(metavar: str, help: str, **more: Any) -> Option[Any]:
    """An option that may be given more than once."""
    return Option(help, default=(), metavar=metavar, many=True, **more)


def pair(word: str) -> tuple[str, str]:
    """NAME=VALUE, read."""
    name, given, value = word.partition("=")
    if not name or not given:
        raise ValueError("NAME=VALUE")
    return name, value


def moment(word: str) -> float:
    """A time, in seconds since 1970: so long ago, or a date with or without a time; local where it has no zone."""
    import time
    from datetime import datetime

    found = re.fullmatch(r"(\d+)([smhd])", word)
    if found:
        return time.time() - int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[found[2]]
    try:
        return datetime.fromisoformat(word.replace("Z", "+00:00")).timestamp()
    except ValueError:
        raise ValueError("30s, 10m, 2h or 1d, or a time such as 2026-11-28T22:00") from None


def file(metavar: str, help: str, **more: Any) -> Option[Path | None]:
    return Option(help, default=None, metavar=metavar, read=Path, completes="files", **more)


def folder(help: str, **more: Any) -> Option[Path | None]:
    return Option(help, default=None, metavar="DIR", read=Path, completes="folders", **more)


def choice(choices: str | Sequence[str], default: str, help: str, **more: Any) -> Option[str]:
    return Option(help, default=default, choices=choices, **more)


def number(metavar: str, help: str, *, default: int, least: int, most: int | None = None, **more: Any) -> Option[int]:
    """A whole number from `least` to `most`, both included."""
    expected = f"a whole number, {least} or more" if most is None else f"a whole number from {least} to {most}"

    def read(word: str) -> int:
        try:
            value = int(word)
        except ValueError:
            raise ValueError(expected) from None
        if value < least or (most is not None and value > most):
            raise ValueError(expected)
        return value

    return Option(help, default=default, metavar=metavar, read=read, **more)


def several(metavar: str, help: str, *, required: bool = True, **more: Any) -> Argument[list[str]]:
    """All words that are left."""
    return Argument(help, default=[], metavar=metavar, required=required, many=True, **more)


def one(metavar: str, help: str, **more: Any) -> Argument[str]:
    return Argument(help, default="", metavar=metavar, required=True, **more)


def optional(metavar: str, help: str, **more: Any) -> Argument[str | None]:
    return Argument(help, default=None, metavar=metavar, required=False, **more)


class Arguments:
    """A command, and (an instance of it) what was given to it.

    The docstring is its help: the first paragraph says what it does, and the first sentence alone stands in the list of
    commands.
    """

    command: ClassVar[str] = ""
    """As it is typed: `validate`, `local list`."""
    section: ClassVar[str] = ""
    """Where the list of commands has it; a command without one is not listed."""
    runs: ClassVar[str] = ""
    """The function that carries it out: `module:name`, the module below the package that declares the command."""
    exits: ClassVar[Mapping[Code, str]] = {}
    """What its exit codes mean, beside 0 and 2 where they mean what they always do."""
    examples: ClassVar[Sequence[tuple[str, str]]] = ()
    """(command line, what it does)."""

    starts_nothing: bool = False
    """Whether the process may end without ceremony: no thread, no connection, no temporary file is left."""

    quiet = flag("Results and errors only: no progress, no remarks.", short="-q", excludes="verbose", group=GENERAL)
    verbose = flag("Say which files were read for each job.", short="-v", group=GENERAL)
    help = flag("Show this help.", short="-h", group=GENERAL)

    def __init__(self, values: Mapping[str, Any], otherwise: Mapping[str, Any] = MappingProxyType({})) -> None:
        """
        Args:
            values: of what is written, by the attributes' names.
            otherwise: of what is not written but stands in the environment.
        """
        self.values, self.otherwise = values, otherwise

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and (other.values, other.otherwise) == (self.values, self.otherwise)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.values})"

    @classmethod
    def parameters(cls) -> list[Parameter[Any]]:
        """In the order of the help: the command's own first, then what it shares with others."""
        found: dict[str, Parameter[Any]] = {}
        for base in cls.__mro__:
            for name, value in vars(base).items():
                if isinstance(value, Parameter):
                    found.setdefault(name, value)
        return list(found.values())

    @classmethod
    def arguments(cls) -> list[Argument[Any]]:
        return [each for each in cls.parameters() if isinstance(each, Argument)]

    @classmethod
    def options(cls) -> list[Option[Any]]:
        return [each for each in cls.parameters() if isinstance(each, Option)]

    def carry_out(self) -> int:
        """Does what was asked for; the exit code comes back."""
        module, _, name = self.runs.partition(":")
        return int(getattr(import_module(f"{self.__module__}.{module}"), name)(self))
