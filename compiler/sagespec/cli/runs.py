"""Words → one run of the compiler, and what comes of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.base.diagnostic import has_errors
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands import Judging, Rendering
from sagespec.cli.terminal import print_error, print_files_read, print_status
from sagespec.reporting.terminal.style import style_of

if TYPE_CHECKING:
    from sagespec.building.draft import Trained
    from sagespec.building.request import Request
    from sagespec.pipeline import Compiler, Result


NO_MANIFEST = "a manifest begins with apiVersion: sagespec/v1; sagespec init writes one"


def refuse_unwritable(folder: Path | None) -> None:
    """Raises:
    WrongUsage: what is given with --out cannot be a folder to write into.
    """
    from sagespec.base.files import unwritable_folder

    why = unwritable_folder(folder)
    if why:
        raise WrongUsage(f"--out {folder}: {why}")


def compiler_of(
    given: Rendering,
    *,
    build: bool,
    local: bool = False,
    every_environment: bool = True,
    ask_account: Callable[[str], str] | None = None,
    trained: Callable[[str, str, Request], Trained] | None = None,
    archive_at: Callable[[str, Request], str] | None = None,
) -> Compiler:
    """What compiles manifests as a command line says."""
    from sagespec.base.repository import commit_of
    from sagespec.pipeline import Compiler, Options
    from sagespec.reading.render import Inputs

    allow = tuple(given.allow) if isinstance(given, Judging) else ()
    check_rule_names(allow)
    inputs = Inputs(given.env, dict(given.set), os.environ, commit_of(Path.cwd()))
    only = tuple(given.job)
    options = Options(inputs, allow, build, local, every_environment=every_environment, only=only)
    return Compiler(options._replace(ask_account=ask_account, trained=trained, archive_at=archive_at))


def check_rule_names(names: Sequence[str]) -> None:
    """Raises:
    WrongUsage: `--allow` names a rule that there is not.
    """
    if not names:
        return
    from sagespec.kinds.explained import current, explained, suggestion

    for name in map(current, names):
        if name not in explained():
            raise WrongUsage(f"--allow {name}: there is no such rule; {suggestion(name)}")


def is_refused(result: Result) -> bool:
    return has_errors(result.diagnostics)


def nothing_here(given: Rendering) -> Code:
    """Says that the given paths hold no manifest, or none that is meant."""
    if given.job:
        print_error(
            f"nothing here is called {' or '.join(given.job)}", "sagespec explain FILE says what its jobs are called"
        )
    else:
        print_error("there is no manifest here", NO_MANIFEST)
    return Code.WRONG_USAGE


def accepted(results: Iterable[Result], given: Rendering) -> tuple[list[Request], int]:
    """The requests, if all manifests are right; errors and warnings go to standard error, notes are validate's."""
    from sagespec.base.diagnostic import Severity, limited
    from sagespec.reporting.findings.diagnostics import block
    from sagespec.reporting.findings.report import identity

    requests, code, style = [], 0, style_of(sys.stderr)
    unchosen: dict[str, None] = {}  # environments that might have given what is missing
    printed: dict[tuple[object, ...], None] = {}  # the jobs of a matrix have many findings in common
    for result in print_files_read(results):
        serious = (found for found in result.diagnostics if found.severity is not Severity.NOTE)
        new = [found for found in serious if identity(found) not in printed]
        printed |= dict.fromkeys(map(identity, new))
        for diagnostic in limited(new):
            for line in block(diagnostic, style):
                print_status(line, always=True)
        if is_refused(result):
            code = int(Code.WRONG_MANIFEST)
            unchosen |= dict.fromkeys(environments_beside(result))
        if result.request is not None:
            requests.append(result.request)
    if unchosen:
        print_status(f"No environment was chosen: --env {' or '.join(unchosen)}", always=True)
    shared = names_shared(requests)
    if shared:
        print_error(
            f"these names are each given to several manifests: {', '.join(shared)}", "give each a name of its own"
        )
        code = int(Code.WRONG_MANIFEST)
    if not code and not requests:
        code = int(nothing_here(given))
    return requests, code


def environments_beside(result: Result) -> tuple[str, ...]:
    """The environments that a manifest's defaults declare, where none of them was chosen."""
    from sagespec.reading.render import environments_of

    manifest = result.rendered
    if manifest is None or manifest.environment is not None:
        return ()
    return environments_of([layer.document for layer in manifest.layers[1:]])


def names_shared(requests: Iterable[Request]) -> list[str]:
    """Names that more than one request of a kind has in one place: to the service these would be one thing. An account
    that is not known yet may be that of any other."""
    accounts: dict[tuple[object, ...], list[str | None]] = {}
    for each in requests:
        key = (each.kind, each.project, each.site._replace(account=None), each.name)
        accounts.setdefault(key, []).append(each.site.account)
    shared = (name for (*_, name), of in accounts.items() if of[1:] and (None in of or len(set(of)) < len(of)))
    return sorted({str(name) for name in shared})
