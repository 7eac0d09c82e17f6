"""The options of a program's command line, whatever library reads it, and how sure they are."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.scripts.syntax import Piece

NO_VALUE = frozenset(
    {"store_true", "store_false", "store_const", "append_const", "count", "help", "version", "boolean"}
)
TAKES_VALUE = frozenset({"store", "append", "extend"})


class DeclaredOption(NamedTuple):
    """One `add_argument`."""

    flags: tuple[str, ...]
    """`--epochs`, `-e`; none of a positional argument."""
    name: str
    """The longest flag, or the positional argument's name."""
    action: str
    """argparse's word (`boolean`: BooleanOptionalAction); nothing where it is not known."""
    type: str
    """`int`, `float`, `bool`, `str`, `path`, `json`, `literal`; nothing where it is something else."""
    choices: tuple[Any, ...] | None
    nargs: int | str | None
    """None: one value. `unknown`: who knows."""
    required: bool
    certain: bool
    """Every run declares it."""
    piece: Piece
    variable: str = ""
    """The environment variable that is its default."""

    @property
    def positional(self) -> bool:
        return not self.flags

    @property
    def insists(self) -> bool:
        """It may want to be given, whatever else is."""
        return self.required or not self.flags

    @property
    def takes_none(self) -> bool:
        """A value on the command line is too much for it."""
        return self.action in NO_VALUE

    @property
    def wants_values(self) -> int:
        """How many values argparse insists on, at least; 0 where it can do without any."""
        if self.action in NO_VALUE or self.nargs in ("?", "*", "...", "A...", "unknown"):
            return 0
        return self.nargs if isinstance(self.nargs, int) else 1


class _DeclaredArguments(NamedTuple):
    options: tuple[DeclaredOption, ...]
    complete: bool
    """No option can be missing here."""
    strict: bool
    """What is not declared is refused (`parse_args`)."""
    forgets: bool
    """What is not declared is read by nobody (`parse_known_args`, and the rest is thrown away)."""
    certain: bool
    """Every run parses."""
    abbreviations: bool
    subcommands: bool
    """There are parsers that only a word on the command line reaches."""
    parses: Piece
    """The call that parses."""
    library: str = "argparse"
    """What reads the command line."""
    borrowed: tuple[str, ...] = ()
    """Classes of other libraries whose fields are options too: `transformers.TrainingArguments`."""
    below: tuple[str, ...] = ()
    """Flags that only subcommands have, where it is known which those are."""
    words: tuple[str, ...] = ()
    """The subcommands' names."""
    insists_on_word: Piece | None = None
    """The call that makes a subcommand required."""


class DeclaredArguments(_DeclaredArguments):
    """What a program's parsers take."""

    @cached_property
    def _by_flag(self) -> dict[str, list[DeclaredOption]]:
        found: dict[str, list[DeclaredOption]] = {}
        for option in self.options:
            for flag in option.flags:
                found.setdefault(flag, []).append(option)
        return found

    @property
    def flags(self) -> tuple[str, ...]:
        return tuple(self._by_flag)

    def match(self, flag: str) -> list[DeclaredOption]:
        """The declared options that a flag on the command line stands for: several where that is ambiguous."""
        if flag in self._by_flag:
            return self._by_flag[flag]
        if flag.startswith("--"):
            begun = [known for known in self._by_flag if self.abbreviations and known.startswith(flag)]
        else:  # -k: -kappa is declared with one hyphen
            begun = [known for known in self._by_flag if known.startswith(flag) and not known.startswith("--")]
        return list({id(option): option for known in begun for option in self._by_flag[known]}.values())
