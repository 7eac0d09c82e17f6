"""lsp: the language server."""

from __future__ import annotations

from sagespec.cli.arguments.table import LspArguments
from sagespec.cli.codes import Code
from sagespec.lsp.server import serve


def lsp(given: LspArguments) -> Code:
    return Code(serve(given.env, dict(given.set)))
