"""The hyperparameters that reach a script as its arguments, and the options that take them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.base.source import Path, Place
from sagespec.checking.subject import Shared
from sagespec.kinds.training_job.shell import ShellWords, shell_words
from sagespec.scripts import DeclaredArguments, Script
from sagespec.scripts.options import DeclaredOption

_LONG = 100
"""Characters of a value that hardly two jobs have in common."""


class Passed(Shared):
    """A hyperparameter that reaches the script as an argument."""

    __slots__ = ("arrives", "is_changed", "is_nested", "name", "path", "shell", "text", "value")

    def __init__(self, name: str, value: Any, text: str, shell: str) -> None:
        """
        Args:
            text: the argument that the container makes of the value.
            shell: what reads the command line in the container; empty where no shell does.
        """
        super().__init__()
        self.path: Path = ("hyperparameters", name)
        self.name = name
        self.value = value
        self.text = text
        self.shell = shell
        self.arrives: ShellWords = shell_words(text, shell)
        """What is left of the argument behind the shell."""
        self.is_nested = isinstance(value, dict | list)
        self.is_changed = self.arrives != ShellWords((text,))


def as_passed(name: str, value: Any, shell: str) -> Passed:
    """A hyperparameter as it is passed, one for all jobs that pass the same."""
    text = as_argument(value)
    if len(text) > _LONG:
        return Passed(name, value, text, shell)
    try:
        return _shared(name, value, text, shell)
    except TypeError:  # a list or a map, which has no hash
        return Passed(name, value, text, shell)


_shared = lru_cache(maxsize=1_024, typed=True)(Passed)


class Matched(Shared):
    """A hyperparameter that is passed, and the declared argument that certainly takes it."""

    __slots__ = ("arrives", "is_changed", "line", "name", "option", "path", "shell", "text", "value")

    def __init__(self, given: Passed, option: DeclaredOption, line: CommandLine) -> None:
        super().__init__()
        self.path = given.path
        self.name = given.name
        self.value = given.value
        self.text = given.text
        self.shell = given.shell
        self.arrives = given.arrives
        self.is_changed = given.is_changed
        self.option = option
        self.line = line

    @property
    def declared(self) -> Place:
        """Where the script declares it."""
        return self.line.script.place(self.option.piece)


class Unmatched(NamedTuple):
    """A hyperparameter that is passed, and that no declared argument certainly takes."""

    path: Path
    name: str
    options: tuple[DeclaredOption, ...]
    """Those that it may be short for, if there are several."""
    line: CommandLine | None
    """None where the script does not look at its arguments."""


class CommandLine:
    """The arguments that a training script declares."""

    def __init__(self, script: Script, takes: DeclaredArguments) -> None:
        self.script = script
        self.takes = takes
        self.taken: Callable[[Passed], Matched | Unmatched] = lru_cache(maxsize=512)(self._taken)
        """What becomes of a hyperparameter, one for all jobs that pass the same to the same script."""
        certain = takes.certain and not takes.subcommands
        self.insisted = [one for one in takes.options if certain and one.certain and one.action and one.insists]
        """What every run has to be given."""

    def _taken(self, given: Passed) -> Matched | Unmatched:
        options = self.takes.match(option_of(given.name))
        if len(options) == 1:
            return Matched(given, options[0], self)
        return Unmatched(given.path, given.name, tuple(options), self)


def option_of(name: str) -> str:
    """How a hyperparameter is spelt on the command line."""
    return f"-{name}" if len(name) == 1 else f"--{name}"


def as_argument(value: Any) -> str:
    """A hyperparameter's value as an argument: as Python prints it, nothing for null, `k=v,…` for a map."""
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return "" if value is None else str(value)
