"""In whose name something runs, and its tags."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Facts
from sagespec.checking.condition import REMOTE
from sagespec.checking.context import Context
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, rule
from sagespec.checking.subject import Written, field

TAGGING = "https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"
OUR_TAGS = 9
"""Tags that everything gets from us: project, environment, name, digest, attempt, manifest, commit, rerun, tags."""


@rule(ERROR, on=field("role"), source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html")
def role_of_another_partition(role: Written, context: Context) -> Finding | None:
    """China and GovCloud have accounts and roles of their own.

    A job in one of these partitions cannot take a role of another.

    Bad:
        region: cn-north-1

    Good:
        region: cn-north-1
        role: arn:aws-cn:iam::123456789012:role/SageMakerRole
    """
    region = context.facts.region(context.region or "")
    if region is None or context.local or not role.value.startswith("arn:"):
        return None
    if role.value.startswith(f"arn:{region.partition}:"):
        return None
    partition = role.value.split(":")[1]
    return Finding(
        role.path,
        f"the role belongs to the partition {partition}, the region {region.name} to {region.partition}",
        f"write arn:{region.partition}:iam::…, or another region",
    )


def _accounts_differ(_facts: Facts) -> tuple[Row, ...]:
    """By the last digits: of ten thousand accounts one has the same."""
    digits = tuple(
        {
            "account_id": {"type": "string", "pattern": f"^[0-9]{{{place}}}{digit}"},
            "role": {"type": "string", "pattern": f"^arn:[^:]*:[^:]*:[^:]*:[0-9]{{{place}}}[^{digit}]"},
        }
        for place in range(8, 12)
        for digit in range(10)
    )
    message = "the role belongs to another account; leave account_id out, the role's ARN says it"
    return (Row(("account_id",), message, when={"instance_type": REMOTE}, any_of=digits),)


@rule(
    ERROR,
    on=field("account_id"),
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html",
    rows=_accounts_differ,
)
def role_of_another_account(account: Written, context: Context) -> Finding | None:
    """A job runs in the account of its role.

    Bad:
        account_id: "210987654321"
        role: arn:aws:iam::123456789012:role/SageMakerRole

    Good:
        account_id: "123456789012"
        role: arn:aws:iam::123456789012:role/SageMakerRole
    """
    parts = (context.model.members().get("role") or "").split(":")
    if len(parts) > 5 and parts[4] != account.value and not context.local:
        return Finding(
            account.path,
            f"account_id is {account.value}, but the role belongs to account {parts[4]}",
            "leave account_id out: the role's ARN says it",
        )
    return None


@rule(
    ERROR,
    on=field("tags"),
    source=TAGGING,
    rows=(
        Row(
            ("tags",),
            "tags that begin with aws: or sagespec: are reserved",
            form="^(?!([Aa][Ww][Ss]|[Ss][Aa][Gg][Ee][Ss][Pp][Ee][Cc]):)",
            names=True,
        ),
    ),
)
def reserved_tag(tags: Written, context: Context) -> Iterator[Finding]:
    """Tags that begin with `aws:` are Amazon's, and those that begin with `sagespec:` are ours.

    SageMaker refuses the former; by the latter a job is found again.

    Bad:
        tags: {"aws:team": vision}
        ---
        tags: {"sagespec:name": mnist}

    Good:
        tags: {team: vision}
    """
    for key in tags.value:
        if key.lower().startswith(("aws:", "sagespec:")):
            hint = f"write {key.partition(':')[2]}"
            yield Finding((*tags.path, key), f"the tag '{key}' is reserved", hint, at_key=True)


_ALLOWED = r'^[^!"#$%&' r"'()*,;<>?\[\\\]^`{|}~\x00-\x1f\x7f]*$"
"""Of ASCII, all that a tag may have; of other letters Unicode decides, which not every editor can ask."""


@rule(
    ERROR,
    on=field("tags"),
    source=API + "Tag.html",
    rows=(
        Row(("tags",), "a tag's key has 1 to 128 characters", form=r"^[\s\S]{1,128}$", names=True),
        Row(("tags",), "allowed are letters, digits, spaces and _ . : / = + - @", form=_ALLOWED, names=True),
        Row(("tags",), "allowed are letters, digits, spaces and _ . : / = + - @", form=_ALLOWED),
    ),
)
def impossible_tag(tags: Written, context: Context) -> Iterator[Finding]:
    """A tag's key has 1 to 128 characters and its value at most 256: letters, digits, spaces and _ . : / = + - @.

    Bad:
        tags: {owner: "anna & ben"}

    Good:
        tags: {owner: "anna + ben"}
    """
    for key, value in tags.value.items():
        for what, problem in (("key", _problem_of_key(key)), ("value", _problem_of_value(value))):
            if problem:
                yield Finding(
                    (*tags.path, key),
                    f"the {what} of tag '{key[:40]}' {problem}",
                    "allowed are letters, digits, spaces and _ . : / = + - @",
                    at_key=what == "key",
                )


@lru_cache(maxsize=1_000)
def _problem_of_key(key: str) -> str:
    return _problem(key, 128) if key else "is empty"


@lru_cache(maxsize=1_000)
def _problem_of_value(value: str) -> str:
    return _problem(value, 256)


def _problem(text: str, most: int) -> str:
    wrong = sorted({char for char in text if not _may_be_in_tag(char)})
    if wrong:
        return f"has {' '.join(map(ascii, wrong[:5]))}, which no tag may have"
    return f"has {len(text)} characters; the most is {most}" if len(text) > most else ""


def _may_be_in_tag(char: str) -> bool:
    return char in "_.:/=+-@" or unicodedata.category(char)[0] in "LZN"


@rule(
    ERROR,
    on=field("tags"),
    source=TAGGING,
    rows=(
        Row(
            ("tags",),
            f"SageMaker takes 50 tags, and {OUR_TAGS} are added",
            when={"instance_type": REMOTE},
            value={"type": "object", "minProperties": 51 - OUR_TAGS},
        ),
    ),
)
def too_many_tags(tags: Written, context: Context) -> Finding | None:
    """A resource has at most 50 tags, nine of which are ours.

    Bad:
        tags: {a0: "", a1: "", a2: "", a3: "", a4: "", a5: "", a6: "", a7: "", a8: "", b0: "", b1: "", b2: "",
          b3: "", b4: "", b5: "", b6: "", b7: "", b8: "", c0: "", c1: "", c2: "", c3: "", c4: "", c5: "",
          c6: "", c7: "", c8: "", d0: "", d1: "", d2: "", d3: "", d4: "", d5: "", d6: "", d7: "", d8: "",
          e0: "", e1: "", e2: "", e3: "", e4: "", e5: "", e6: "", e7: "", e8: ""}

    Good:
        tags: {team: vision, project: mnist}
    """
    most = 50 - OUR_TAGS
    count = len(tags.value)
    if count > most and not context.local:
        return Finding(
            tags.path,
            f"{count} tags are too many: SageMaker takes 50, and {OUR_TAGS} are added",
            f"keep {most} or fewer",
            at_key=True,
        )
    return None
