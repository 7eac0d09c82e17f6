"""Findings as an editor shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.kinds import KINDS, kind_named
from sagespec.kinds.explained import explained
from sagespec.lsp.texts import Json
from sagespec.lsp.workspace import Workspace
from sagespec.reporting.findings.report import safe

SEVERITIES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.NOTE: 3}
UNUSED = 1
"""A tag: shown faded."""
_FADED = frozenset({"unused-allowance"})


def diagnostics(workspace: Workspace, found: Iterable[Diagnostic]) -> list[Json]:
    """What is published of one file."""
    hidden = shown_by_schema() if workspace.settings.hide_schema_findings else frozenset()
    return [diagnostic(workspace, each) for each in found if each.rule not in hidden]


def diagnostic(workspace: Workspace, found: Diagnostic) -> Json:
    """One finding: its message as `validate` words it, and its cure on a line below."""
    found = safe(found)
    published: Json = {
        "range": workspace.range(found.place),
        "severity": SEVERITIES[found.severity],
        "code": found.rule,
        "source": "sagespec",
        "message": message(found),
    }
    page = explained().get(found.rule)
    link = re.match(r"https://[^\s;,]+", page.source) if page is not None else None
    if link is not None:
        published["codeDescription"] = {"href": link[0]}
    if found.rule in _FADED:
        published["tags"] = [UNUSED]
    if found.related and workspace.client.can("textDocument", "publishDiagnostics", "relatedInformation"):
        published["relatedInformation"] = [
            {
                "location": {"uri": workspace.uri(other.place.source.name), "range": workspace.range(other.place)},
                "message": other.message,
            }
            for other in found.related
        ]
    return published


def message(found: Diagnostic) -> str:
    return f"{found.message}\nhelp: {found.hint}" if found.hint else found.message


@cache
def shown_by_schema() -> frozenset[str]:
    """The rules that the JSON Schemas know, too: what a field may hold, and refusals that are rows of data."""
    from sagespec.checking.pages import binding

    rules = (rule for kind in KINDS for rule in kind_named(kind).rules.by_name.values())
    told = {page.name for page in binding.PAGES} - {"missing-field"}  # defaults may have it, so the schema asks for few
    return frozenset({*told, *(rule.name for rule in rules if rule.rows)})
