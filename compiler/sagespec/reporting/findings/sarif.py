"""Diagnostics as SARIF 2.1.0: what code scanning and editors read.

Source: OASIS Standard, Static Analysis Results Interchange Format Version 2.1.0,
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from sagespec import __version__
from sagespec.base.diagnostic import Diagnostic, Edit
from sagespec.base.source import Place, Span
from sagespec.checking.page import Page
from sagespec.kinds.explained import explained
from sagespec.reporting.findings.report import safe

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_log(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """A log of one run. Columns count characters (`unicodeCodePoints`), from 1, the end exclusive: as ours do."""
    names = {name: index for index, name in enumerate(dict.fromkeys(found.rule for found in diagnostics))}
    rules = [_rule(explained()[name]) for name in names]
    driver = {"name": "sagespec", "version": __version__, **_information(), "rules": rules}
    seen: Counter[str] = Counter()
    results = [_result(safe(diagnostic), names[diagnostic.rule], seen) for diagnostic in diagnostics]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _information() -> dict[str, str]:
    """Where people read about the tool: the project's home page, as it is installed."""
    from importlib.metadata import PackageNotFoundError, metadata  # few runs write SARIF

    try:
        urls = metadata("sagespec").get_all("Project-URL") or []
    except PackageNotFoundError:
        return {}
    home = dict(url.split(", ", 1) for url in urls).get("Homepage")
    return {"informationUri": home} if home else {}


def _rule(page: Page) -> dict[str, Any]:
    described = {
        "id": page.name,
        "shortDescription": {"text": page.summary},
        "help": {"text": f"{page.page}\n\nSource: {page.source}"},
        "defaultConfiguration": {"level": page.severity.value},
    }
    uri = re.search(r"https://[^\s;,]+", page.source)
    return described | ({"helpUri": uri[0]} if uri else {})


def _fingerprint(diagnostic: Diagnostic, seen: Counter[str]) -> str:
    """What stays the same when lines move: the rule, the file, the field, what is written there, and which of such."""
    line = diagnostic.place.source.line(diagnostic.span.line).strip()
    field = ".".join(map(str, diagnostic.field))
    text = "\n".join((diagnostic.rule, PurePath(diagnostic.path).as_posix(), field, line))
    seen[text] += 1
    return hashlib.sha256(f"{text}\n{seen[text]}".encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _result(diagnostic: Diagnostic, index: int, seen: Counter[str]) -> dict[str, Any]:
    text = f"{diagnostic.message}\nhelp: {diagnostic.hint}" if diagnostic.hint else diagnostic.message
    result: dict[str, Any] = {
        "ruleId": diagnostic.rule,
        "ruleIndex": index,
        "level": diagnostic.severity.value,
        "message": {"text": text},
        "locations": [{"physicalLocation": _physical(diagnostic.place)}],
        "partialFingerprints": {"sagespec/v1": _fingerprint(diagnostic, seen)},
    }
    if diagnostic.stands_for > 1:
        result["occurrenceCount"] = diagnostic.stands_for
    if diagnostic.field:
        name = ".".join(map(str, diagnostic.field))
        result["locations"][0]["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "member"}]
    if diagnostic.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": other.message}, "physicalLocation": _physical(other.place)}
            for number, other in enumerate(diagnostic.related, 1)
        ]
    if diagnostic.fix:
        change = {
            "artifactLocation": _artifact(diagnostic.path),
            "replacements": [_replacement(edit) for edit in diagnostic.fix],
        }
        result["fixes"] = [{"description": {"text": diagnostic.hint or "correct it"}, "artifactChanges": [change]}]
    return result


def _replacement(edit: Edit) -> dict[str, Any]:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}


def _physical(place: Place) -> dict[str, Any]:
    return {"artifactLocation": _artifact(place.source.name), "region": _region(place.span)}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _artifact(name: str) -> dict[str, str]:
    """A relative path stays one: whoever reads the log knows the folder that the run began in."""
    path = PurePath(name)
    return {"uri": path.as_uri() if path.is_absolute() else quote(path.as_posix(), safe="/", errors="surrogateescape")}
