"""Look up: what is typed for these commands. The modules beside this carry them out."""

from __future__ import annotations

from pathlib import Path

from sagespec.cli.arguments.parameter import (
    Arguments,
    Option,
    choice,
    file,
    flag,
    one,
    optional,
    repeated,
    several,
)
from sagespec.cli.codes import Code
from sagespec.cli.commands import Rendering

REFERENCE = "Look up"
"""The title of these in the list of commands."""


class RulesArguments(Arguments):
    """List the rules: every name that a finding can have."""

    command, section, runs = "rules", REFERENCE, "looking_up:rules"
    starts_nothing = True

    format = choice(("text", "json"), "text", "How the list is written.")


class VersionsArguments(Arguments):
    """List the versions of a framework: their Pythons, modes, strategies and support dates."""

    command, section, runs = "versions", REFERENCE, "looking_up:versions"
    examples = (("sagespec versions pytorch", "another framework than TensorFlow"),)
    starts_nothing = True

    framework = optional(
        "FRAMEWORK", "A framework; without it, TensorFlow.", choices="sagespec.catalog.tables:frameworks"
    )

    format = choice(("text", "json"), "text", "How the list is written.")


class PricesArguments(Arguments):
    """Make a price file of AWS's public price list, for `prices:` in sagespec.yaml. Needs no network.

    The price list of a region is a file that everyone may download, as JSON or CSV:
    https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonSageMaker/current/us-west-2/index.json
    What `aws pricing get-products --service-code AmazonSageMaker` prints is read, too.
    """

    command, section, runs = "prices", REFERENCE, "pricing:prices"
    examples = (
        ("sagespec prices index.json --out prices.yaml", "from a downloaded list"),
        ("sagespec prices us-west-2.csv eu-west-1.csv", "the prices of two regions"),
        ("sagespec prices index.json --region us-west-2", "one region of a list of all"),
    )
    starts_nothing = True

    files = several("FILE...", "Price lists of Amazon SageMaker, or - for standard input.", completes="files")
    region = repeated("REGION", "Only the prices of this region.")
    out = file("FILE", "Write the price file here.")


class SchemaArguments(Arguments):
    """Write the JSON Schemas with which editors complete and check manifests."""

    command, section, runs = "schema", REFERENCE, "looking_up:schema"
    exits = {Code.WRONG_MANIFEST: "with --check: a file is stale"}
    examples = (("sagespec schema --out .vscode/schemas", "into another folder"),)
    starts_nothing = True

    out: Option[Path] = Option(
        "Where the schemas are written.", metavar="DIR", default=Path("schemas"), read=Path, completes="folders"
    )
    check = flag("Write nothing; exit with 1 if a file is stale.")


class LspArguments(Rendering):
    """Serve an editor: the language server, on standard input and output.

    What validate finds is shown at every keystroke, in manifests, in sagespec.yaml and in training scripts, with fixes,
    completion and more. Nothing of the workspace is run, and nothing is sent anywhere. Editors start it themselves:
    docs/editors.md says how.
    """

    command, section, runs = "lsp", REFERENCE, "serving_editors:lsp"
    exits = {Code.FINE: "the editor has shut it down", Code.WRONG_MANIFEST: "the editor has gone without doing so"}
    examples = (("sagespec lsp --env prod", "judge by one environment of the defaults"),)
    starts_nothing = True

    stdio = flag("For editors that pass it; there is no other way.")


class CompletionArguments(Arguments):
    """Print a script that makes a shell complete sagespec's commands, options, files, rules, environments and jobs."""

    command, section, runs = "completion", REFERENCE, "completing:completion"
    examples = (
        ("source <(sagespec completion bash)", "a line for ~/.bashrc"),
        ("source <(sagespec completion zsh)", "a line for ~/.zshrc, below compinit"),
        ("sagespec completion fish | source", "a line for ~/.config/fish/config.fish"),
    )
    starts_nothing = True

    shell = one("SHELL", "The shell that reads it.", choices="sagespec.cli.arguments.shells:SCRIPTS")


class HelpArguments(Arguments):
    """Show the help of the program, or of a command."""

    command, section, runs = "help", REFERENCE, "looking_up:help_"
    examples = (("sagespec help local clean", "the same as sagespec local clean --help"),)
    starts_nothing = True

    words = several("COMMAND", "A command's name.", required=False, completes="commands")


class OfferArguments(Arguments):
    """Print what may stand where a command line is being typed: the scripts of `completion` ask this."""

    command, runs = "__complete", "completing:offer"
    starts_nothing = True

    words = several("WORD...", "The words so far; the last one is unfinished.", required=False)
