"""Spot instances, and the checkpoints that make them safe."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.diagnostic import Finding
from sagespec.rules.case import Case
from sagespec.rules.rule import API, ERROR, GUIDE, WARNING, rule


@rule(ERROR, source=GUIDE + "model-managed-spot-training.html")
def spot_without_max_wait(case: Case) -> Iterator[Finding]:
    """A spot job must say how long it may wait.

    SageMaker refuses a spot job without MaxWaitTimeInSeconds.

    Bad:
        use_spot_instances: true

    Good:
        use_spot_instances: true
        max_wait: 172800
    """
    job = case.job
    if job.use_spot_instances and job.max_wait is None:
        yield Finding(
            ("use_spot_instances",),
            "a spot job needs max_wait, which is missing",
            f"add max_wait: {2 * job.max_run} (waiting and running together, so at least max_run: {job.max_run})",
        )


@rule(ERROR, source=API + "StoppingCondition.html")
def max_wait_shorter_than_run(case: Case) -> Iterator[Finding]:
    """A spot job may wait less than it may run.

    SageMaker counts waiting and running together in MaxWaitTimeInSeconds, so the job would be refused.

    Bad:
        use_spot_instances: true
        max_run: 7200
        max_wait: 3600

    Good:
        use_spot_instances: true
        max_run: 7200
        max_wait: 10800
    """
    job = case.job
    if job.use_spot_instances and job.max_wait is not None and job.max_wait < job.max_run:
        yield Finding(
            ("max_wait",),
            f"max_wait is {job.max_wait} s, but running alone may take {job.max_run} s (max_run)",
            f"max_wait counts waiting and running together: give {job.max_run} or more",
        )


@rule(ERROR, source=API + "StoppingCondition.html")
def max_wait_without_spot(case: Case) -> Iterator[Finding]:
    """Only a spot job can wait.

    SageMaker refuses MaxWaitTimeInSeconds unless managed spot training is on.

    Bad:
        max_wait: 7200

    Good:
        use_spot_instances: true
        max_run: 3600
        max_wait: 7200
    """
    if case.job.max_wait is not None and not case.job.use_spot_instances:
        yield Finding(
            ("max_wait",),
            "max_wait is only for spot jobs",
            "add use_spot_instances: true, or leave max_wait out",
            at_key=True,
        )


@rule(WARNING, source=GUIDE + "model-managed-spot-training.html")
def spot_without_checkpoints(case: Case) -> Iterator[Finding]:
    """A spot job that keeps no checkpoints starts again from nothing.

    Every interruption throws the work away, and the work done again is billed again.

    Bad:
        use_spot_instances: true
        max_wait: 172800
        model_dir: false

    Good:
        use_spot_instances: true
        max_wait: 172800
        model_dir: false
        checkpoint_s3_uri: s3://bucket/checkpoints
    """
    job = case.job
    if not job.use_spot_instances or job.checkpoint_s3_uri is not None or case.legacy:
        return
    if job.model_dir is False or (isinstance(job.model_dir, str) and not job.model_dir.startswith("s3://")):
        yield Finding(
            ("use_spot_instances",),
            "an interrupted spot job starts again from nothing: it keeps no checkpoints",
            "add checkpoint_s3_uri: s3://…, and let the script restore from /opt/ml/checkpoints",
        )
