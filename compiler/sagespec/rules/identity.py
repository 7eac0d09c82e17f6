"""Who the job is, where it runs, and in whose name."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.diagnostic import Finding
from sagespec.rules.case import Case
from sagespec.rules.rule import API, ERROR, SDK2, rule


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


@rule(ERROR, source=SDK2 + "image_uris.py")
def missing_region(case: Case) -> Iterator[Finding]:
    """A request is made for one region: the image and the default bucket depend on it.

    `validate` does without a region; `compile`, `plan` and `apply` do not.
    """
    if case.for_service and case.region is None:
        yield Finding(
            ("region",), "no region is known", "add region: us-west-2 (or to sagespec.yaml), or set AWS_REGION"
        )


@rule(ERROR, source=SDK2 + "session.py, default_bucket")
def missing_account(case: Case) -> Iterator[Finding]:
    """The default bucket and a role without an ARN need the account's number.

    `apply` asks AWS for it; `compile` asks nobody, so that its result depends on the manifest alone.
    """
    job = case.job
    if not case.for_service or case.account is not None or job.role is None:
        return
    if not job.role.startswith("arn:"):
        yield Finding(
            ("role",), f"the account of role '{job.role}' is not known", "write the role's ARN, or add account_id"
        )
    elif job.output_path is None:
        yield Finding(
            ("output_path",), "the default bucket needs the account's number", "add account_id or output_path"
        )
