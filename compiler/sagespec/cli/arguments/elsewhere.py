"""What other programs call commands and options. Imported when there is none of a name."""

from __future__ import annotations

from collections.abc import Collection, Mapping

_COMMANDS: Mapping[str, str] = {
    "validate": "check lint verify test",
    "validate --fix": "fix fmt format",
    "compile": "render build generate template synth export",
    "plan": "diff preview dry-run dryrun estimate cost",
    "apply": "run submit train start create deploy launch up execute",
    "list": "ls ps jobs",
    "status": "show describe get state info",
    "logs": "log tail",
    "attach": "watch follow wait",
    "stop": "delete destroy cancel kill terminate down remove rm abort",
    "invoke": "predict call query",
    "init": "new scaffold",
    "import": "convert migrate",
    "explain": "doc docs man why",
    "local clean": "clean",
    "--version": "version",
}
"""What is meant → what it is called elsewhere."""

_OPTIONS: Mapping[str, str] = {
    "--yes": "--force --auto-approve --approve --assume-yes --no-input -f",
    "--format json": "--json",
    "--out": "--output --output-dir --output-file -o",
    "--env": "--environment --stage -e",
    "--set": "--var --vars --variable --param",
    "--job": "--name --only --filter --select",
    "--wait": "--watch --follow -f -w",
    "--follow": "--watch --wait -w",
    "--max-parallel": "--parallel --concurrency --max-concurrency --parallelism --jobs -j",
    "--tail": "--lines -n",
    "--verbose": "--debug",
    "sagespec plan shows what apply would do": "--dry-run --dryrun --check --diff",
    "the region is the manifest's, or AWS_REGION": "--region",
    "set AWS_PROFILE in the environment": "--profile",
    "set NO_COLOR=1 in the environment": "--no-color --color",
    "manifests and folders are given without an option": "--file --filename --manifest --config --path -c -f",
    "a folder is read with all that lies below it": "--recursive -r -R",
}
"""What is meant, an option where the command has it, or what there is instead → what it is called elsewhere."""


def command_meant(word: str) -> str:
    """What to say of a word that is not a command; nothing where nobody knows."""
    if word.endswith((".yaml", ".yml")):
        return f"say what to do with it, such as sagespec validate {word}"
    found = next((meant for meant, names in _COMMANDS.items() if word in names.split()), "")
    return f"did you mean '{found}'?" if found else ""


def option_meant(name: str, known: Collection[str]) -> str:
    """The same of an option.

    Args:
        known: those of the command.
    """
    for meant, names in _OPTIONS.items():
        if name not in names.split():
            continue
        if not meant.startswith("--"):
            return meant
        if meant.split()[0] in known:
            return f"did you mean '{meant}'?"
    return ""
