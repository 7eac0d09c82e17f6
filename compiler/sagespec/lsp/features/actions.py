"""Quick fixes: the certain cures, allowances, and the comment that keeps another server from the file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.base.source import Source, Span
from sagespec.lsp.features.diagnostics import diagnostic
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.protocol.texts import Json, TextDocument
from sagespec.lsp.workspace import Workspace
from sagespec.reading.fixes import fixed
from sagespec.reporting.findings.report import safe

FIX_ALL = "source.fixAll.sagespec"
NO_SCHEMA = "# yaml-language-server: $schema=none"
_MODELINE = r"(?m)^#\s*yaml-language-server\s*:.*$"


def code_actions(workspace: Workspace, judgements: Judgements, params: Mapping[str, Any]) -> list[Json]:
    """What can be done about the findings of a range."""
    document = workspace.document(params)
    if document is None or document.path is None:
        return []
    judgements.settle(document.path)
    found = judgements.findings(document.path)
    lines = (params["range"]["start"]["line"] + 1, params["range"]["end"]["line"] + 1)
    here = [each for each in found if each.span.line <= lines[1] and each.span.end_line >= lines[0]]
    is_yaml = document.path.endswith((".yaml", ".yml"))
    offered = [*_cures(workspace, document, found, here)] if is_yaml else []
    offered += _allowances(workspace, document, here)
    if document.path in judgements.known and judgements.known[document.path].is_ours:
        offered += _alone(document)
    only = params.get("context", {}).get("only")
    return [each for each in offered if only is None or any(_is_a(each["kind"], kind) for kind in only)]


def _is_a(kind: str, wanted: str) -> bool:
    return kind == wanted or kind.startswith(f"{wanted}.")


def _cures(
    workspace: Workspace, document: TextDocument, found: Sequence[Diagnostic], here: Sequence[Diagnostic]
) -> Iterator[Json]:
    curable = [each for each in found if safe(each).fix]
    groups: dict[tuple[object, ...], list[Diagnostic]] = {}
    for each in here:
        if each in curable:
            groups.setdefault((each.rule, each.fix), []).append(each)
    for those in groups.values():
        first = those[0]
        text = fixed(first.place.source, those).text
        if text != first.place.source.text:
            yield {
                "title": _title(first),
                "kind": "quickfix",
                "diagnostics": [diagnostic(workspace, each) for each in those],
                "isPreferred": True,
                "edit": _edit(document, first.place.source, text),
            }
    if curable:
        text = fixed(curable[0].place.source, curable).text
        if text != document.text:
            yield {
                "title": f"Fix everything that sagespec can ({len(curable)})",
                "kind": FIX_ALL,
                "edit": _edit(document, curable[0].place.source, text),
            }


def _title(found: Diagnostic) -> str:
    edits = safe(found).fix
    old = _text_at(found.place.source, edits[0].span)
    if len(edits) == 1 and old and "\n" not in old + edits[0].text and len(old) + len(edits[0].text) < 60:
        return f"Replace {old} by {edits[0].text}" if edits[0].text else f"Take {old} out"
    return (found.hint or found.message)[:80]


def _text_at(source: Source, span: Span) -> str:
    return source.text[source.index(span.line, span.column) : source.index(span.end_line, span.end_column)]


def _edit(document: TextDocument, source: Source, text: str) -> Json:
    """From one text to another: what they have in common at both ends stays."""
    before = source.text
    start = 0
    most = min(len(before), len(text))
    while start < most and before[start] == text[start]:
        start += 1
    end = 0
    while end < most - start and before[len(before) - 1 - end] == text[len(text) - 1 - end]:
        end += 1
    return changes(
        document, [{"range": document.range(start, len(before) - end), "newText": text[start : len(text) - end]}]
    )


def changes(document: TextDocument, edits: list[Json]) -> Json:
    return {"changes": {document.uri: edits}}


def _allowances(workspace: Workspace, document: TextDocument, here: Iterable[Diagnostic]) -> Iterator[Json]:
    """A comment above the line, for every rule that has warned of something there."""
    groups: dict[tuple[int, str], list[Diagnostic]] = {}
    for each in here:
        if each.severity is not Severity.ERROR and each.rule not in ("unused-allowance", "unknown-allowance"):
            groups.setdefault((each.span.line, each.rule), []).append(each)
    for (line, rule), those in groups.items():
        source = those[0].place.source
        written = source.line(line)
        index = source.index(line, 1)
        indent = written[: len(written) - len(written.lstrip())]
        end = "\r\n" if "\r\n" in source.text else "\n"
        yield {
            "title": f"Allow {rule} here",
            "kind": "quickfix",
            "diagnostics": [diagnostic(workspace, each) for each in those],
            "edit": changes(
                document,
                [{"range": document.range(index, index), "newText": f"{indent}# sagespec: allow {rule}{end}"}],
            ),
        }


def _alone(document: TextDocument) -> Iterator[Json]:
    """yaml-language-server leaves the file to us."""
    text = document.text
    found = re.search(_MODELINE, text)
    if found is not None and "$schema=none" in found[0].replace(" ", ""):
        return
    start, end = (found.start(), found.end()) if found is not None else (0, 0)
    new = NO_SCHEMA if found is not None else NO_SCHEMA + ("\r\n" if "\r\n" in text else "\n")
    yield {
        "title": "Let sagespec alone check this file",
        "kind": "quickfix",
        "edit": changes(document, [{"range": document.range(start, end), "newText": new}]),
    }
