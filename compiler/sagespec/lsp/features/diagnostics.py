"""Findings as an editor shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.kinds.explained import page_named
from sagespec.lsp.protocol.texts import Json
from sagespec.lsp.workspace import Workspace
from sagespec.reporting.findings.report import safe

SEVERITIES = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.NOTE: 3}
UNUSED = 1
"""A tag: shown faded."""
_FADED = frozenset({"unused-allowance"})


def diagnostics(workspace: Workspace, found: Iterable[Diagnostic]) -> list[Json]:
    """What is published of one file."""
    if workspace.settings.hide_schema_findings:
        from sagespec.catalog import facts
        from sagespec.lsp.schema_findings import is_shown

        knowledge = workspace.knowledge or facts()
        found = [each for each in found if not is_shown(each, knowledge)]
    return [diagnostic(workspace, each) for each in found]


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
    page = page_named(found.rule)
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
