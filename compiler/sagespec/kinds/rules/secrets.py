"""Keys and tokens, which a manifest must not hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.redact import CERTAIN_TOKENS, certain_names, masked, secret_in
from sagespec.base.source import Path
from sagespec.catalog import Facts
from sagespec.checking.context import Context
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, rule
from sagespec.checking.subject import Written, field

FIELDS = (
    *("hyperparameters", "environment", "env", "tags", "container_entry_point", "container_arguments", "request"),
)
"""Those of every kind; a kind that has one of them not is not asked about it."""


_CERTAIN = r"^(?![\s\S]*(?:" + "|".join(CERTAIN_TOKENS) + r"))"


def _looks_secret(_facts: Facts) -> Iterator[Row]:
    message = "this looks like a key, a token or a password"
    for name in ("hyperparameters", "environment", "env", "tags"):
        yield Row((name,), message, form=_CERTAIN)
        for called, secret in certain_names():
            yield Row((name,), message, form=f"^(?!{secret.removeprefix('^')})", called=called)


@rule(ERROR, on=field(*FIELDS), source=API + "CreateTrainingJob.html", rows=_looks_secret)
def secret_in_manifest(written: Written, context: Context) -> Iterator[Finding]:
    """A key, token or password would be readable for everybody who can see the job or the model.

    Hyperparameters, environment and tags are shown by the console, by DescribeTrainingJob and in events, so it does not
    help to bring the secret in with an expression. Let the script fetch it, with the role, from AWS Secrets Manager.

    Bad:
        environment: {WANDB_API_KEY: 0123456789abcdef0123456789abcdef01234567}
        ---
        hyperparameters: {source: "postgres://train:s3cr3t-w0rd@db.example.com/data"}

    Good:
        environment: {WANDB_SECRET_ARN: "arn:aws:secretsmanager:us-west-2:123456789012:secret:wandb"}
    """
    for path, name, value in _texts(written.path, written.name, written.value):
        kind = secret_in(value, name)
        if kind is not None:
            yield Finding(
                path,
                f"this looks like {kind}: {masked(value)}",
                "keep it in AWS Secrets Manager, pass its ARN, and let the script fetch it; "
                "if it is real and was committed, revoke it",
            )


def _texts(path: Path, name: str, value: Any) -> Iterator[tuple[Path, str, str]]:
    """(path, name, text) of every string inside a value. In a list of arguments an option names the next one."""
    if isinstance(value, str):
        option, _, rest = value.partition("=")
        named = rest and option.startswith("-") and " " not in option
        yield (path, option, rest) if named else (path, name, value)
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and not item.startswith("-"):
                yield (*path, key), key, item
            elif isinstance(item, str | dict | list):
                yield from _texts((*path, key), key, item)
    elif isinstance(value, list):
        before: Any = ""
        for index, item in enumerate(value):
            follows = isinstance(before, str) and before.startswith("-")
            yield from _texts((*path, index), before if follows else name, item)
            before = item
