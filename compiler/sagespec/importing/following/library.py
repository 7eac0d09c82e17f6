"""Calls of the SDK, and of the libraries that programs of the SDK use: what they give, and the jobs that they start."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sagespec.base.named import NamedTuple
from sagespec.importing.following.functions import CALLS, METHODS
from sagespec.importing.following.heap import Heap
from sagespec.importing.following.sdk import (
    ARGUMENTS,
    CREATE_MODEL,
    DEPLOY,
    ESTIMATORS,
    FIT,
    FOREIGN,
    HARMLESS,
    LAUNCHERS,
    MODELS,
    OTHER_MODELS,
    SERVING_MODEL,
    TRAIN,
    WITHOUT_FORM,
    is_ours,
)
from sagespec.importing.following.values import (
    ABSENT,
    BoundMethod,
    Class,
    Default,
    Either,
    Library,
    LibraryObject,
    Made,
    PassedValue,
    RestOfArguments,
    Text,
    TrainedModel,
    kept,
    text_of,
)
from sagespec.kinds.training_job.model import Job
from sagespec.scripts.values.constants import UnknownValue
from sagespec.scripts.values.evaluator import Evaluator


class LibraryRemark(NamedTuple):
    """What was seen, and where."""

    line: int
    text: str
    left: bool = True
    """Something is missing from the manifests because of it."""


@dataclass(eq=False)
class Start:
    """A job that is started."""

    made: Made | None
    """The estimator as it is at that moment; None where a request is sent."""
    fit: Mapping[str, Any]
    """With what: the arguments of `fit`; or the members of a request."""
    left: tuple[str, ...]
    node: ast.AST
    line: int
    conditions: tuple[str, ...] = ()
    loops: tuple[tuple[int, str, Any], ...] = ()
    concerns: tuple[str, ...] = ()
    """What else may have had a hand in its values."""
    origin: Made | None = None
    is_template: bool = False
    """Airflow fills in `{{ … }}` in its texts."""
    serves: Start | None = None
    """Of an endpoint: the job whose model it serves, as far as it has been started."""


class SdkCalls(Evaluator):
    """What calls of libraries do."""

    METHODS: ClassVar[frozenset[str]] = frozenset(
        [
            "fit",
            "train",
            "deploy",
            "create_model",
            "set_hyperparameters",
            "hyperparameters",
            "transformer",
            "tune",
            "upload_data",
            "default_bucket",
            "upload",
        ]
    )
    FIELDS: ClassVar[frozenset[str]] = frozenset(Job.fields) | frozenset(Job.renamed)

    code: Text
    heap: Heap

    def __init__(self) -> None:
        self.starts: list[Start] = []
        self.deployments: list[Start] = []
        """The endpoints that are created: the model or the estimator, and the arguments of `deploy`."""
        self.parts: dict[tuple[str, str], Mapping[str, Any]] = {}
        """(operation, name) → the request that makes a model, or an endpoint's configuration."""
        self.made: list[Made] = []
        self.remarks: dict[LibraryRemark, None] = {}
        self.conditions: list[str] = []
        self.loops: list[tuple[int, str, Any]] = []
        self.mute = 0
        self.dropped: ast.expr | None = None
        """The call whose result nobody takes."""
        self.handed: dict[int, list[str]] = {}
        """id of an estimator, dict or list → the calls of functions that are not shown that have got it."""

    def line(self, node: ast.AST) -> int:
        return getattr(node, "lineno", 0)

    def remark(self, node: ast.AST, text: str, *, left: bool = True) -> None:
        if not self.mute:
            self.remarks[LibraryRemark(self.line(node), text, left)] = None

    # What follows is said by Expressions

    def invoke(self, callee: Any, passed: PassedValue, node: ast.AST) -> Any:
        raise NotImplementedError

    def items_of(self, value: Any) -> list[Any] | None:
        raise NotImplementedError

    def unknown_call(self, node: ast.AST) -> UnknownValue:
        raise NotImplementedError

    def set_attribute(self, owner: Any, name: str, value: Any) -> None:
        raise NotImplementedError

    # Functions of libraries

    def library(self, name: str, passed: PassedValue, node: Any) -> Any:
        """A function or class is called by its dotted name."""
        top, last = name.partition(".")[0], name.rpartition(".")[2]
        last = "TensorFlowServingModel" if name == SERVING_MODEL else last
        if last in ARGUMENTS and is_ours(name) and (last not in ESTIMATORS or top in ("sagemaker", last)):
            made = self.made_of(last, PassedValue(), node)
            self.initialize(made, passed, node)
            return made
        if last in WITHOUT_FORM and (top in ("sagemaker", last)):
            self.remark(node, f"{last}(...) starts a training job that no manifest can describe")
            return LibraryObject(last, self.code.of(node))
        if last in OTHER_MODELS and top in ("sagemaker", last):
            self.remark(node, f"{last}(...) was seen and not taken: manifests serve TensorFlow", left=False)
            return LibraryObject(last, self.code.of(node))
        call = CALLS.get(name) or CALLS.get(last)
        if call is not None:
            found = call(self, passed, node)
            if found is not NotImplemented:
                return found
        if name.endswith(("Rule.sagemaker", "Rule.custom")):
            made = Made(name.rpartition(".")[0].rpartition(".")[2] + "." + last, {}, (), node, self.code.of(node))
            made.given, made.left = passed.named(("base_config", "rule_parameters", "other_trials_s3_input_paths"))
            return made
        if ".rule_configs." in f".{name}":
            return Library(f"rule_configs.{last}", self.code.of(node))
        owner, _, method = name.rpartition(".")
        if method in METHODS and owner:
            return self.on_unknown(Library(owner), method, passed, node)
        self.handed_over(passed, node, name)
        return LibraryObject(last, self.code.of(node)) if top in FOREIGN else self.unknown_call(node)

    def handed_over(self, passed: PassedValue, node: Any, name: str = "") -> None:
        """A call that cannot be followed has got these."""
        if self.mute or name.partition(".")[0] in HARMLESS or name.rpartition(".")[2] in HARMLESS:
            return
        text = f"`{self.code.of(node)}` (line {self.line(node)})"
        for value in passed:
            for each in value if isinstance(value, list) else [value]:
                is_dropped = isinstance(each, dict | list) and node is self.dropped
                if isinstance(each, Made) or is_dropped:
                    self.handed.setdefault(id(each), []).append(text)
                    self.heap.kept.append(each)
                elif isinstance(each, BoundMethod) and isinstance(each.owner, Made) and each.name in ("fit", "train"):
                    self.remark(node, f"`{each.name}` is passed to {text}: it is not known how it is called")

    # Objects of the SDK

    def made_of(self, class_name: str, passed: PassedValue, node: Any, cls: Class | None = None) -> Made:
        made = Made(class_name, {}, (), node, self.code.of(node), cls)
        self.heap.born(made.given)
        self.heap.born(made.attributes)
        if class_name in LAUNCHERS and not self.mute:
            self.made.append(made)
        return made

    def initialize(self, made: Made, passed: PassedValue, node: Any) -> None:
        given, left = passed.named(ARGUMENTS[made.class_name])
        made.given.update(given)
        made.left = left
        if "model_trainer" in given:
            made.given["estimator"] = given["model_trainer"]
        if made.class_name == "HyperparameterTuner" and "estimator" not in made.given:
            self.remark(node, "a tuner whose estimator cannot be seen is not taken")

    def on_made(self, made: Made, name: str, passed: PassedValue, node: Any) -> Any:
        if made.class_name in ESTIMATORS and name == "fit":
            self.start(made, passed.named(FIT), node)
            return UnknownValue("job", self.code.of(node))
        if made.class_name in MODELS:
            return self.on_model(made, name, passed, node)
        if made.class_name == "ModelTrainer":
            return self.on_trainer(made, name, passed, node)
        if made.class_name == "HyperparameterTuner" and name in ("fit", "tune"):
            self.tune(made, passed, node)
            return UnknownValue("job", self.code.of(node))
        if made.class_name in ESTIMATORS:
            return self.on_estimator(made, name, passed, node)
        if made.class_name.endswith("Session"):
            return self.on_session(made, name, passed, node)
        if made.class_name == "timedelta" and name == "total_seconds":
            return made.given["seconds"]
        if made.class_name == "ArgumentParser":
            return self.on_parser(made, name, passed, node)
        return self.on_unknown(made, name, passed, node)

    def on_estimator(self, made: Made, name: str, passed: PassedValue, node: Any) -> Any:
        if name == "set_hyperparameters":
            given = made.given.get("hyperparameters")
            owner = dict(given) if isinstance(given, dict) else {}
            self.heap.born(owner)
            if given is not None and not isinstance(given, dict):
                owner[RestOfArguments("more", text_of(given))] = UnknownValue("more", text_of(given))
            owner.update(passed.words)
            for text in passed.left:
                owner[RestOfArguments("more", text.lstrip("*"))] = UnknownValue("more", text)
            self.heap.set(made.given, "hyperparameters", owner)
            return None
        if name == "hyperparameters":
            return made.given.get("hyperparameters", self.unknown_call(node))
        if name == "deploy" and made.class_name == "TensorFlow":
            self.deploy(made, passed, node)
        elif name == "create_model" and made.class_name == "TensorFlow":
            model = self.made_of("TensorFlowModel", PassedValue(), node)
            given, left = passed.named(CREATE_MODEL)
            model.given.update({**given, "model_data": TrainedModel(made, self.code.of(node))})
            model.left = left
            return model
        elif name in ("deploy", "transformer"):
            self.note_not_taken(name, node)
        return self.unknown_call(node)

    def on_model(self, made: Made, name: str, passed: PassedValue, node: Any) -> Any:
        if name == "deploy":
            self.deploy(made, passed, node)
            return UnknownValue("predictor", self.code.of(node))
        if name == "transformer":
            self.note_not_taken(name, node)
        return self.on_unknown(made, name, passed, node)

    def deploy(self, made: Made, passed: PassedValue, node: Any) -> None:
        """An endpoint is created: everything is kept as it is now."""
        model = made.given.get("model_data")
        trainer = model.estimator if isinstance(model, TrainedModel) else made
        job = next((one for one in reversed(self.starts) if one.origin is trainer), None)
        if not self.mute:
            self.deployments.append(replace(self.kept_start(made, passed.named(DEPLOY), node), serves=job))

    def note_not_taken(self, name: str, node: Any) -> None:
        """Notes what follows on training, and for which there is no manifest."""
        what = {
            "deploy": "deploy(...) was seen and not taken: it serves no TensorFlow model that can be seen",
            "create_endpoint": "create_endpoint(...) was seen and not taken: sagespec import --endpoint NAME takes the "
            "endpoint that it has made",
            "transformer": "transformer(...) was seen and not taken: a batch transform is not a training job",
        }
        self.remark(node, what[name], left=False)

    def on_session(self, made: Made, name: str, passed: PassedValue, node: Any) -> Any:
        if name == "default_bucket":
            return made.given.get("default_bucket", UnknownValue("default_bucket", self.code.of(node)))
        return self.on_unknown(made, name, passed, node)

    def on_parser(self, made: Made, name: str, passed: PassedValue, node: Any) -> Any:
        if name == "add_argument":
            self.add_argument(made, passed)
            return self.unknown_call(node)
        if name in ("parse_args", "parse_known_args"):
            names = Made("Namespace", {}, (), node, self.code.of(node))
            names.given = dict(made.given)
            self.heap.born(names.given)
            return names if name == "parse_args" else [names, UnknownValue("unknown", self.code.of(node))]
        if name in ("add_argument_group", "add_mutually_exclusive_group"):
            return made
        if name == "set_defaults":
            for key, value in passed.words.items():
                made.given[key] = Default(key, f"--{key}", value)
        return self.unknown_call(node)

    def add_argument(self, parser: Made, passed: PassedValue) -> None:
        flags = [flag for flag in passed.places if isinstance(flag, str)]
        if not flags:
            return
        long = next((flag for flag in flags if flag.startswith("--")), flags[0])
        dest = passed.words.get("dest")
        name = dest if isinstance(dest, str) else long.lstrip("-").replace("-", "_")
        default = passed.words.get(
            "default", {"store_true": False, "store_false": True}.get(str(passed.words.get("action")), ABSENT)
        )
        if isinstance(default, Default):
            default = default.default
        kind = passed.words.get("type")
        if isinstance(default, str) and isinstance(kind, UnknownValue) and kind.name in ("int", "float"):
            with suppress(ValueError):
                default = int(default) if kind.name == "int" else float(default)
        known = isinstance(default, str | int | float | bool)
        parser.given[name] = Default(name, long, default) if known else UnknownValue(name, long)

    def on_trainer(self, made: Made, name: str, passed: PassedValue, node: Any) -> Any:
        if name == "train":
            self.start(made, passed.named(TRAIN), node)
            return None
        if name.startswith("with_"):
            member = name.removeprefix("with_")
            value = passed.places[0] if passed.places else next(iter(passed.words.values()), None)
            self.heap.set(made.given, member, value)
            return made
        if name == "from_recipe":
            self.remark(node, "a recipe of SageMaker HyperPod is not taken")
        return self.unknown_call(node)

    def start(
        self,
        made: Made,
        with_: tuple[Mapping[str, Any], tuple[str, ...]],
        node: Any,
        *,
        concerns: tuple[str, ...] = (),
    ) -> None:
        """A job is started: everything is kept as it is now."""
        if not self.mute:
            self.starts.append(self.kept_start(made, with_, node, concerns))

    def kept_start(
        self, made: Made, with_: tuple[Mapping[str, Any], tuple[str, ...]], node: Any, concerns: tuple[str, ...] = ()
    ) -> Start:
        given, left = with_
        handed = tuple(f"{text} receives it too, and may have changed it" for text in self.touched(made, given))
        copies: dict[int, Any] = {}
        now = replace(made, given=kept(made.given, copies), attributes={})
        return Start(
            now,
            kept(dict(given), copies),
            left,
            node,
            self.line(node),
            tuple(self.conditions),
            tuple(self.loops),
            (*handed, *concerns),
            made,
        )

    def touched(self, made: Made, given: Mapping[str, Any]) -> list[str]:
        texts = list(self.handed.get(id(made), ()))
        waiting: list[Any] = [*made.given.values(), *given.values()]
        for value in waiting:
            if isinstance(value, dict | list):
                texts += self.handed.get(id(value), ())
                if len(waiting) < 1_000:
                    waiting += value.values() if isinstance(value, dict) else value
        return list(dict.fromkeys(texts))

    def request(self, body: Mapping[str, Any], left: tuple[str, ...], node: Any, *, is_template: bool = False) -> None:
        """A request is sent as it is."""
        if not self.mute:
            conditions, loops = tuple(self.conditions), tuple(self.loops)
            handed = tuple(f"{text} receives it too, and may have changed it" for text in self.handed.get(id(body), ()))
            line = self.line(node)
            sent = kept(dict(body), {})
            self.starts.append(Start(None, sent, left, node, line, conditions, loops, handed, is_template=is_template))

    def part(self, operation: str, member: str, passed: PassedValue) -> None:
        """What an endpoint may be made of is made."""
        if not passed.left:
            self.parts[operation, text_of(passed.words[member])] = kept(dict(passed.words), {})

    def created(self, passed: PassedValue, node: Any) -> bool:
        """An endpoint is made of parts, if these have been seen."""
        config = self.parts.get(("CreateEndpointConfig", text_of(passed.words.get("EndpointConfigName"))), {})
        variants = config.get("ProductionVariants")
        named = isinstance(variants, list) and all(isinstance(_member(one, "VariantName"), str) for one in variants)
        first = variants[0] if named and variants else None
        model = self.parts.get(("CreateModel", text_of(_member(first, "ModelName"))), {})
        if not isinstance(model.get("PrimaryContainer"), dict) or passed.left:
            return False
        if not self.mute:
            sent = {
                "CreateModel": model,
                "CreateEndpointConfig": config,
                "CreateEndpoint": kept(dict(passed.words), {}),
            }
            conditions, loops = tuple(self.conditions), tuple(self.loops)
            self.deployments.append(Start(None, sent, (), node, self.line(node), conditions, loops))
        return True

    def tune(self, tuner: Made, passed: PassedValue, node: Any, *, inputs: Any = ABSENT) -> None:
        """A tuner runs many jobs of one estimator: the manifest is of one of them."""
        ranges = tuner.given.get("hyperparameter_ranges")
        if isinstance(ranges, dict):
            shown = ", ".join(f"{key}: {text_of(value)}" for key, value in ranges.items())
        else:
            shown = text_of(ranges)
        concern = f"hyperparameter tuning was seen and not taken; this is one job without what it tunes: {shown}"
        given, left = passed.named(("inputs", "job_name"))
        if inputs is not ABSENT:
            given = {"inputs": inputs}
        given = {name: value for name, value in given.items() if name in ("inputs",)}

        def start(one: Made) -> None:
            own = (
                {"input_data_config": given["inputs"]}
                if one.class_name == "ModelTrainer" and "inputs" in given
                else given
            )
            self.start(self.with_metrics(one, tuner), (own, left), node, concerns=(concern,))

        self.each_launcher(tuner.given.get("estimator"), start)

    def with_metrics(self, estimator: Made, tuner: Made) -> Made:
        """The estimator with the metrics that its tuner watches, which take the place of its own.

        Source: sagemaker 2.257.7, tuner.py (_TuningJob._prepare_training_config)
        """
        metrics = tuner.given.get("metric_definitions")
        if metrics is None:
            return estimator
        return replace(estimator, given={**estimator.given, "metric_definitions": metrics})

    def each_launcher(self, value: Any, run: Callable[[Made], None]) -> bool:
        ways = value.ways if isinstance(value, Either) else [value]
        found = [way for way in ways if isinstance(way, Made) and way.class_name in LAUNCHERS]
        for way in found:
            run(way)
        return bool(found)

    # What is not known

    def on_unknown(self, owner: Any, name: str, passed: PassedValue, node: Any) -> Any:
        """A method of something of which nothing is known."""
        call = METHODS.get(name)
        if call is not None:
            found = call(self, owner, passed, node)
            if found is not NotImplemented:
                return found
        self.handed_over(passed, node, owner.dotted if isinstance(owner, Library) else "")
        if isinstance(owner, LibraryObject):
            return LibraryObject(name, self.code.of(node))
        return self.unknown_call(node)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
