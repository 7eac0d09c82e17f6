"""Words → one run of the compiler, and what comes of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.cli.arguments.table import Judging, Rendering
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.terminal import complain, heard, tell
from sagespec.reporting.terminal.style import style_of

if TYPE_CHECKING:
    from sagespec.building.targets import Request
    from sagespec.pipeline import Compiler, Result


NO_MANIFEST = "a manifest begins with apiVersion: sagespec/v1; sagespec init writes one"


def compiler_of(
    given: Rendering, *, build: bool, local: bool = False, ask_account: Callable[[], str] | None = None
) -> Compiler:
    """What compiles manifests as a command line says."""
    from sagespec.base.repository import commit_of
    from sagespec.pipeline import Compiler, Options
    from sagespec.reading.render import Inputs

    allow = tuple(given.allow) if isinstance(given, Judging) else ()
    known_rules(allow)
    inputs = Inputs(given.env, dict(given.set), os.environ, commit_of(Path.cwd()))
    return Compiler(Options(inputs, allow, build, local, ask_account=ask_account))


def known_rules(names: Sequence[str]) -> None:
    if not names:
        return
    from sagespec.kinds.explained import current, explained, suggestion

    for name in map(current, names):
        if name not in explained():
            raise WrongUsage(f"--allow {name}: there is no such rule; {suggestion(name)}")


def is_refused(result: Result) -> bool:
    from sagespec.base.diagnostic import has_errors

    return has_errors(result.diagnostics)


def accepted(results: Iterable[Result]) -> tuple[list[Request], int]:
    """The requests, if all manifests are right; findings go to standard error."""
    from sagespec.base.diagnostic import told
    from sagespec.reporting.findings.diagnostics import block

    requests, code, style = [], 0, style_of(sys.stderr)
    for result in heard(results):
        for diagnostic in told(result.diagnostics):
            for line in block(diagnostic, style):
                tell(line, always=True)
        if is_refused(result):
            code = int(Code.WRONG_MANIFEST)
        if result.request is not None:
            requests.append(result.request)
    shared = names_shared(requests)
    if shared:
        complain(f"these names are each given to several manifests: {', '.join(shared)}", "give each a name of its own")
        code = int(Code.WRONG_MANIFEST)
    if not code and not requests:
        complain("there is no manifest here", NO_MANIFEST)
        code = int(Code.WRONG_USAGE)
    return requests, code


def names_shared(requests: Iterable[Request]) -> list[str]:
    """Names that more than one request of a kind has in one place: to the service these would be one thing."""
    from collections import Counter

    counts = Counter((request.kind, request.project, request.site, request.name) for request in requests)
    return sorted({name for (*_, name), count in counts.items() if count > 1})
