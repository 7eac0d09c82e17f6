"""The commands that look something up: help, rules, versions, schema."""

from __future__ import annotations

import sys

from sagespec.cli.arguments.help import help_of, help_of_group, width_of_terminal
from sagespec.cli.arguments.parse import command_named
from sagespec.cli.codes import Code
from sagespec.cli.commands import GROUPS, ProgramArguments
from sagespec.cli.commands.reference import HelpArguments, RulesArguments, SchemaArguments, VersionsArguments
from sagespec.cli.runs import refuse_unwritable
from sagespec.cli.terminal import print_error, print_result, print_status
from sagespec.reporting.terminal.style import style_of


def program(given: ProgramArguments) -> Code:
    """What stands without a command: `--version`, or nothing."""
    if not given.version:
        return help_(HelpArguments({}))
    from sagespec import __version__

    print_result(f"sagespec {__version__}")
    return Code.FINE


def help_(given: HelpArguments) -> Code:
    style, width = style_of(sys.stdout), width_of_terminal()
    name = " ".join(given.words)
    if name in GROUPS:
        lines = help_of_group(name, style, width)
    else:
        lines = help_of(command_named(given.words) if name else ProgramArguments, style, width)
    for line in lines:
        print_result(line)
    return Code.FINE


def rules(given: RulesArguments) -> Code:
    from sagespec.kinds.explained import explained
    from sagespec.reporting.pages import rule_list, rules_json

    if given.format == "json":
        print_result(rules_json(explained().values()))
        return Code.FINE
    for line in rule_list(explained().values(), style_of(sys.stdout)):
        print_result(line)
    return Code.FINE


def versions(given: VersionsArguments) -> Code:
    from sagespec.catalog import facts
    from sagespec.reporting.pages import version_table, versions_json

    known = facts()
    framework = known.framework(given.framework or "tensorflow")
    if framework is None:
        raise LookupError(given.framework)
    if given.format == "json":
        print_result(versions_json(framework))
        return Code.FINE
    for line in version_table(framework, style_of(sys.stdout)):
        print_result(line)
    if given.framework is None:
        others = [name for name in known.frameworks if name != framework.name]
        print_status(f"Of {framework.title}; name another framework for its versions: {', '.join(others)}")
    return Code.FINE


def schema(given: SchemaArguments) -> Code:
    from sagespec.reporting.schema_files import stale, write_schemas

    if given.check:
        found = stale(given.out)
        for name in found:
            print_error(f"{name} is stale", f"sagespec schema --out {given.out}")
        return Code.WRONG_MANIFEST if found else Code.FINE
    refuse_unwritable(given.out)
    for path in write_schemas(given.out):
        print_result(str(path))
    return Code.FINE
