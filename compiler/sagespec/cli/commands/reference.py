"""The commands that look something up: help, explain, rules, versions, schema."""

from __future__ import annotations

import os
import sys

from sagespec.cli.arguments.help import help_of, help_of_group, width_of_terminal
from sagespec.cli.arguments.parse import command_named
from sagespec.cli.arguments.table import (
    GROUPS,
    ExplainArguments,
    HelpArguments,
    ProgramArguments,
    RulesArguments,
    SchemaArguments,
    VersionsArguments,
)
from sagespec.cli.codes import Code
from sagespec.cli.runs import compiler_of, nothing_here, refuse_unwritable
from sagespec.cli.terminal import complain, say, tell
from sagespec.reporting.terminal.style import style_of


def program(given: ProgramArguments) -> Code:
    """What stands without a command: `--version`, or nothing."""
    if not given.version:
        return help_(HelpArguments({}))
    from sagespec import __version__

    say(f"sagespec {__version__}")
    return Code.FINE


def help_(given: HelpArguments) -> Code:
    style, width = style_of(sys.stdout), width_of_terminal()
    name = " ".join(given.words)
    if name in GROUPS:
        lines = help_of_group(name, style, width)
    else:
        lines = help_of(command_named(given.words) if name else ProgramArguments, style, width)
    for line in lines:
        say(line)
    return Code.FINE


def explain(given: ExplainArguments) -> Code:
    from sagespec.kinds.explained import current, explained, suggestion
    from sagespec.reporting.pages import page

    if given.field is not None or os.path.exists(given.about) or given.about.endswith((".yaml", ".yml")):  # noqa: PTH110
        return explain_manifest(given)
    name = current(given.about)
    if name in explained():
        say(page(explained()[name]))
        return Code.FINE
    from sagespec.reporting.origin import field_meant, field_page

    lines = list(field_page(given.about))
    for line in lines[:-1]:
        say(line)
    if not lines:
        meant = "" if "-" in given.about else field_meant(given.about)  # rules' names have hyphens
        complain(f"there is no rule and no field '{given.about}'", meant or suggestion(given.about))
    return Code.FINE if lines else Code.WRONG_USAGE


def explain_manifest(given: ExplainArguments) -> Code:
    """The values of a manifest's fields, or of one of them, and where they come from."""
    from sagespec.base.diagnostic import told
    from sagespec.reporting.findings.diagnostics import block
    from sagespec.reporting.origin import field_meant, is_known, origins, overview

    manifests = []
    for result in compiler_of(given, build=False, every_environment=False).run([given.about]):
        if result.rendered is None and not result.diagnostics:  # defaults, with which nothing is wrong
            continue
        if result.rendered is None:
            for diagnostic in told(result.diagnostics):
                for line in block(diagnostic, style_of(sys.stderr)):
                    tell(line, always=True)
            return Code.WRONG_MANIFEST
        manifests.append(result.rendered)
    if not manifests:
        return nothing_here(given)
    if given.field is not None and not any(is_known(manifest, given.field) for manifest in manifests):
        hint = field_meant(given.field) or f"sagespec explain {given.about} lists those that are written"
        complain(f"'{given.field}' is no field, and is not written in {given.about}", hint)
        return Code.WRONG_USAGE
    for line in overview(manifests) if given.field is None else origins(manifests, given.field):
        say(line)
    return Code.FINE


def rules(given: RulesArguments) -> Code:
    from sagespec.kinds.explained import explained
    from sagespec.reporting.pages import rule_list, rules_json

    if given.format == "json":
        say(rules_json(explained().values()))
        return Code.FINE
    for line in rule_list(explained().values(), style_of(sys.stdout)):
        say(line)
    return Code.FINE


def versions(given: VersionsArguments) -> Code:
    from sagespec.catalog import facts
    from sagespec.reporting.pages import version_table, versions_json

    known = facts()
    framework = known.framework(given.framework or "tensorflow")
    if framework is None:
        raise LookupError(given.framework)
    if given.format == "json":
        say(versions_json(framework))
        return Code.FINE
    for line in version_table(framework, style_of(sys.stdout)):
        say(line)
    if given.framework is None:
        others = [name for name in known.frameworks if name != framework.name]
        tell(f"Of {framework.title}; name another framework for its versions: {', '.join(others)}")
    return Code.FINE


def schema(given: SchemaArguments) -> Code:
    from sagespec.reporting.schema_files import stale, write_schemas

    if given.check:
        found = stale(given.out)
        for name in found:
            complain(f"{name} is stale", f"sagespec schema --out {given.out}")
        return Code.WRONG_MANIFEST if found else Code.FINE
    refuse_unwritable(given.out)
    for path in write_schemas(given.out):
        say(str(path))
    return Code.FINE
