"""In whose name the job runs."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import API, ERROR, rule
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model import Job
from sagespec.kinds.training_job.subjects import JOB


@rule(ERROR, on=JOB, source=API + "CreateTrainingJob.html")
def missing_role(job: Job, context: JobContext) -> Finding | None:
    """SageMaker needs a role in whose name the job reads data and writes models.

    Bad:
        role: null

    Good:
        role: arn:aws:iam::123456789012:role/SageMakerRole
    """
    if job.role is None and not context.local and not context.is_overridden("RoleArn"):
        return Finding(
            ("role",), "'role' is missing", "add role: arn:aws:iam::<account>:role/<name> (or to sagespec.yaml)"
        )
    return None
