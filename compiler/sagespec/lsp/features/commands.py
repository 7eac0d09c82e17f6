"""What a client may have carried out: the request of a manifest, and a rule's page. Nothing of the workspace is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sagespec.kinds.explained import current, explained, suggestion
from sagespec.lsp.features.lenses import SHOW_REQUEST, show_request
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.protocol import jsonrpc
from sagespec.lsp.protocol.jsonrpc import ResponseError
from sagespec.lsp.protocol.texts import Json, uri_of
from sagespec.lsp.workspace import Workspace
from sagespec.reporting.pages import markdown


def execute(workspace: Workspace, _judgements: Judgements, params: Mapping[str, Any]) -> Json:
    """The text that a command makes; a client that can show documents but does not know our commands is shown it."""
    command = COMMANDS.get(str(params.get("command")))
    if command is None:
        raise ResponseError(jsonrpc.INVALID_PARAMS, f"there is no command {params.get('command')}")
    made = command(workspace, params.get("arguments") or [])
    if workspace.client.can("window", "showDocument", "support") and not workspace.client.can(
        "experimental", "sagespec"
    ):
        workspace.asks.append(("window/showDocument", {"uri": uri_of(_written(made)), "takeFocus": True}))
    return made


def _written(made: Json) -> str:
    """The text as a file outside of the workspace."""
    import tempfile
    from pathlib import Path

    path = Path(tempfile.mkdtemp(prefix="sagespec-"), made["title"])
    path.write_text(made["text"], encoding="utf-8")
    return str(path)


def explain(_workspace: Workspace, arguments: list[Any]) -> Json:
    name = current(str(arguments[0]) if arguments else "")
    if name not in explained():
        raise ResponseError(jsonrpc.REQUEST_FAILED, f"there is no rule '{name}'; {suggestion(name)}")
    return {"title": f"{name}.md", "language": "markdown", "text": markdown(explained()[name]) + "\n"}


COMMANDS: Mapping[str, Callable[[Workspace, list[Any]], Json]] = {
    SHOW_REQUEST: show_request,
    "sagespec.explain": explain,
}
