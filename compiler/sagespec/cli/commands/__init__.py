"""The commands: every word of the command line is declared in a class here or in a section below, once.

The parser, the help, shell completion and docs/command-line.md are made of these classes. A section is a package: its
`__init__` has the classes, its modules the functions that carry them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

from sagespec.cli.arguments.parameter import GENERAL, Arguments, Option, flag, pair, repeated, several, text

MANIFESTS = "How manifests are read"
"""The title of these options in the help."""


class ProgramArguments(Arguments):
    """SageMaker training jobs and endpoints as YAML manifests: checked, compiled, planned and applied."""

    version = flag("Print the version.", group=GENERAL)
    runs = "reference.looking_up:program"
    examples = (
        ("sagespec init job", "a manifest and a script to start from"),
        ("sagespec validate job", "everything that is wrong with it"),
        ("sagespec plan job", "what apply would do, and what it would cost"),
        ("sagespec apply job --wait", "do it, and follow the training"),
    )
    starts_nothing = True


class Rendering(Arguments):
    """How manifests get their values."""

    env = text(
        "ENV",
        "Use the values of this environment of the defaults.",
        variable="SAGESPEC_ENV",
        completes="environments",
        group=MANIFESTS,
    )
    set: Option[Sequence[tuple[str, str]]] = repeated(
        "NAME=VALUE", "A value for {{ vars.NAME }}.", read=pair, completes="variables", group=MANIFESTS
    )
    job = repeated("GLOB", "Only jobs and endpoints whose name matches: 'sweep-*'.", group=MANIFESTS)


class Judging(Rendering):
    """How manifests are judged, for the commands that take any number of them."""

    allow = repeated("RULE", "Report nothing of this rule, not even errors.", completes="rules", group=MANIFESTS)
    paths = several("PATH...", "Manifests, folders of manifests, or - for standard input.", completes="files")


class Commands(Mapping[str, type[Arguments]]):
    """Commands by their names. A section is imported when one of its commands is asked for."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> type[Arguments]:
        section, _, declared = self._places[name].partition(":")
        found: type[Arguments] = getattr(import_module(f"{__name__}.{section}"), declared)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


COMMANDS = Commands(
    {
        "init": "checking:InitArguments",
        "import": "checking:ImportArguments",
        "validate": "checking:ValidateArguments",
        "compile": "checking:CompileArguments",
        "explain": "checking:ExplainArguments",
        "metrics": "checking:MetricsArguments",
        "plan": "deploying:PlanArguments",
        "apply": "deploying:ApplyArguments",
        "list": "deploying:ListArguments",
        "status": "deploying:StatusArguments",
        "logs": "deploying:LogsArguments",
        "attach": "deploying:AttachArguments",
        "tensorboard": "deploying:TensorboardArguments",
        "rollback": "deploying:RollbackArguments",
        "stop": "deploying:StopArguments",
        "invoke": "deploying:InvokeArguments",
        "local list": "deploying:LocalListArguments",
        "local clean": "deploying:LocalCleanArguments",
        "rules": "reference:RulesArguments",
        "versions": "reference:VersionsArguments",
        "prices": "reference:PricesArguments",
        "schema": "reference:SchemaArguments",
        "lsp": "reference:LspArguments",
        "completion": "reference:CompletionArguments",
        "help": "reference:HelpArguments",
        "__complete": "reference:OfferArguments",
    }
)
"""Every command, in the order of the help."""
GROUPS = {"local": "The jobs on this machine."}
"""First words of commands that have two, and what these are about."""
