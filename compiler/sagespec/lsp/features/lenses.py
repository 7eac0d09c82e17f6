"""Above a manifest: its name, what it may cost at most, and its request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.base.diagnostic import limited
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.protocol import jsonrpc
from sagespec.lsp.protocol.jsonrpc import ResponseError
from sagespec.lsp.protocol.texts import Json
from sagespec.lsp.scene import Scene, SceneJob, concerns_us, source_of
from sagespec.lsp.workspace import Workspace
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reporting.plans.bills import amounts, explained

SHOW_REQUEST = "sagespec.showRequest"


def code_lenses(workspace: Workspace, _judgements: Judgements, params: Mapping[str, Any]) -> list[Json]:
    """One line above each document."""
    document = workspace.document(params)
    if document is None or not concerns_us(document) or not workspace.settings.code_lens:
        return []
    scene = Scene(workspace, source_of(document))
    lenses = []
    for number, each in enumerate(scene.documents()):
        job = scene.job(each)
        if job is not None:
            where = workspace.range(each.where(()))
            for title in _bill(job):
                lenses.append({"range": where, "command": {"title": title, "command": ""}})
            arguments = [document.uri, number]
            lenses.append(
                {
                    "range": where,
                    "command": {"title": "show the request", "command": SHOW_REQUEST, "arguments": arguments},
                }
            )
    return lenses


def _bill(job: SceneJob) -> Iterator[str]:
    """`mnist: at most 24 h of ml.m5.xlarge`."""
    draft = job.draft()
    name = draft.request.name or "a job"
    site = draft.request.site
    if site.local:
        yield f"{name}: runs on this machine"
        return
    if draft.unknown:
        return
    request = draft.request
    if site.region and "prices" in job.manifest.settings:
        request = request._replace(prices=job.compiler.drafts.pricing.prices(job.manifest, site.region))
    bill = job.kind.bill(request, job.context.facts, 1)
    if bill.items:
        yield f"{name}: at most {amounts(bill)}: {explained(bill)}"


def show_request(workspace: Workspace, arguments: list[Any]) -> Json:
    """The request of one document of an open file, as `compile` prints it.

    Raises:
        ResponseError: the manifest is wrong, and says how.
    """
    document = workspace.open.get(str(arguments[0])) if arguments else None
    if document is None or document.path is None:
        raise ResponseError(jsonrpc.REQUEST_FAILED, "open the manifest first")
    compiler = Compiler(Options(workspace.inputs, build=True), workspace.knowledge, workspace.files())
    results = list(compiler.source(source_of(document)))
    wrong = [found for result in results for found in limited(result.diagnostics) if found.severity.value == "error"]
    if wrong:
        first = wrong[0]
        raise ResponseError(
            jsonrpc.REQUEST_FAILED, f"{first.path}:{first.span.line}: {first.message} ({len(wrong)} in all)"
        )
    texts = [json.dumps(result.request.sent(), indent=2) for result in _chosen(results) if result.request is not None]
    return {"title": f"{results[0].name or 'manifest'}.json", "language": "json", "text": "\n".join(texts) + "\n"}


def _chosen(results: list[Result]) -> list[Result]:
    return [result for result in results if result.request is not None]
