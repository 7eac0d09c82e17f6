"""A contradiction as data: it makes a rule's finding and the branch of an editor's schema, with the same sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from sagespec.base.diagnostic import Finding
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path
from sagespec.catalog import Facts
from sagespec.checking.condition import GIVEN, Json, Test, test, together, when
from sagespec.checking.context import Context
from sagespec.checking.subject import Written
from sagespec.reading.part import Part


class Row(NamedTuple):
    """A field that may not stand as it does: it contradicts other fields, or has a form that never works."""

    field: tuple[str, ...]
    """The field's name, and those of what holds it, from the top of the manifest or of the channel."""
    message: str
    """What is wrong. A finding and an editor both say this, and point at the field, so that its value is seen."""
    hint: str | Callable[[Any], str] = ""
    """What to write instead; made of the rule's context where it depends on other values."""
    when: Json = {}  # noqa: RUF012 - nobody changes it
    """Other members beside the field's first name, and the conditions under which the field may not stand."""
    value: Json = GIVEN
    """The condition on the field itself."""
    any_of: tuple[Json, ...] = ()
    """Members as in `when`, of which one set is enough."""
    unless: Json = {}  # noqa: RUF012
    """Other members as in `when`; where they hold, the row says nothing."""
    form: str = ""
    """A pattern that the field's text, or each text in its list, must match; in place of the conditions."""
    names: bool = False
    """The form is that of the names in the field, which is a map."""
    called: str = ""
    """The form is that of the texts in the field, which is a map, whose names this pattern finds."""
    each: str = ""
    """The map of parts whose members these are (`channels`); empty for fields of the manifest itself."""
    outside: Json = {}  # noqa: RUF012
    """With `each`: fields of the manifest, and their conditions."""
    at_value: bool = False
    """The finding points at the value rather than at the key."""

    def finding(self, written: Written, context: Context) -> Finding:
        hint = self.hint if isinstance(self.hint, str) else self.hint(context)
        path: Path = (*written.path, *self.field[1:])
        return Finding(path, self.message, hint, at_key=not self.at_value and not self.form)


Rows: TypeAlias = "tuple[Row, ...] | Callable[[Facts], Iterable[Row]]"
"""Rows, or a function that makes them of the catalogue."""


def rows_of(rows: Rows, facts: Facts) -> tuple[Row, ...]:
    return tuple(rows(facts)) if callable(rows) else rows


def applies(row: Row) -> Callable[[Written], bool]:
    """Whether a field that is written may not stand as it does.

    The function raises `Unknown` where that depends on a value that is wrong.
    """
    if row.form:
        fits = test({"pattern": row.form})
        return lambda written: not fits(written.value)
    steps, is_so = row.field[1:], test(row.value)
    all_hold = _all_hold(row.when)
    either = [_all_hold(members) for members in row.any_of]
    excused = _all_hold(row.unless) if row.unless else None
    if not steps and not either and excused is None:  # as most are
        return lambda written: all_hold(written.owner) and is_so(written.value)

    def hold(written: Written) -> bool:
        value = written.value
        for step in steps:
            if isinstance(value, Part):
                if step not in value.fields_set:
                    return False
                value = getattr(value, step)
            elif isinstance(value, dict) and step in value:
                value = value[step]
            else:
                return False
        owner = written.owner
        refused = all_hold(owner) and is_so(value) and (not either or any(hold(owner) for hold in either))
        return refused and not (excused is not None and excused(owner))

    return hold


def _all_hold(members: Json) -> Test:
    return together([_member(name, test(condition)) for name, condition in members.items()])


def _member(name: str, is_so: Test) -> Test:
    return lambda owner: is_so(getattr(owner, name, None))  # a rule of every kind may speak of what one has not


def judged_by(rows: tuple[Row, ...]) -> Callable[[Written, Context], Finding | None]:
    """The function of a rule that its rows make: the first row that applies to a field is what is said of it."""

    tests: dict[Any, list[tuple[Row, Callable[[Written], bool]]]] = {}

    def check(written: Written, context: Context) -> Finding | None:
        name = written.path[-1] if isinstance(written.path[-1], str) else written.path[-2]
        if not tests:
            for row in rows:
                tests.setdefault(row.field[0], []).append((row, applies(row)))
        for row, may_not_stand in tests.get(name, ()):
            if may_not_stand(written):
                return row.finding(written, context)
        return None

    return check


def branch(row: Row) -> Json:
    """The schema that points at the refused field's key."""
    *owners, name = row.field
    condition, then = {name: row.value}, {"properties": {name: False}, "errorMessage": row.message}
    for owner in reversed(owners):
        condition, then = {owner: when(condition)}, {"properties": {owner: then}}
    conditions = [when(members) for members in (row.when, condition) if members]
    if row.unless:
        conditions.append({"not": when(row.unless)})
    if row.any_of:
        conditions.append({"anyOf": [when(members) for members in row.any_of]})
    return {"if": {"allOf": conditions} if conditions[1:] else conditions[0], "then": then}
