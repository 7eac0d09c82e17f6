"""Spot instances, and the checkpoints that make them safe."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import API, ERROR, GUIDE, SDK2, WARNING, rule
from sagespec.kinds.training_job.case import Case


@rule(ERROR, source=GUIDE + "model-managed-spot-training.html", given="use_spot_instances")
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


@rule(ERROR, source=API + "StoppingCondition.html", given="use_spot_instances")
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


@rule(ERROR, source=API + "StoppingCondition.html", given="max_wait")
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


@rule(WARNING, source=GUIDE + "model-managed-spot-training.html", given="use_spot_instances")
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


@rule(WARNING, source=API + "StoppingCondition.html", given="max_run")
def run_over_quota(case: Case) -> Iterator[Finding]:
    """A job may run five days, unless the quota was raised.

    Bad:
        max_run: 864000

    Good:
        max_run: 432000
    """
    quota = case.facts.quotas["max_run_seconds"].value
    if case.job.max_run > quota:
        yield Finding(
            ("max_run",),
            f"{case.job.max_run} s ({case.job.max_run / 86400:.3g} days) are more than a job may run without a raised "
            f"quota ({quota} s)",
            "ask Service Quotas for more, or train in several jobs that go on from checkpoints",
        )


@rule(WARNING, source=API + "StoppingCondition.html", given="max_wait")
def wait_beyond_thirty_days(case: Case) -> Iterator[Finding]:
    """A job ends after 30 days, however long it may wait.

    Bad:
        use_spot_instances: true
        max_run: 86400
        max_wait: 3000000
        checkpoint_s3_uri: s3://bucket/checkpoints

    Good:
        use_spot_instances: true
        max_run: 86400
        max_wait: 2592000
        checkpoint_s3_uri: s3://bucket/checkpoints
    """
    total = case.facts.limits["total_seconds"].value
    if case.job.use_spot_instances and case.job.max_wait is not None and case.job.max_wait > total:
        yield Finding(
            ("max_wait",),
            f"max_wait is {case.job.max_wait} s, but a job ends after {total} s (30 days)",
            f"give {total} or less",
        )


@rule(WARNING, source=API + "ResourceConfig.html", given="training_plan")
def spot_with_training_plan(case: Case) -> Iterator[Finding]:
    """A training plan is reserved capacity, which spot instances are not.

    Bad:
        use_spot_instances: true
        max_wait: 172800
        training_plan: arn:aws:sagemaker:us-west-2:123456789012:training-plan/large-model
        checkpoint_s3_uri: s3://bucket/checkpoints

    Good:
        training_plan: arn:aws:sagemaker:us-west-2:123456789012:training-plan/large-model
    """
    if case.job.use_spot_instances and case.job.training_plan is not None:
        yield Finding(
            ("training_plan",),
            "the job asks for spot instances and for the reserved capacity of a training plan",
            "leave use_spot_instances and max_wait out, or training_plan",
            at_key=True,
        )


@rule(ERROR, source=GUIDE + "train-warm-pools.html", given="keep_alive_period_in_seconds")
def warm_pool_of_spot_instances(case: Case) -> Iterator[Finding]:
    """Spot instances cannot be kept warm.

    SageMaker refuses KeepAlivePeriodInSeconds together with managed spot training.

    Bad:
        use_spot_instances: true
        max_wait: 172800
        keep_alive_period_in_seconds: 600
        checkpoint_s3_uri: s3://bucket/checkpoints

    Good:
        keep_alive_period_in_seconds: 600
    """
    if case.job.keep_alive_period_in_seconds and case.job.use_spot_instances:
        yield Finding(
            ("keep_alive_period_in_seconds",),
            "spot instances cannot be kept alive",
            "leave keep_alive_period_in_seconds out, or use_spot_instances and max_wait",
            at_key=True,
        )


@rule(ERROR, source=GUIDE + "train-warm-pools.html", given="keep_alive_period_in_seconds")
def warm_pool_of_instance_groups(case: Case) -> Iterator[Finding]:
    """A heterogeneous cluster cannot be kept warm.

    Bad:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
        keep_alive_period_in_seconds: 600

    Good:
        keep_alive_period_in_seconds: 600
    """
    if case.job.keep_alive_period_in_seconds and case.job.instance_groups is not None:
        yield Finding(
            ("keep_alive_period_in_seconds",),
            "instance groups cannot be kept alive",
            "leave it out, or use instance_type and instance_count",
            at_key=True,
        )


@rule(WARNING, source=GUIDE + "train-warm-pools.html", given="keep_alive_period_in_seconds")
def keep_alive_over_quota(case: Case) -> Iterator[Finding]:
    """Instances are kept alive for an hour at most, unless the quota was raised.

    Bad:
        keep_alive_period_in_seconds: 7200

    Good:
        keep_alive_period_in_seconds: 3600
    """
    quota = case.facts.quotas["keep_alive_seconds"].value
    period = case.job.keep_alive_period_in_seconds
    if period is not None and period > quota:
        yield Finding(
            ("keep_alive_period_in_seconds",),
            f"{period} s are more than instances may be kept alive without a raised quota ({quota} s)",
            f"give {quota} or less, or ask Service Quotas for more",
        )


@rule(ERROR, source=SDK2 + "session.py, _get_train_request", given="checkpoint_local_path")
def checkpoint_folder_without_location(case: Case) -> Iterator[Finding]:
    """A folder for checkpoints is kept in S3 only when it is said where.

    Alone, `checkpoint_local_path` would be dropped without a word.

    Bad:
        checkpoint_local_path: /opt/ml/checkpoints

    Good:
        checkpoint_local_path: /opt/ml/checkpoints
        checkpoint_s3_uri: s3://bucket/checkpoints
    """
    job = case.job
    if job.checkpoint_local_path is not None and job.checkpoint_s3_uri is None:
        yield Finding(
            ("checkpoint_local_path",),
            "checkpoint_local_path without checkpoint_s3_uri keeps nothing",
            "add checkpoint_s3_uri: s3://…, or leave checkpoint_local_path out",
            at_key=True,
        )
