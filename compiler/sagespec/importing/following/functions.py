"""What functions and methods of libraries give, and the jobs that they start: a table of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sagespec.importing.following.sdk import FOREIGN, GET_IMAGE_URI, NOT_OF_FIT, RETRIEVE, UPLOAD_DATA
from sagespec.importing.following.values import (
    ABSENT,
    BoundMethod,
    Class,
    Default,
    Function,
    ImageUri,
    Library,
    LibraryObject,
    Made,
    Partial,
    PassedValue,
    Uploaded,
    kept,
    text_of,
)
from sagespec.scripts.values.constants import Mixed, UnknownValue, is_certain, joined_path

if TYPE_CHECKING:
    from sagespec.importing.following.library import SdkCalls

# Functions: (who reads, arguments, the call) → what it gives; NotImplemented where it is another's.


def _role(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    return UnknownValue("role", read.code.of(node))


def _parameter(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    name, default = passed.get(0, "name"), passed.get(1, "default_value")
    if not isinstance(name, str):
        return NotImplemented
    if isinstance(default, str | int | float | bool):
        return Default(name, read.code.of(node), default)
    return UnknownValue(name, read.code.of(node))


def _getenv(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    name, default = passed.get(0, "key"), passed.get(1, "default")
    if not isinstance(name, str):
        return read.unknown_call(node)
    known = isinstance(default, str | int | float | bool)
    return Default(name, read.code.of(node), default) if known else UnknownValue(name, read.code.of(node))


def _partial(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    return Partial(passed.places[0], passed.places[1:], passed.words) if passed.places else NotImplemented


def _thread(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    target = passed.get(1, "target", "python_callable")
    if target is ABSENT:
        return NotImplemented
    given, words = passed.get(3, "args", "op_args"), passed.get(4, "kwargs", "op_kwargs")
    inner = PassedValue(
        given if isinstance(given, list) else [],
        {str(key): value for key, value in words.items()} if isinstance(words, dict) else {},
        [text_of(one) for one in (given, words) if one is not ABSENT and not isinstance(one, list | dict)],
    )
    read.invoke(target, inner, node)
    return read.unknown_call(node)


def _operator(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    return _thread(read, passed, node) if passed.get(None, "python_callable") is not ABSENT else NotImplemented


def _first_called(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    """`to_thread(f, a, b)`."""
    return _submitted(read, passed, node, 0)


def _submitted(read: SdkCalls, passed: PassedValue, node: Any, skip: int) -> Any:
    if len(passed.places) <= skip or not isinstance(passed.places[skip], BoundMethod | Function | Partial):
        return NotImplemented
    read.invoke(passed.places[skip], PassedValue(passed.places[skip + 1 :], passed.words, passed.left), node)
    return read.unknown_call(node)


def _mapped(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    """`map(f, items)`."""
    if len(passed.places) < 2 or not isinstance(passed.places[0], BoundMethod | Function | Partial | Class | Library):
        return NotImplemented
    callee, *lists = passed.places
    items = [read.items_of(one) for one in lists]
    if any(one is None for one in items):
        if isinstance(callee, BoundMethod):
            read.handed_over(passed, node)
        return read.unknown_call(node)
    return [
        read.invoke(callee, PassedValue(list(each)), node) for each in zip(*(one or [] for one in items), strict=False)
    ]


def _delayed(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    return passed.places[0] if passed.places else NotImplemented


def _getattr(read: Any, passed: PassedValue, node: Any) -> Any:
    if len(passed.places) < 2 or not isinstance(passed.places[1], str):
        return NotImplemented
    return read.attribute_of(passed.places[0], passed.places[1], node)


def _setattr(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    if len(passed.places) == 3 and isinstance(passed.places[1], str):
        read.set_attribute(passed.places[0], passed.places[1], passed.places[2])
        return None
    return NotImplemented


def _vars(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    one = passed.get(0)
    return dict(one.given) if isinstance(one, Made) and one.class_name == "Namespace" else NotImplemented


def _parser(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    return Made("ArgumentParser", {}, (), node, read.code.of(node))


def _image(order: tuple[str, ...]) -> Callable[[SdkCalls, PassedValue, Any], Any]:
    def image(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
        given, left = passed.named(order)
        given |= {"region": given.pop("region_name")} if "region_name" in given else {}
        given |= {"framework": given.pop("repo_name")} if "repo_name" in given else {}
        given |= {"version": given.pop("repo_version")} if "repo_version" in given else {}
        known = isinstance(given.get("framework"), str) and not left
        return ImageUri(given, read.code.of(node)) if known else UnknownValue("image_uri", read.code.of(node))

    return image


def _stamped(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    """`name_from_base("x")`."""
    base = passed.get(0, "base")
    return read.text([base, "-", UnknownValue("time", read.code.of(node))], node)


def _same_path(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    return passed.places[0] if passed.places and isinstance(passed.places[0], str | Mixed) else NotImplemented


def _path(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    return joined_path(read, node, *passed.places) if passed.places else "."


def _dumps(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    value = passed.get(0)
    if passed.words or not is_certain(value):
        return read.unknown_call(node)
    return json.dumps(value)


def _loads(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    value = passed.get(0)
    return json.loads(value) if isinstance(value, str) else read.unknown_call(node)


def _timedelta(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    if passed.left or not is_certain([*passed.places, *passed.words.values()]):
        return NotImplemented
    made = Made("timedelta", {}, (), node, read.code.of(node))
    try:
        made.given["seconds"] = timedelta(*passed.places, **passed.words).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return NotImplemented
    return made


def _copy(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    value = passed.get(0)
    return kept(value, {}) if isinstance(value, dict | list) else NotImplemented


def _field(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    """The default of a dataclass's field."""
    factory, default = passed.get(None, "default_factory"), passed.get(0, "default")
    if factory is not ABSENT:
        empty: dict[str, Any] = {"dict": {}, "list": []}
        name = getattr(factory, "name", "")
        return empty[name] if name in empty else read.invoke(factory, PassedValue(), node)
    return read.unknown_call(node) if default is ABSENT else default


def _training_step(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    """`TrainingStep` of SageMaker's pipelines and of the Step Functions SDK."""
    estimator = passed.get(1, "estimator")
    inputs = passed.get(None, "inputs", "data")
    given: dict[str, Any] = {} if inputs is ABSENT else {"inputs": inputs}
    job_name = passed.get(None, "job_name")
    if job_name is not ABSENT:
        given["job_name"] = job_name
    tunes = passed.get(None, "hyperparameters")
    concerns = () if tunes is ABSENT else (f"the step's own hyperparameters are not taken: {text_of(tunes)}",)
    read.each_launcher(estimator, lambda one: read.start(one, (given, tuple(passed.left)), node, concerns=concerns))
    return read.unknown_call(node)


def _tuning_step(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    tuner = passed.get(1, "tuner")
    if isinstance(tuner, Made):
        read.tune(tuner, PassedValue(), node, inputs=passed.get(None, "inputs", "data"))
    return read.unknown_call(node)


def _training_config(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    """Airflow's form of an estimator."""
    given, left = passed.named(("estimator", "inputs", "job_name", "mini_batch_size"))
    estimator = given.pop("estimator", None)
    if not read.each_launcher(estimator, lambda one: read.start(one, (given, left), node)):
        return NotImplemented
    return read.unknown_call(node)


def _tuning_config(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    given, _ = passed.named(("tuner", "inputs", "job_name"))
    if isinstance(given.get("tuner"), Made):
        read.tune(given["tuner"], PassedValue(), node, inputs=given.get("inputs", ABSENT))
    return read.unknown_call(node)


def _training_pipeline(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    given, left = passed.named(("estimator", "role", "inputs", "s3_bucket"))
    with_ = {name: value for name, value in given.items() if name == "inputs"}
    read.each_launcher(given.get("estimator"), lambda one: read.start(one, (with_, left), node))
    return read.unknown_call(node)


def _airflow_operator(read: SdkCalls, passed: PassedValue, node: Any) -> Any:
    config = passed.get(None, "config")
    body = config.get("Training", config) if isinstance(config, dict) else None
    if isinstance(body, dict):
        read.request(body, (), node, is_template=True)
    elif not (isinstance(config, UnknownValue) and "_config(" in config.source):
        read.remark(node, f"the config of this operator is not known: {text_of(config)}")
    return read.unknown_call(node)


CALLS: Mapping[str, Callable[[Any, PassedValue, Any], Any]] = {
    "get_execution_role": _role,
    "ParameterString": _parameter,
    "ParameterInteger": _parameter,
    "ParameterFloat": _parameter,
    "ParameterBoolean": _parameter,
    "os.environ.get": _getenv,
    "os.getenv": _getenv,
    "functools.partial": _partial,
    "threading.Thread": _thread,
    "Thread": _thread,
    "Process": _thread,
    "PythonOperator": _operator,
    "asyncio.to_thread": _first_called,
    "map": _mapped,
    "delayed": _delayed,
    "getattr": _getattr,
    "setattr": _setattr,
    "vars": _vars,
    "ArgumentParser": _parser,
    "image_uris.retrieve": _image(RETRIEVE),
    "sagemaker.image_uris.retrieve": _image(RETRIEVE),
    "get_image_uri": _image(GET_IMAGE_URI),
    "name_from_base": _stamped,
    "unique_name_from_base": _stamped,
    "name_from_image": _stamped,
    "os.path.abspath": _same_path,
    "os.path.realpath": _same_path,
    "os.path.normpath": _same_path,
    "pathlib.Path": _path,
    "Path": _path,
    "json.dumps": _dumps,
    "json.loads": _loads,
    "datetime.timedelta": _timedelta,
    "timedelta": _timedelta,
    "dataclasses.field": _field,
    "copy.deepcopy": _copy,
    "copy.copy": _copy,
    "TrainingStep": _training_step,
    "TuningStep": _tuning_step,
    "training_config": _training_config,
    "tuning_config": _tuning_config,
    "TrainingPipeline": _training_pipeline,
    "SageMakerTrainingOperator": _airflow_operator,
}
"""Function, by its whole name or by its last → what it does."""


# Methods of something of which nothing is known: (who reads, what it is, arguments, the call) → what it gives


def _fit(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    is_other = isinstance(owner, LibraryObject) or len(passed.places) > 1 or NOT_OF_FIT & set(passed.words)
    if (
        not is_other
        and read.code.is_own(node)
        and not (isinstance(owner, Library) and owner.dotted.partition(".")[0] in FOREIGN)
    ):
        read.remark(node, f"`{read.code.of(node)}` may start a job of something that cannot be seen here")
    return LibraryObject("fit", read.code.of(node)) if is_other else NotImplemented


def _create(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    read.request(passed.words, tuple(passed.left), node)
    return read.unknown_call(node)


def _create_tuning(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    read.remark(node, "a hyperparameter tuning job was seen and not taken")
    return NotImplemented


def _upload_data(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    given, _ = passed.named(UPLOAD_DATA)
    path = given.get("path")
    return Uploaded(path, read.code.of(node)) if isinstance(path, str) else UnknownValue("data", read.code.of(node))


def _uploader(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    """`S3Uploader.upload(local_path, desired_s3_uri)`."""
    if "S3Uploader" not in getattr(owner, "dotted", ""):
        return NotImplemented
    path = passed.get(0, "local_path")
    return Uploaded(path, read.code.of(node)) if isinstance(path, str) else UnknownValue("data", read.code.of(node))


def _submit(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    return _submitted(read, passed, node, 0)


def _in_executor(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    return _submitted(read, passed, node, 1)


def _apply(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    target = passed.get(0, "func")
    if not isinstance(target, BoundMethod | Function | Partial):
        return NotImplemented
    inner = PassedValue([], {"target": target})
    for name, place, key in (("args", 1, "args"), ("kwds", 2, "kwargs")):
        value = passed.get(place, name)
        if value is not ABSENT:
            inner.words[key] = value
    return _thread(read, inner, node)


def _map(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    return _mapped(read, passed, node)


def _region_role(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    return _role(read, passed, node)


def _deploy(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    read.note_not_taken("deploy", node)
    return NotImplemented


def _create_part(operation: str, member: str) -> Callable[[Any, Any, PassedValue, Any], Any]:
    """boto3's, which makes what an endpoint is made of."""

    def call(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
        if isinstance(owner, Made) or member not in passed.words:
            return NotImplemented
        read.part(operation, member, passed)
        return read.unknown_call(node)

    return call


def _create_endpoint(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    """boto3's: an endpoint, where what it is made of has been seen."""
    if ("EndpointConfigName" in passed.words or passed.left) and not read.created(passed, node):
        read.note_not_taken("create_endpoint", node)
    return NotImplemented


def _joinpath(read: SdkCalls, owner: Any, passed: PassedValue, node: Any) -> Any:
    return (
        joined_path(read, node, owner, *passed.places) if isinstance(owner, str | Mixed | Uploaded) else NotImplemented
    )


METHODS: Mapping[str, Callable[[Any, Any, PassedValue, Any], Any]] = {
    "fit": _fit,
    "create_training_job": _create,
    "create_hyper_parameter_tuning_job": _create_tuning,
    "upload_data": _upload_data,
    "upload": _uploader,
    "submit": _submit,
    "run_in_executor": _in_executor,
    "apply_async": _apply,
    "map": _map,
    "get_execution_role": _region_role,
    "deploy": _deploy,
    "create_model": _create_part("CreateModel", "ModelName"),
    "create_endpoint_config": _create_part("CreateEndpointConfig", "EndpointConfigName"),
    "create_endpoint": _create_endpoint,
    "joinpath": _joinpath,
}
