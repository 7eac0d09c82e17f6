"""Which findings a JSON Schema in the editor shows as well: those that it can know from the one document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Rejected
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.checking.condition import REPEATED, test
from sagespec.checking.pages import binding
from sagespec.checking.row import Row, branch, rows_of
from sagespec.kinds import KINDS, kind_named
from sagespec.reading.syntax.reader import read

ALWAYS = frozenset(page.name for page in binding.PAGES) - {"missing-field"}
"""What the model says of a value. Of fields that are missing a schema asks for few: defaults may have them."""


def is_shown(found: Diagnostic, facts: Facts) -> bool:
    """Whether yaml-language-server says it too: the rule has a row that holds of what is written in the document."""
    if found.rule in ALWAYS:
        return True
    rows = [row for kind in KINDS for row in _rows(kind, found.rule, facts)]
    return bool(rows) and any(_holds(row, data) for data in _documents(found) for row in rows)


@cache
def _rows(kind: str, rule: str, facts: Facts) -> tuple[Row, ...]:
    known = kind_named(kind).rules.by_name.get(rule)
    rows = () if known is None else rows_of(known.rows, facts)
    return tuple(row for row in rows if row.value is not REPEATED)  # of which that server sees texts and numbers only


def _documents(found: Diagnostic) -> Iterator[Any]:
    source = found.place.source
    try:
        yield from (each.data for each in read(Source(source.name, source.text, source.folder)))
    except Rejected:
        return


def _holds(row: Row, data: Any) -> bool:
    if not isinstance(data, dict):
        return False
    if row.form:
        fits = test({"pattern": row.form})
        found = data.get(row.field[-1])
        if row.called and isinstance(found, dict):
            found = [text for name, text in found.items() if re.search(row.called, name)]
        return any(not fits(text) for text in _texts(found, names=row.names))
    refuses = test(branch(row)["if"])
    if not row.each:
        return refuses(data)
    parts = data.get(row.each)
    return isinstance(parts, dict) and test({"properties": row.outside})(data) and any(map(refuses, parts.values()))


def _texts(value: Any, *, names: bool) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value if names else (text for item in value.values() for text in _texts(item, names=False))
    elif isinstance(value, list):
        yield from (text for item in value for text in _texts(item, names=False))
    elif isinstance(value, str) and not names:
        yield value
