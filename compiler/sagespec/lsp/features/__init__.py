"""What can be asked of the server: one module a feature, one line a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sagespec.lsp.features import actions, completion, hover
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.workspace import Workspace

Feature = Callable[[Workspace, Judgements, Mapping[str, Any]], Any]

FEATURES: Mapping[str, Feature] = {
    "textDocument/codeAction": actions.code_actions,
    "textDocument/completion": completion.completion,
    "textDocument/hover": hover.hover,
}
