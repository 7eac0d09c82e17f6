"""lsp: the language server."""

from __future__ import annotations

from sagespec.cli.codes import Code
from sagespec.cli.commands.reference import LspArguments
from sagespec.lsp.server import serve


def lsp(given: LspArguments) -> Code:
    return Code(serve(given.env, dict(given.set)))
