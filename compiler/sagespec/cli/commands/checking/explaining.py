"""explain: a rule, a field, or where a manifest's values come from."""

from __future__ import annotations

import os
import sys

from sagespec.cli.codes import Code
from sagespec.cli.commands.checking import ExplainArguments
from sagespec.cli.runs import compiler_of, nothing_here
from sagespec.cli.terminal import print_error, print_result, print_status
from sagespec.reporting.terminal.style import style_of


def explain(given: ExplainArguments) -> Code:
    from sagespec.kinds.explained import current, explained, suggestion
    from sagespec.reporting.pages import page

    if given.field is not None or os.path.exists(given.about) or given.about.endswith((".yaml", ".yml")):  # noqa: PTH110
        return explain_manifest(given)
    name = current(given.about)
    if name in explained():
        print_result(page(explained()[name]))
        return Code.FINE
    from sagespec.reporting.origin import field_meant, field_page

    lines = list(field_page(given.about))
    for line in lines[:-1]:
        print_result(line)
    if not lines:
        meant = "" if "-" in given.about else field_meant(given.about)  # rules' names have hyphens
        print_error(f"there is no rule and no field '{given.about}'", meant or suggestion(given.about))
    return Code.FINE if lines else Code.WRONG_USAGE


def explain_manifest(given: ExplainArguments) -> Code:
    """The values of a manifest's fields, or of one of them, and where they come from."""
    from sagespec.base.diagnostic import limited
    from sagespec.reporting.findings.diagnostics import block
    from sagespec.reporting.origin import field_meant, is_known, origins, overview

    manifests = []
    for result in compiler_of(given, build=False, every_environment=False).run([given.about]):
        if result.rendered is None and not result.diagnostics:  # defaults, with which nothing is wrong
            continue
        if result.rendered is None:
            for diagnostic in limited(result.diagnostics):
                for line in block(diagnostic, style_of(sys.stderr)):
                    print_status(line, always=True)
            return Code.WRONG_MANIFEST
        manifests.append(result.rendered)
    if not manifests:
        return nothing_here(given)
    if given.field is not None and not any(is_known(manifest, given.field) for manifest in manifests):
        hint = field_meant(given.field) or f"sagespec explain {given.about} lists those that are written"
        print_error(f"'{given.field}' is not a field, and is not written in {given.about}", hint)
        return Code.WRONG_USAGE
    for line in overview(manifests) if given.field is None else origins(manifests, given.field):
        print_result(line)
    return Code.FINE
