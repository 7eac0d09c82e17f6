"""Guesses what somebody meant: the nearest of the names that exist."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from itertools import islice

from sagespec.base.diagnostic import MOST

MOST_NAMES = 1_000
"""So many names are compared with at most; those that anybody knows are fewer."""


def near(text: str, names: Iterable[str]) -> str | None:
    """The name that reads most like `text`, upper and lower case alike; None when none is close, or none of so many."""
    from difflib import get_close_matches  # only a mistake needs it

    by_folded = {name.casefold(): name for name in islice(names, MOST_NAMES)}
    # What people type is short; a long text is no slip of the fingers and would only cost time.
    found = get_close_matches(text.strip().casefold()[:100], by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


class Guesses:
    """`near` for the first `MOST` mistakes of one kind: more are counted, and told without a guess."""

    def __init__(self) -> None:
        self._left = MOST

    def __call__(self, text: str, names: Iterable[str]) -> str | None:
        if not self._left:
            return None
        self._left -= 1
        return near(text, names)


SIZE = "(nano|micro|small|medium|large|([0-9]{1,3})?x-?large|metal)(?:-[a-z0-9]+)?"
"""What the sizes of instances are called."""
_SIZES = {"nano": 0.03, "micro": 0.06, "small": 0.12, "medium": 0.25, "large": 0.5, "metal": 100.0}
"""Sizes of instances, as parts of an xlarge."""


def near_instance(text: str, names: Collection[str]) -> str | None:
    """The instance type that was meant: of the same family the nearest size (the larger of two), else what reads most
    alike."""
    family, size = text.rpartition(".")[0], size_of(text)
    sizes = {name: size_of(name) for name in names if name.rpartition(".")[0] == family}
    if size is None or not sizes:
        return near(text, names)
    return min(sizes, key=lambda name: (abs((sizes[name] or 0) - size), -(sizes[name] or 0)))


def size_of(instance_type: str) -> float | None:
    """How many xlarge it is worth; None where its name does not end in a size as instances have them."""
    found = re.fullmatch(SIZE, instance_type.rpartition(".")[2])
    return None if found is None else _SIZES.get(found[1]) or float(found[2] or 1)


def near_version(text: str, versions: Collection[str]) -> str | None:
    """The nearest version: another patch of the same release, else the nearest release of the same major
    version (the newer of two), else the one that reads most alike."""
    wanted = _numbers(text)
    if wanted is None:
        return near(text, versions)
    same_form = {version: found for version in versions if len(found := _numbers(version) or ()) == len(wanted)}
    same_release = [version for version, found in same_form.items() if len(wanted) > 2 and found[:2] == wanted[:2]]
    same_major = [version for version, found in same_form.items() if found[0] == wanted[0]]
    choices = same_release or same_major
    if not choices:
        return near(text, same_form)
    return min(choices, key=lambda version: _distance(same_form[version], wanted))


def _numbers(text: str) -> tuple[int, ...] | None:
    """The two or three numbers of a version, whatever stands before and behind them."""
    found = re.search(r"(?<![0-9])([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?", text)
    return tuple(int(part) for part in found.groups() if part) if found else None


def _distance(numbers: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """How far apart, the most important number first; at the same distance the newer one wins."""
    return tuple((abs(a - b), -a) for a, b in zip(numbers, wanted, strict=True))
