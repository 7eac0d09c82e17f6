"""AWS's own algorithms: what their images take, where the job gives them no script."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.catalog import Algorithm, Facts, near
from sagespec.checking.row import Row
from sagespec.checking.rule import ERROR, GUIDE, WARNING, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.subjects import ALGORITHM

_XGBOOST = "https://github.com/aws/sagemaker-xgboost-container (sagemaker_algorithm_toolkit)"
_COMMON = GUIDE + "common-info-all-im-models.html"
_OWN = frozenset({"_tuning_objective_metric"})
"""Hyperparameters that SageMaker itself adds."""
_HOUR = 3_600


def _images_without_scripts(facts: Facts) -> tuple[Row, ...]:
    images = []
    for repositories, registries in facts.registry_sets():
        known = {name: facts.algorithm(name, "") for name in repositories}
        names = "|".join(name for name, found in known.items() if found is not None and not found.runs_scripts)
        accounts = "|".join(dict.fromkeys(account for each in registries.values() for account in each))
        if names:
            images.append(rf"({accounts})[.]dkr[.-]ecr(-fips)?[.][a-z0-9.-]+/({names})(?=[:@]|$)")
    message = "the image holds one of AWS's own algorithms, which trains by hyperparameters and runs no script"
    image = {"type": "string", "pattern": f"^({'|'.join(images)})"}
    return (Row(("entry_point",), message, when={"image_uri": image}),)


@rule(
    ERROR,
    on=field("entry_point", beside="image_uri"),
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/algos.html",
    rows=_images_without_scripts,
)
def script_for_algorithm(entry: Written, context: JobContext) -> Finding | None:
    """AWS's own algorithms run no script of yours; only XGBoost's images from 0.90 on do.

    The script would come as hyperparameters that the algorithm does not know, and it stops at those.

    Bad:
        framework_version: null
        image_uri: 174872318107.dkr.ecr.us-west-2.amazonaws.com/linear-learner:1

    Good:
        framework_version: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
    """
    algorithm = context.image_algorithm
    if algorithm is None or algorithm.runs_scripts:
        return None
    return Finding(
        entry.path,
        f"the image holds AWS's {algorithm.title}, which trains by hyperparameters and runs no script",
        "leave entry_point out, or name a framework's image",
    )


@rule(ERROR, on=ALGORITHM, source=_COMMON)
def channel_missing_for_algorithm(algorithm: Algorithm, context: JobContext) -> Iterator[Finding]:
    """An algorithm looks for its data in channels of fixed names, and stops without those that it needs.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10}
        channels: {training: s3://bucket/train}

    Good:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10}
        channels: {train: s3://bucket/train}
    """
    if context.is_overridden("InputDataConfig"):
        return
    for name in algorithm.channels:
        if name not in context.job.channels:
            strange = [each for each in context.job.channels if each not in _channels(algorithm)]
            cure = f"call {strange[0]} {name}" if len(strange) == 1 else f"add channels: {{{name}: s3://…}}"
            yield Finding(("channels",), f"{algorithm.title} needs a channel '{name}'", cure, at_key=True)


@rule(ERROR, on=ALGORITHM, source=_COMMON + "; " + _XGBOOST)
def channel_unknown_to_algorithm(algorithm: Algorithm, context: JobContext) -> Iterator[Finding]:
    """An algorithm knows a few channels, and stops at any other.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10}
        channels: {train: s3://bucket/train, test: s3://bucket/test}

    Good:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10}
        channels: {train: s3://bucket/train, validation: s3://bucket/test}
    """
    known = _channels(algorithm)
    if not set(algorithm.channels) <= set(context.job.channels):
        return  # one of them is the channel that is missing under its own name
    for channel in context.channels:
        if channel.name not in known:
            message = f"{algorithm.title} knows no channel '{channel.name}'"
            yield Finding(channel.at, message, f"it has {', '.join(known)}", at_key=True)


@rule(ERROR, on=ALGORITHM, source=_XGBOOST)
def content_type_unknown_to_algorithm(algorithm: Algorithm, context: JobContext) -> Iterator[Finding]:
    """XGBoost reads a channel as its content type says, as LIBSVM without one, and stops at types that it has not.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10}
        channels: {train: {s3_data: s3://bucket/train, content_type: application/csv}}

    Good:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10}
        channels: {train: {s3_data: s3://bucket/train, content_type: text/csv}}
    """
    if not algorithm.content_types:
        return
    for channel in context.channels:
        given, where = channel.content_type, channel.s3_data or channel.path or ""
        if channel.name == "code" or channel.name not in _channels(algorithm):
            continue
        if given is not None and given.partition(";")[0].strip() not in algorithm.content_types:
            full_names = [name for name in algorithm.content_types if "/" in name]
            message = f"{algorithm.title} does not read {given}"
            yield Finding((*channel.at, "content_type"), message, f"it reads {', '.join(full_names)}")
        elif given is None and where.endswith((".csv", ".parquet")):
            ending = where.rpartition(".")[2]
            yield Finding(
                channel.at,
                f"{algorithm.title} takes a channel without content_type for LIBSVM, and this is a .{ending} file",
                f"add content_type: {ending if ending == 'parquet' else 'text/csv'}",
            )


@rule(ERROR, on=ALGORITHM, source="https://github.com/aws/sagemaker-python-sdk/issues/132; " + _XGBOOST)
def required_hyperparameter_missing(algorithm: Algorithm, context: JobContext) -> Iterator[Finding]:
    """An algorithm stops, minutes after it has been started, without a hyperparameter that it needs.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10, objective: "multi:softmax"}
        channels: {train: s3://bucket/train}

    Good:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10, objective: "multi:softmax", num_class: 3}
        channels: {train: s3://bucket/train}
    """
    given = context.hyperparameters
    if context.is_overridden("HyperParameters"):
        return
    misspelt = {near(name, algorithm.hyperparameters) for name in given if name not in algorithm.hyperparameters}
    for name in algorithm.required:
        if name not in given and name not in misspelt:
            yield Finding(
                ("hyperparameters",), f"{algorithm.title} needs the hyperparameter {name}", f"add {name}", at_key=True
            )
    for name, (other, values) in algorithm.needed.items():
        if name not in given and given.get(other) in values:
            message = f"{algorithm.title} needs the hyperparameter {name} when {other} is {given[other]}"
            yield Finding(("hyperparameters", other), message, f"add {name}")


@rule(ERROR, on=ALGORITHM, source=GUIDE + "algos.html; " + _XGBOOST)
def hyperparameter_unknown_to_algorithm(algorithm: Algorithm, context: JobContext) -> Iterator[Finding]:
    """An algorithm stops at a hyperparameter that it does not know.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_rounds: 10}
        channels: {train: s3://bucket/train}

    Good:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10}
        channels: {train: s3://bucket/train}
    """
    known = algorithm.hyperparameters
    for name in context.hyperparameters:
        if known and name not in known and name not in _OWN and (algorithm.exact or not name.startswith("_")):
            near = context.guess(name, known)
            cure = f"did you mean {near}?" if near else f"leave it out; {context.job.image_uri} has no such parameter"
            message = f"{algorithm.title} has no hyperparameter {name}"
            yield Finding(("hyperparameters", name), message, cure, at_key=True)


@rule(ERROR, on=ALGORITHM, source=GUIDE + "algos.html; " + _XGBOOST)
def hyperparameter_refused_by_algorithm(algorithm: Algorithm, context: JobContext) -> Iterator[Finding]:
    """An algorithm stops at a value that is none of its choices, no number, or outside its interval.

    Flags are words: without quotes `true` becomes Python's `True`, which XGBoost does not take.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10, subsample: 1.5}
        channels: {train: s3://bucket/train}

    Good:
        framework_version: null
        entry_point: null
        image_uri: 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1
        hyperparameters: {num_round: 10, subsample: 0.5}
        channels: {train: s3://bucket/train}
    """
    for name, value in context.hyperparameters.items():
        if name not in algorithm.hyperparameters or value is None:
            continue
        wanted = algorithm.refused(name, str(value))
        if wanted is not None:
            path = ("hyperparameters", name)
            quoted = isinstance(value, bool) and algorithm.refused(name, str(value).lower()) is None
            cure = f'write "{str(value).lower()}", in quotes' if quoted else f"give {wanted}"
            yield Finding(path, f"{algorithm.title}: {name} is {wanted}, not {value}", cure)


@rule(WARNING, on=ALGORITHM, source=_COMMON)
def more_instances_than_algorithm(algorithm: Algorithm, context: JobContext) -> Finding | None:
    """Some algorithms train on a single instance only.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 266724342769.dkr.ecr.us-west-2.amazonaws.com/lda:1
        instance_count: 2
        hyperparameters: {num_topics: 5, feature_dim: 10, mini_batch_size: 100}
        channels: {train: s3://bucket/train}

    Good:
        framework_version: null
        entry_point: null
        image_uri: 266724342769.dkr.ecr.us-west-2.amazonaws.com/lda:1
        instance_count: 1
        hyperparameters: {num_topics: 5, feature_dim: 10, mini_batch_size: 100}
        channels: {train: s3://bucket/train}
    """
    count = context.job.instances()
    if algorithm.instances is None or count <= algorithm.instances:
        return None
    return Finding(("instance_count",), f"{algorithm.title} trains on one instance only, not on {count}", "write 1")


@rule(WARNING, on=ALGORITHM, source=_COMMON)
def algorithm_without_gpu(algorithm: Algorithm, context: JobContext) -> Finding | None:
    """Some algorithms are made for instances with GPUs.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 433757028032.dkr.ecr.us-west-2.amazonaws.com/object-detection:1
        instance_type: ml.m5.xlarge
        hyperparameters: {num_classes: 3, num_training_samples: 1000}
        channels: {train: s3://bucket/train, validation: s3://bucket/validation}

    Good:
        framework_version: null
        entry_point: null
        image_uri: 433757028032.dkr.ecr.us-west-2.amazonaws.com/object-detection:1
        instance_type: ml.g5.xlarge
        hyperparameters: {num_classes: 3, num_training_samples: 1000}
        channels: {train: s3://bucket/train, validation: s3://bucket/validation}
    """
    without = [instance.name for instance in context.hardware if not instance.gpus]
    if not algorithm.gpus or not without:
        return None
    message = f"{algorithm.title} is documented for instances with GPUs, and {without[0]} has none"
    return Finding(("instance_type",), message, "take ml.g4dn, ml.g5 or ml.p3")


@rule(ERROR, on=field("max_wait"), source=GUIDE + "model-checkpoints.html")
def wait_without_checkpoints(wait: Written, context: JobContext) -> Finding | None:
    """A spot job of an algorithm that keeps no checkpoints may wait for an hour at most, running included.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 174872318107.dkr.ecr.us-west-2.amazonaws.com/linear-learner:1
        hyperparameters: {predictor_type: regressor}
        channels: {train: s3://bucket/train}
        use_spot_instances: true
        max_run: 3600
        max_wait: 7200

    Good:
        framework_version: null
        entry_point: null
        image_uri: 174872318107.dkr.ecr.us-west-2.amazonaws.com/linear-learner:1
        hyperparameters: {predictor_type: regressor}
        channels: {train: s3://bucket/train}
        max_run: 7200
    """
    algorithm = context.algorithm
    if algorithm is None or algorithm.checkpoints or not context.job.use_spot_instances or wait.value <= _HOUR:
        return None
    message = f"{algorithm.title} keeps no checkpoints, and SageMaker then takes a max_wait of {_HOUR} s at most"
    return Finding(wait.path, message, f"write max_run and max_wait of {_HOUR} or less, or train on demand")


@rule(WARNING, on=field("enable_remote_debug"), source=GUIDE + "train-remote-debugging.html")
def remote_debug_of_algorithm(written: Written, context: JobContext) -> Finding | None:
    """Nobody can log in to the containers of AWS's own algorithms.

    Bad:
        framework_version: null
        entry_point: null
        image_uri: 174872318107.dkr.ecr.us-west-2.amazonaws.com/linear-learner:1
        hyperparameters: {predictor_type: regressor}
        channels: {train: s3://bucket/train}
        enable_remote_debug: true

    Good:
        framework_version: null
        entry_point: null
        image_uri: 174872318107.dkr.ecr.us-west-2.amazonaws.com/linear-learner:1
        hyperparameters: {predictor_type: regressor}
        channels: {train: s3://bucket/train}
    """
    algorithm = context.algorithm
    if algorithm is None or written.value is not True:
        return None
    return Finding(written.path, f"remote debugging does not reach the container of {algorithm.title}", "leave it out")


def _channels(algorithm: Algorithm) -> tuple[str, ...]:
    return (*algorithm.channels, *algorithm.optional_channels)
