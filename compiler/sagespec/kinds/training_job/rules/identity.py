"""Who the job is, where it runs, and in whose name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import API, ERROR
from sagespec.kinds.training_job.rules.adapter import Case, rule

TAGGING = "https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html"
OUR_TAGS = 9
"""Tags that a training job gets from us: project, environment, name, digest, attempt, manifest, commit, rerun, tags."""


@rule(ERROR, source=API + "CreateTrainingJob.html")
def missing_role(case: Case) -> Iterator[Finding]:
    """SageMaker needs a role in whose name the job reads data and writes models.

    Bad:
        role: null

    Good:
        role: arn:aws:iam::123456789012:role/SageMakerRole
    """
    if case.job.role is None and not case.local:
        yield Finding(
            ("role",), "'role' is missing", "add role: arn:aws:iam::<account>:role/<name> (or to sagespec.yaml)"
        )


@rule(ERROR, source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html")
def role_of_another_partition(case: Case) -> Iterator[Finding]:
    """China and GovCloud have accounts and roles of their own.

    A job in one of these partitions cannot take a role of another.

    Bad:
        region: cn-north-1

    Good:
        region: cn-north-1
        role: arn:aws-cn:iam::123456789012:role/SageMakerRole
    """
    region = case.facts.region(case.region or "")
    role = case.job.role or ""
    if region is None or case.local or not role.startswith("arn:"):
        return
    partition = role.split(":")[1]
    if partition != region.partition:
        yield Finding(
            ("role",),
            f"the role belongs to the partition {partition}, the region {region.name} to {region.partition}",
            f"write arn:{region.partition}:iam::…, or another region",
        )


@rule(ERROR, source="https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html", given="account_id")
def role_of_another_account(case: Case) -> Iterator[Finding]:
    """A job runs in the account of its role.

    Bad:
        account_id: "210987654321"

    Good:
        account_id: "123456789012"
    """
    job = case.job
    parts = (job.role or "").split(":")
    if job.account_id is not None and len(parts) > 5 and parts[4] != job.account_id and not case.local:
        yield Finding(
            ("account_id",),
            f"account_id is {job.account_id}, but the role belongs to account {parts[4]}",
            "leave account_id out: the role's ARN says it",
        )


@rule(ERROR, source=TAGGING, given="tags")
def reserved_tag(case: Case) -> Iterator[Finding]:
    """Tags that begin with `aws:` are Amazon's, and those that begin with `sagespec:` are ours.

    SageMaker refuses the former; by the latter a job is found again.

    Bad:
        tags: {"aws:team": vision}
        ---
        tags: {"sagespec:name": mnist}

    Good:
        tags: {team: vision}
    """
    for key in case.job.tags:
        for prefix in ("aws:", "sagespec:"):
            if key.lower().startswith(prefix):
                yield Finding(("tags", key), f"the tag '{key}' is reserved", f"write {key[len(prefix) :]}", at_key=True)


@rule(ERROR, source=API + "Tag.html", given="tags")
def impossible_tag(case: Case) -> Iterator[Finding]:
    """A tag's key has 1 to 128 characters and its value at most 256: letters, digits, spaces and _ . : / = + - @.

    Bad:
        tags: {owner: "anna & ben"}

    Good:
        tags: {owner: "anna + ben"}
    """
    for key, value in case.job.tags.items():
        for text, most, what, at_key in ((key, 128, "key", True), (value, 256, "value", False)):
            wrong = [] if _PLAIN.fullmatch(text) else sorted({char for char in text if not _may_be_in_tag(char)})
            if wrong:
                problem = f"has {' '.join(map(ascii, wrong[:5]))}, which no tag may have"
            elif len(text) > most:
                problem = f"has {len(text)} characters; the most is {most}"
            elif at_key and not text:
                problem = "is empty"
            else:
                continue
            yield Finding(
                ("tags", key),
                f"the {what} of tag '{key[:40]}' {problem}",
                "allowed are letters, digits, spaces and _ . : / = + - @",
                at_key=at_key,
            )


_PLAIN = re.compile(r"[A-Za-z0-9 _.:/=+@-]*")
"""What most tags are, told at once."""


def _may_be_in_tag(char: str) -> bool:
    return char in "_.:/=+-@" or unicodedata.category(char)[0] in "LZN"


@rule(ERROR, source=API + "CreateTrainingJob.html", given="tags")
def too_many_tags(case: Case) -> Iterator[Finding]:
    """A training job has at most 50 tags, nine of which are ours.

    Bad:
        tags: {a0: "", a1: "", a2: "", a3: "", a4: "", a5: "", a6: "", a7: "", a8: "", b0: "", b1: "", b2: "",
          b3: "", b4: "", b5: "", b6: "", b7: "", b8: "", c0: "", c1: "", c2: "", c3: "", c4: "", c5: "",
          c6: "", c7: "", c8: "", d0: "", d1: "", d2: "", d3: "", d4: "", d5: "", d6: "", d7: "", d8: "",
          e0: "", e1: "", e2: "", e3: "", e4: "", e5: "", e6: "", e7: "", e8: ""}

    Good:
        tags: {team: vision, project: mnist}
    """
    most = 50 - OUR_TAGS
    count = len(case.job.tags)
    if count > most and not case.local:
        yield Finding(
            ("tags",),
            f"{count} tags are too many: SageMaker takes 50, and {OUR_TAGS} are added",
            f"keep {most} or fewer",
            at_key=True,
        )
