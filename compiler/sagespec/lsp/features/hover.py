"""Hover: what this very value is, where it was written, where it lands; and the rule's page on a finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.base.diagnostic import Diagnostic
from sagespec.base.redact import redacted
from sagespec.base.source import Path, Source
from sagespec.kinds import KINDS, kind_named
from sagespec.kinds.explained import explained
from sagespec.lsp.features import functions
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.names.served import SERVED, holder_of
from sagespec.lsp.offers.candidates import api_member, described_value, script_arguments
from sagespec.lsp.protocol.texts import Json, TextDocument
from sagespec.lsp.scene import Scene, SceneJob, concerns_us, item_at, source_of
from sagespec.lsp.script import option_docs
from sagespec.lsp.workspace import Workspace
from sagespec.reading.render import is_defaults
from sagespec.reading.shape import field_at
from sagespec.reading.syntax.document import Document
from sagespec.reporting.origin import origin
from sagespec.reporting.pages import markdown


def hover(workspace: Workspace, judgements: Judgements, params: Mapping[str, Any]) -> Json | None:
    """What there is to say of the place under the pointer."""
    document = workspace.document(params)
    if document is None or document.path is None:
        return None
    index = document.index(params["position"])
    parts = list(_pages(judgements, document, index))
    if concerns_us(document):
        parts = [*_of_field(workspace, judgements, document, index), *parts]
    else:
        parts = [*functions.docs_at(workspace, judgements, document, index), *parts]
    if not parts:
        return None
    return {"contents": {"kind": "markdown", "value": "\n\n---\n\n".join(parts)}}


def _pages(judgements: Judgements, document: TextDocument, index: int) -> Iterator[str]:
    """The pages of the rules whose findings stand here."""
    if document.path is None:
        return
    line, column = Source("", document.text).position(index)
    rules = [each.rule for each in judgements.findings(document.path) if _covers(each, line, column)]
    for name in dict.fromkeys(rules):
        page = explained().get(name)
        if page is not None:
            yield markdown(page)


def _covers(found: Diagnostic, line: int, column: int) -> bool:
    span = found.span
    return (span.line, span.column) <= (line, column) <= (span.end_line, span.end_column)


def _of_field(workspace: Workspace, judgements: Judgements, document: TextDocument, index: int) -> Iterator[str]:
    scene = Scene(workspace, source_of(document))
    for each in scene.documents():
        found = each.at(index)
        if found is None or not found[0]:
            continue
        path = found[0]
        if is_defaults(each):
            yield from _of_default(each, path)
            return
        job = scene.job(each)
        if job is not None:
            yield from _of_job(judgements, job, path)
        return


def _of_default(document: Document, path: Path) -> Iterator[str]:
    inner = path[2:] if path[:1] == ("environments",) else path
    names = [str(inner[0])] if inner and inner[0] in KINDS else list(KINDS)
    inner = inner[1:] if inner and inner[0] in KINDS else inner
    for name in names:
        found = field_at(kind_named(name).model, inner)
        if found is not None:
            yield f"**{_shown(inner)}**\n\n{found.field.doc}"
            return


def _of_job(judgements: Judgements, job: SceneJob, path: Path) -> Iterator[str]:
    member = api_member(job, path)
    if member is not None:
        limits = [f"{word} {value}" for word, value in (("at least", member.min), ("at most", member.max)) if value]
        about = ", ".join([member.type, *limits])
        yield f"**{member.path}**\n\nMember of the request: {about}."
        return
    found = field_at(job.kind.model, path)
    if found is None:
        return
    parts = [f"**{_shown(path)}**"]
    value = described_value(job, path)
    if value:
        parts.append(value)
    holder = holder_of(judgements, str(item_at(job.manifest.data, path))) if path == (SERVED,) else None
    if holder is not None:
        parts.append(f"`{holder.job}` is the job of {holder.file}:{holder.line}.")
    if len(path) == 2 and path[0] == "hyperparameters":
        option = next(((each, script) for name, each, script in script_arguments(job) if name == path[1]), None)
        if option is not None:
            detail, document, _ = option_docs(option[1], option[0])
            parts += [f"The script takes it: {detail}" if detail else "The script takes it.", document]
    parts.append(found.field.doc)
    rows = [redacted(row) for row in origin(job.manifest, _shown(path))]
    parts.append("\n".join(["```text", *rows, "```"]))
    yield "\n\n".join(parts)


def _shown(path: Path) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text
