"""Spot instances, and the checkpoints that make them safe."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Facts
from sagespec.checking.condition import FALSE, GIVEN, LIST, NULL, POSITIVE, TRUE, below, inside
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, SDK2, WARNING, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext


def _longer_wait(context: JobContext) -> str:
    run = context.job.max_run
    return f"add max_wait: {2 * run} (waiting and running together, so at least max_run: {run})"


spot_without_max_wait = refusal(
    "spot-without-max-wait",
    ERROR,
    Row(
        ("use_spot_instances",),
        "a spot job needs max_wait, which is missing",
        _longer_wait,
        value=TRUE,
        when={"max_wait": NULL},
        unless={"request": inside("StoppingCondition", "MaxWaitTimeInSeconds", so=GIVEN)},
        at_value=True,
    ),
    source=GUIDE + "model-managed-spot-training.html",
    page="""
    A spot job must say how long it may wait.

    SageMaker refuses a spot job without MaxWaitTimeInSeconds.

    Bad:
        use_spot_instances: true

    Good:
        use_spot_instances: true
        max_wait: 172800
    """,
)


def _wait_below_run(_facts: Facts) -> tuple[Row, ...]:
    message = "max_wait counts waiting and running together, so it cannot be below max_run"
    return (Row(("max_wait",), message, when={"use_spot_instances": TRUE}, any_of=below("max_wait", "max_run")),)


@rule(ERROR, on=field("max_wait"), source=API + "StoppingCondition.html", rows=_wait_below_run)
def max_wait_shorter_than_run(wait: Written, context: JobContext) -> Finding | None:
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
    job = context.job
    if job.use_spot_instances and wait.value < job.max_run:
        return Finding(
            wait.path,
            f"max_wait is {wait.value} s, but running alone may take {job.max_run} s (max_run)",
            f"max_wait counts waiting and running together: give {job.max_run} or more",
        )
    return None


max_wait_without_spot = refusal(
    "max-wait-without-spot",
    ERROR,
    Row(
        ("max_wait",),
        "max_wait is only for spot jobs",
        "add use_spot_instances: true, or leave max_wait out",
        when={"use_spot_instances": FALSE},
    ),
    source=API + "StoppingCondition.html",
    page="""
    Only a spot job can wait.

    SageMaker refuses MaxWaitTimeInSeconds unless managed spot training is on.

    Bad:
        max_wait: 7200

    Good:
        use_spot_instances: true
        max_run: 3600
        max_wait: 7200
    """,
)


@rule(WARNING, on=field("use_spot_instances"), source=GUIDE + "model-managed-spot-training.html")
def spot_without_checkpoints(spot: Written, context: JobContext) -> Finding | None:
    """A spot job that keeps no checkpoints starts again from the beginning.

    Every interruption throws the work away, and the work done again is billed again. --model_dir, which is in S3, can
    hold checkpoints too, if the script uses it.

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
    job = context.job
    if not spot.value or job.checkpoint_s3_uri is not None or context.legacy:
        return None
    read = context.read
    unused = read is not None and read.script.study.closed and not read.asks.uses_model_dir and not read.asks.uses_s3
    if not context.model_dir_in_s3 or (unused and read is not None and read.asks.trains is not None):
        cure = "add checkpoint_s3_uri: s3://…"
        if context.algorithm is None:
            cure += ", and let the script restore from /opt/ml/checkpoints"
        elif not context.algorithm.checkpoints:
            cure = f"train on demand, or in less than an hour: {context.algorithm.title} cannot keep any"
        return Finding(
            spot.path, "an interrupted spot job starts again from the beginning: it keeps no checkpoints", cure
        )
    return None


@rule(WARNING, on=field("max_run"), source=API + "StoppingCondition.html")
def run_over_quota(run: Written, context: JobContext) -> Finding | None:
    """A job may run five days, unless the quota was raised.

    Bad:
        max_run: 864000

    Good:
        max_run: 432000
    """
    quota = context.facts.quotas["max_run_seconds"].value
    if run.value > quota:
        return Finding(
            run.path,
            f"{run.value} s ({run.value / 86400:.3g} days) are more than a job may run without a raised "
            f"quota ({quota} s)",
            "ask Service Quotas for more, or train in several jobs that go on from checkpoints",
        )
    return None


@rule(WARNING, on=field("max_wait"), source=API + "StoppingCondition.html")
def wait_beyond_thirty_days(wait: Written, context: JobContext) -> Finding | None:
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
    total = context.facts.limits["total_seconds"].value
    if context.job.use_spot_instances and wait.value > total:
        return Finding(
            wait.path,
            f"max_wait is {wait.value} s, but a job ends after {total} s (30 days)",
            f"give {total} or less",
        )
    return None


spot_with_training_plan = refusal(
    "spot-with-training-plan",
    WARNING,
    Row(
        ("training_plan",),
        "the job asks for spot instances and for the reserved capacity of a training plan",
        "leave use_spot_instances and max_wait out, or training_plan",
        when={"use_spot_instances": TRUE},
    ),
    source=API + "ResourceConfig.html",
    page="""
    A training plan is reserved capacity, which spot instances are not.

    Bad:
        use_spot_instances: true
        max_wait: 172800
        training_plan: arn:aws:sagemaker:us-west-2:123456789012:training-plan/large-model
        checkpoint_s3_uri: s3://bucket/checkpoints

    Good:
        training_plan: arn:aws:sagemaker:us-west-2:123456789012:training-plan/large-model
    """,
)


warm_pool_of_spot_instances = refusal(
    "warm-pool-of-spot-instances",
    ERROR,
    Row(
        ("keep_alive_period_in_seconds",),
        "spot instances cannot be kept alive",
        "leave keep_alive_period_in_seconds out, or use_spot_instances and max_wait",
        value=POSITIVE,
        when={"use_spot_instances": TRUE},
    ),
    source=GUIDE + "train-warm-pools.html",
    page="""
    Spot instances cannot be kept warm.

    SageMaker refuses KeepAlivePeriodInSeconds together with managed spot training.

    Bad:
        use_spot_instances: true
        max_wait: 172800
        keep_alive_period_in_seconds: 600
        checkpoint_s3_uri: s3://bucket/checkpoints

    Good:
        keep_alive_period_in_seconds: 600
    """,
)


warm_pool_of_instance_groups = refusal(
    "warm-pool-of-instance-groups",
    ERROR,
    Row(
        ("keep_alive_period_in_seconds",),
        "instance groups cannot be kept alive",
        "leave it out, or use instance_type and instance_count",
        value=POSITIVE,
        when={"instance_groups": LIST},
    ),
    source=GUIDE + "train-warm-pools.html",
    page="""
    A heterogeneous cluster cannot be kept warm.

    Bad:
        instance_type: null
        instance_count: null
        instance_groups:
          - {instance_group_name: workers, instance_type: ml.c5.xlarge, instance_count: 2}
        keep_alive_period_in_seconds: 600

    Good:
        keep_alive_period_in_seconds: 600
    """,
)


@rule(WARNING, on=field("keep_alive_period_in_seconds"), source=GUIDE + "train-warm-pools.html")
def keep_alive_over_quota(period: Written, context: JobContext) -> Finding | None:
    """Instances are kept alive for an hour at most, unless the quota was raised.

    Bad:
        keep_alive_period_in_seconds: 7200

    Good:
        keep_alive_period_in_seconds: 3600
    """
    quota = context.facts.quotas["keep_alive_seconds"].value
    if period.value > quota:
        return Finding(
            period.path,
            f"{period.value} s are more than instances may be kept alive without a raised quota ({quota} s)",
            f"give {quota} or less, or ask Service Quotas for more",
        )
    return None


checkpoint_folder_without_location = refusal(
    "checkpoint-folder-without-location",
    ERROR,
    Row(
        ("checkpoint_local_path",),
        "checkpoint_local_path without checkpoint_s3_uri keeps nothing",
        "add checkpoint_s3_uri: s3://…, or leave checkpoint_local_path out",
        when={"checkpoint_s3_uri": NULL},
    ),
    source=SDK2 + "session.py, _get_train_request",
    page="""
    A folder for checkpoints is kept in S3 only when it is said where.

    Alone, `checkpoint_local_path` would be ignored silently.

    Bad:
        checkpoint_local_path: /opt/ml/checkpoints

    Good:
        checkpoint_local_path: /opt/ml/checkpoints
        checkpoint_s3_uri: s3://bucket/checkpoints
    """,
)
