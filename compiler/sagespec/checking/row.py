"""A contradiction as data: it makes a rule's finding and the branch of an editor's schema, with the same sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from sagespec.base.diagnostic import Finding
from sagespec.base.source import Path
from sagespec.catalog import Facts
from sagespec.checking.condition import GIVEN, Json, holds, when
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
    form: str = ""
    """A pattern that the field's text, or each text in its list, must match; in place of the conditions."""
    names: bool = False
    """The form is that of the names in the field, which is a map."""
    each: str = ""
    """The map of parts whose members these are (`channels`); empty for fields of the manifest itself."""
    outside: Json = {}  # noqa: RUF012
    """With `each`: fields of the manifest, and their conditions."""
    at_value: bool = False
    """The finding points at the value rather than at the key."""

    def applies(self, written: Written) -> bool:
        """Whether the field may not stand as it does.

        Raises:
            Unknown: that depends on a value that is wrong.
        """
        if self.form:
            return isinstance(written.value, str) and not holds({"pattern": self.form}, written.value)
        value = written.value
        for step in self.field[1:]:
            if step not in (value.fields_set if isinstance(value, Part) else value if isinstance(value, dict) else ()):
                return False
            value = getattr(value, step) if isinstance(value, Part) else value[step]
        either = not self.any_of or any(_all_hold(members, written.owner) for members in self.any_of)
        return holds(self.value, value) and either and _all_hold(self.when, written.owner)

    def finding(self, written: Written, context: Context) -> Finding:
        hint = self.hint if isinstance(self.hint, str) else self.hint(context)
        path: Path = (*written.path, *self.field[1:])
        return Finding(path, self.message, hint, at_key=not self.at_value and not self.form)


def _all_hold(members: Json, owner: Any) -> bool:
    return all(holds(condition, getattr(owner, name)) for name, condition in members.items())


Rows: TypeAlias = "tuple[Row, ...] | Callable[[Facts], tuple[Row, ...]]"
"""Rows, or a function that makes them of the catalogue."""


def rows_of(rows: Rows, facts: Facts) -> tuple[Row, ...]:
    return rows(facts) if callable(rows) else rows


def judged_by(rows: tuple[Row, ...]) -> Callable[[Written, Context], Iterator[Finding]]:
    """The function of a rule that its rows make: the first row that applies to a field is what is said of it."""
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        by_name.setdefault(row.field[0], []).append(row)

    def check(written: Written, context: Context) -> Iterator[Finding]:
        name = next(step for step in reversed(written.path) if isinstance(step, str))
        found = next((row for row in by_name[name] if row.applies(written)), None)
        if found is not None:
            yield found.finding(written, context)

    return check


def branch(row: Row) -> Json:
    """The schema that points at the refused field's key."""
    *owners, name = row.field
    condition, then = {name: row.value}, {"properties": {name: False}, "errorMessage": row.message}
    for owner in reversed(owners):
        condition, then = {owner: when(condition)}, {"properties": {owner: then}}
    conditions = [when(members) for members in (row.when, condition) if members]
    if row.any_of:
        conditions.append({"anyOf": [when(members) for members in row.any_of]})
    return {"if": {"allOf": conditions} if conditions[1:] else conditions[0], "then": then}
