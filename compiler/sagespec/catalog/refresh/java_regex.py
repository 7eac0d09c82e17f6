"""Translates the service's patterns (Java, matched against the whole text) to what Python and ECMAScript read alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

Ranges = tuple[tuple[int, int], ...]
"""Code points, in pairs of first and last, ascending and apart."""

LAST = 0x10FFFF
DIGIT: Ranges = ((0x30, 0x39),)
WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Ranges = ((0x09, 0x0D), (0x20, 0x20))
ALNUM: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A))
LINE_END: Ranges = ((0x0A, 0x0A), (0x0D, 0x0D), (0x85, 0x85), (0x2028, 0x2029))
"""What Java's dot does not match.

Source: https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html (Line terminators)
"""

CR: Ranges = ((0x0D, 0x0D),)
LF: Ranges = ((0x0A, 0x0A),)

ANY = r"[\s\S]"
END = rf"(?!{ANY})"
"""`$` would not do: in Python it also stands before a final line break, in Java before any final line end."""


def translated(pattern: str, properties: Mapping[str, Ranges]) -> str:
    """The pattern for a search, by Python's `re` or by ECMAScript's `RegExp` with the flag u.

    Args:
        properties: the code points of `\\p{…}`, by name; `Alnum` needs none (without a flag, Java means ASCII).

    Raises:
        ValueError: the pattern uses syntax that this does not know, so nobody may guess.
    """
    return f"^(?:{''.join(_tokens(pattern, properties))}){END}"


def ranges(points: Iterable[int]) -> Ranges:
    """Ascending code points as ranges."""
    return _merged((point, point) for point in points)


def _tokens(pattern: str, properties: Mapping[str, Ranges]) -> Iterator[str]:
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            inside, at = _class(pattern, at + 1, properties)
            yield _written(inside)
        elif char == "\\":
            inside, at = _escape(pattern, at, properties)
            yield _written(inside)
        elif char == ".":
            yield _written(_complement(LINE_END))
            at += 1
        elif char == "$":
            yield f"(?=(?:{_written(CR)}{_written(LF)}|{_written(LINE_END)})?{END})"
            at += 1
        elif char == "^" or pattern.startswith(("(?P", "(?#", "(?i", "(?s", "(?m", "(?x", "(?u", "(?d", "(?>"), at):
            raise ValueError(f"unknown syntax at {at} of {pattern!r}")
        elif pattern.startswith(("++", "*+", "?+", "}+"), at):
            raise ValueError(f"possessive quantifier at {at} of {pattern!r}")
        else:
            yield char
            at += 1


def _class(pattern: str, at: int, properties: Mapping[str, Ranges]) -> tuple[Ranges, int]:
    """The code points of a bracketed class, and where it ends. `at` is behind the opening bracket."""
    negated = pattern.startswith("^", at)
    at += negated
    found: list[tuple[int, int]] = []
    while not pattern.startswith("]", at):
        if at >= len(pattern) or pattern[at] == "[" or pattern.startswith("&&", at):
            raise ValueError(f"unknown syntax at {at} of {pattern!r}")
        first, at = _one(pattern, at, properties)
        is_range = len(first) == 1 and first[0][0] == first[0][1] and pattern.startswith("-", at)
        if is_range and not pattern.startswith("-]", at):
            last, at = _one(pattern, at + 1, properties)
            first = ((first[0][0], last[0][1]),)
        found.extend(first)
    merged = _merged(sorted(found))
    return (_complement(merged) if negated else merged), at + 1


def _one(pattern: str, at: int, properties: Mapping[str, Ranges]) -> tuple[Ranges, int]:
    if pattern[at] == "\\":
        return _escape(pattern, at, properties)
    return ((ord(pattern[at]), ord(pattern[at])),), at + 1


def _escape(pattern: str, at: int, properties: Mapping[str, Ranges]) -> tuple[Ranges, int]:
    """The code points of an escape, and where it ends. `at` is at the backslash."""
    kind = pattern[at + 1]
    known = {"d": DIGIT, "w": WORD, "s": SPACE}
    if kind.lower() in known:
        inside = known[kind.lower()]
        return (inside if kind.islower() else _complement(inside)), at + 2
    if kind == "p":
        end = pattern.index("}", at)
        name = pattern[at + 3 : end]
        return (ALNUM if name == "Alnum" else properties[name]), end + 1
    if kind.isalnum():
        raise ValueError(f"unknown escape at {at} of {pattern!r}")
    return ((ord(kind), ord(kind)),), at + 2


def _merged(found: Iterable[tuple[int, int]]) -> Ranges:
    merged: list[tuple[int, int]] = []
    for first, last in found:
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def _complement(inside: Sequence[tuple[int, int]]) -> Ranges:
    starts = [0, *(last + 1 for _, last in inside)]
    ends = [*(first - 1 for first, _ in inside), LAST]
    return tuple((first, last) for first, last in zip(starts, ends, strict=True) if first <= last)


def _written(inside: Ranges) -> str:
    if inside == ((0, LAST),):
        return ANY
    if len(inside) == 1 and inside[0][0] == inside[0][1]:
        return _char(inside[0][0], r"^$\.*+?()[]{}|/")
    outside = _complement(inside)
    negated = inside[0][0] == 0 and inside[-1][1] == LAST
    body = "".join(_range(first, last) for first, last in (outside if negated else inside))
    return f"[^{body}]" if negated else f"[{body}]"


def _range(first: int, last: int) -> str:
    start, end = _char(first, r"\]^-["), _char(last, r"\]^-[")
    return start if first == last else f"{start}-{end}"


def _char(point: int, special: str) -> str:
    if 0x20 < point < 0x7F:
        return f"\\{chr(point)}" if chr(point) in special else chr(point)
    return f"\\u{point:04x}" if point <= 0xFFFF else chr(point)
