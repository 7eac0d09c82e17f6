"""Guesses what somebody meant: the nearest of the names that exist."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache
from itertools import islice

from sagespec.base.diagnostic import MOST

MOST_NAMES = 1_000
"""So many names are compared with at most: no table of facts has more, but a script may."""


MOST_LETTERS = 4
"""A slip of the fingers brings in and leaves out so many letters at most."""


def near(text: str, names: Iterable[str]) -> str | None:
    """The name that reads most like `text`, upper and lower case alike; None when none is close."""
    # What people type is short; a long text is not a slip of the fingers and would only cost time.
    return _near(text.strip().casefold()[:100], tuple(islice(names, MOST_NAMES)))


@lru_cache(maxsize=256)  # many jobs are wrong about one thing
def _near(folded: str, names: tuple[str, ...]) -> str | None:
    if not names:
        return None
    from difflib import get_close_matches  # only a mistake needs it

    by_folded = {name.casefold(): name for name in names}
    found = get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def near_name(text: str, names: Iterable[str]) -> str | None:
    """The name that `text` is a slip of the fingers of: word by word it reads like it. Names that differ in a number,
    or in a whole word (`churn-eu` and `churn-us`), are two names."""
    return near(text, (name for name in names if _is_slip(text.casefold(), name.casefold())))


def _is_slip(text: str, name: str) -> bool:
    if len(set(text) ^ set(name)) > MOST_LETTERS:  # says of most names at once that they are others
        return False
    from difflib import SequenceMatcher

    if re.sub("[0-9]+", "0", text) == re.sub("[0-9]+", "0", name):
        return text == name
    ours, theirs = text.split("-"), name.split("-")
    pairs = zip(ours, theirs, strict=True) if len(ours) == len(theirs) else [(text, name)]
    alike = 0.65 if len(ours) == len(theirs) else 0.9
    return all(SequenceMatcher(None, one, other).ratio() > alike for one, other in pairs)


class Guesses:
    """`near` for the first `MOST` mistakes of one kind: more are counted, and reported without a guess."""

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
