"""Calls of the SDK, and of the libraries that programs of the SDK use: what they give, and the jobs that they start."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple

from sagespec.importing.programs.heap import Heap
from sagespec.importing.programs.sdk import (
    ARGUMENTS,
    ESTIMATORS,
    FIT,
    GET_IMAGE_URI,
    LAUNCHERS,
    RETRIEVE,
    TRAIN,
    UPLOAD_DATA,
    WITHOUT_FORM,
    is_ours,
)
from sagespec.importing.programs.values import (
    ABSENT,
    Bound,
    Class,
    Default,
    Either,
    Foreign,
    Function,
    Image,
    Library,
    Made,
    Partial,
    Passed,
    Rest,
    Text,
    Uploaded,
    text_of,
)
from sagespec.kinds.training_job.model import Job
from sagespec.scripts.evaluator import Evaluator, Mixed, Unknown, is_certain, joined_path

FOREIGN = frozenset(
    [
        "sklearn",
        "keras",
        "tensorflow",
        "tf",
        "torch",
        "xgboost",
        "lightgbm",
        "catboost",
        "statsmodels",
        "scipy",
        "numpy",
        "np",
        "pandas",
        "pd",
        "gensim",
        "spacy",
        "transformers",
        "mxnet",
        "fastai",
        "umap",
        "prophet",
        "pyspark",
        "shap",
        "autogluon",
        "imblearn",
        "category_encoders",
        "nltk",
    ]
)
"""Libraries with a `fit` of their own."""
HARMLESS = frozenset(
    [
        "print",
        "len",
        "str",
        "repr",
        "type",
        "isinstance",
        "hasattr",
        "id",
        "sorted",
        "list",
        "dict",
        "json",
        "logging",
        "logger",
        "log",
        "pprint",
        "pp",
        "display",
        "time",
        "os",
        "sys",
        "warnings",
        "sagemaker",
        "boto3",
        "open",
        "datetime",
        "random",
        "math",
        "re",
        "uuid",
        "pathlib",
    ]
)
"""Functions and modules that change nothing of what they are given."""
NOT_OF_FIT = frozenset(
    [
        "epochs",
        "batch_size",
        "validation_data",
        "validation_split",
        "eval_set",
        "sample_weight",
        "callbacks",
        "verbose",
        "x",
        "y",
        "X",
        "steps_per_epoch",
    ]
)
"""Arguments that no `fit` of the SDK's has."""


class Remark(NamedTuple):
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
    renamed: Mapping[str, str] | None = None


class SdkCalls(Evaluator):
    """What calls of libraries do."""

    METHODS: ClassVar[frozenset[str]] = frozenset(
        [
            "fit",
            "train",
            "deploy",
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
        self.made: list[Made] = []
        self.remarks: dict[Remark, None] = {}
        self.conditions: list[str] = []
        self.loops: list[tuple[int, str, Any]] = []
        self.mute = 0
        self.handed: dict[int, list[str]] = {}
        """id of an estimator, dict or list → the calls of functions that are not shown that have got it."""

    def line(self, node: ast.AST) -> int:
        return getattr(node, "lineno", 0)

    def remark(self, node: ast.AST, text: str, *, left: bool = True) -> None:
        if not self.mute:
            self.remarks[Remark(self.line(node), text, left)] = None

    # What follows is said by Expressions

    def invoke(self, callee: Any, passed: Passed, node: ast.AST) -> Any:
        raise NotImplementedError

    def items_of(self, value: Any) -> list[Any] | None:
        raise NotImplementedError

    def unknown_call(self, node: ast.AST) -> Unknown:
        raise NotImplementedError

    def set_attribute(self, owner: Any, name: str, value: Any) -> None:
        raise NotImplementedError

    # Functions of libraries

    def library(self, name: str, passed: Passed, node: Any) -> Any:
        """A function or class is called by its dotted name."""
        top, last = name.partition(".")[0], name.rpartition(".")[2]
        if last in ARGUMENTS and is_ours(name) and (last not in ESTIMATORS or top in ("sagemaker", last)):
            made = self.made_of(last, Passed(), node)
            self.initialize(made, passed, node)
            return made
        if last in WITHOUT_FORM and (top in ("sagemaker", last)):
            self.remark(node, f"{last}(...) starts a training job that no manifest can describe")
            return Foreign(last, self.code.of(node))
        call = _CALLS.get(name) or _CALLS.get(last)
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
        if method in _METHODS and owner:
            return self.on_unknown(Library(owner), method, passed, node)
        self.handed_over(passed, node, name)
        return Foreign(last, self.code.of(node)) if top in FOREIGN else self.unknown_call(node)

    def handed_over(self, passed: Passed, node: Any, name: str = "") -> None:
        """A call that cannot be followed has got these."""
        if self.mute or name.partition(".")[0] in HARMLESS or name.rpartition(".")[2] in HARMLESS:
            return
        text = f"`{self.code.of(node)}` (line {self.line(node)})"
        for value in passed:
            for each in value if isinstance(value, list) else [value]:
                is_dropped = isinstance(each, dict | list) and node is getattr(self, "dropped", None)
                if isinstance(each, Made) or is_dropped:
                    self.handed.setdefault(id(each), []).append(text)
                    self.heap.kept.append(each)
                elif isinstance(each, Bound) and isinstance(each.owner, Made) and each.name in ("fit", "train"):
                    self.remark(node, f"`{each.name}` is handed to {text}: with what it is called is not known")

    # Objects of the SDK

    def made_of(self, class_name: str, passed: Passed, node: Any, cls: Class | None = None) -> Made:
        made = Made(class_name, {}, (), node, self.code.of(node), len(self.heap.kept), cls)
        self.heap.born(made.given)
        self.heap.born(made.attributes)
        if class_name in LAUNCHERS and not self.mute:
            self.made.append(made)
        return made

    def initialize(self, made: Made, passed: Passed, node: Any) -> None:
        given, left = passed.named(ARGUMENTS[made.class_name])
        made.given.update(given)
        made.left = left
        if "model_trainer" in given:
            made.given["estimator"] = given["model_trainer"]
        if made.class_name == "HyperparameterTuner" and "estimator" not in made.given:
            self.remark(node, "a tuner whose estimator cannot be seen is not taken")

    def on_made(self, made: Made, name: str, passed: Passed, node: Any) -> Any:
        if made.class_name in ESTIMATORS and name == "fit":
            self.start(made, passed.named(FIT), node)
            return Unknown("job", self.code.of(node))
        if made.class_name == "ModelTrainer":
            return self.on_trainer(made, name, passed, node)
        if made.class_name == "HyperparameterTuner" and name in ("fit", "tune"):
            self.tune(made, passed, node)
            return Unknown("job", self.code.of(node))
        if made.class_name in ESTIMATORS:
            return self.on_estimator(made, name, passed, node)
        if made.class_name.endswith("Session"):
            return self.on_session(made, name, passed, node)
        if made.class_name == "timedelta" and name == "total_seconds":
            return made.given["seconds"]
        if made.class_name == "ArgumentParser":
            return self.on_parser(made, name, passed, node)
        return self.on_unknown(made, name, passed, node)

    def on_estimator(self, made: Made, name: str, passed: Passed, node: Any) -> Any:
        if name == "set_hyperparameters":
            given = made.given.get("hyperparameters")
            owner = dict(given) if isinstance(given, dict) else {}
            self.heap.born(owner)
            if given is not None and not isinstance(given, dict):
                owner[Rest("more", text_of(given))] = Unknown("more", text_of(given))
            owner.update(passed.words)
            for text in passed.left:
                owner[Rest("more", text.lstrip("*"))] = Unknown("more", text)
            self.heap.set(made.given, "hyperparameters", owner)
            return None
        if name == "hyperparameters":
            return made.given.get("hyperparameters", self.unknown_call(node))
        if name in ("deploy", "transformer"):
            self.seen(name, node)
        return self.unknown_call(node)

    def seen(self, name: str, node: Any) -> None:
        """What follows on training, and is no part of a training job."""
        what = {
            "deploy": "deploy(...) was seen and not taken: an endpoint is a manifest of its own (kind: Endpoint)",
            "transformer": "transformer(...) was seen and not taken: a batch transform is no training job",
        }
        self.remark(node, what[name], left=False)

    def on_session(self, made: Made, name: str, passed: Passed, node: Any) -> Any:
        if name == "default_bucket":
            return made.given.get("default_bucket", Unknown("default_bucket", self.code.of(node)))
        return self.on_unknown(made, name, passed, node)

    def on_parser(self, made: Made, name: str, passed: Passed, node: Any) -> Any:
        if name == "add_argument":
            self.add_argument(made, passed)
            return self.unknown_call(node)
        if name in ("parse_args", "parse_known_args"):
            names = Made("Namespace", {}, (), node, self.code.of(node), len(self.heap.kept))
            names.given = dict(made.given)
            self.heap.born(names.given)
            return names if name == "parse_args" else [names, Unknown("unknown", self.code.of(node))]
        if name in ("add_argument_group", "add_mutually_exclusive_group"):
            return made
        if name == "set_defaults":
            for key, value in passed.words.items():
                made.given[key] = Default(key, f"--{key}", value)
        return self.unknown_call(node)

    def add_argument(self, parser: Made, passed: Passed) -> None:
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
        if isinstance(default, str) and isinstance(kind, Unknown) and kind.name in ("int", "float"):
            with suppress(ValueError):
                default = int(default) if kind.name == "int" else float(default)
        known = isinstance(default, str | int | float | bool)
        parser.given[name] = Default(name, long, default) if known else Unknown(name, long)

    def on_trainer(self, made: Made, name: str, passed: Passed, node: Any) -> Any:
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
        if self.mute:
            return
        given, left = with_
        handed = tuple(f"{text} has got it too, and may have changed it" for text in self.touched(made, given))
        copies: dict[int, Any] = {}
        now = replace(made, given=kept(made.given, copies), attributes={})
        self.starts.append(
            Start(
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

    def request(self, body: Mapping[str, Any], left: tuple[str, ...], node: Any) -> None:
        """A request is sent as it is."""
        if not self.mute:
            conditions, loops = tuple(self.conditions), tuple(self.loops)
            handed = tuple(f"{text} has got it too, and may have changed it" for text in self.handed.get(id(body), ()))
            self.starts.append(
                Start(None, kept(dict(body), {}), left, node, self.line(node), conditions, loops, handed)
            )

    def tune(self, tuner: Made, passed: Passed, node: Any, *, inputs: Any = ABSENT) -> None:
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
            self.start(one, (own, left), node, concerns=(concern,))

        self.each_launcher(tuner.given.get("estimator"), start)

    def each_launcher(self, value: Any, run: Callable[[Made], None]) -> bool:
        ways = value.ways if isinstance(value, Either) else [value]
        found = [way for way in ways if isinstance(way, Made) and way.class_name in LAUNCHERS]
        for way in found:
            run(way)
        return bool(found)

    # What is not known

    def on_unknown(self, owner: Any, name: str, passed: Passed, node: Any) -> Any:
        """A method of something of which nothing is known."""
        call = _METHODS.get(name)
        if call is not None:
            found = call(self, owner, passed, node)
            if found is not NotImplemented:
                return found
        self.handed_over(passed, node, owner.dotted if isinstance(owner, Library) else "")
        if isinstance(owner, Foreign):
            return Foreign(name, self.code.of(node))
        return self.unknown_call(node)


def region_of(session: Any) -> str | None:
    """The region that a session was made for, where that is certain."""
    if not isinstance(session, Made):
        return None
    region = session.given.get("region_name")
    return region if isinstance(region, str) else region_of(session.given.get("boto_session"))


def kept(value: Any, copies: dict[int, Any]) -> Any:
    """A copy of a value as it is now."""
    if id(value) in copies:
        return copies[id(value)]
    if isinstance(value, dict):
        copies[id(value)] = made = {}
        made.update({key: kept(item, copies) for key, item in value.items()})
        return made
    if isinstance(value, list):
        copies[id(value)] = items = []
        items += [kept(item, copies) for item in value]
        return items
    if isinstance(value, Made) and value.class_name not in LAUNCHERS:
        copies[id(value)] = copy = replace(value)
        copy.given = kept(value.given, copies)
        return copy
    return value


# Functions: (who reads, arguments, the call) → what it gives; NotImplemented where it is another's.


def _role(read: SdkCalls, passed: Passed, node: Any) -> Any:
    return Unknown("role", read.code.of(node))


def _parameter(read: SdkCalls, passed: Passed, node: Any) -> Any:
    name, default = passed.get(0, "name"), passed.get(1, "default_value")
    if not isinstance(name, str):
        return NotImplemented
    if isinstance(default, str | int | float | bool):
        return Default(name, read.code.of(node), default)
    return Unknown(name, read.code.of(node))


def _getenv(read: SdkCalls, passed: Passed, node: Any) -> Any:
    name, default = passed.get(0, "key"), passed.get(1, "default")
    if not isinstance(name, str):
        return read.unknown_call(node)
    known = isinstance(default, str | int | float | bool)
    return Default(name, read.code.of(node), default) if known else Unknown(name, read.code.of(node))


def _partial(read: SdkCalls, passed: Passed, node: Any) -> Any:
    return Partial(passed.places[0], passed.places[1:], passed.words) if passed.places else NotImplemented


def _thread(read: SdkCalls, passed: Passed, node: Any) -> Any:
    target = passed.get(1, "target", "python_callable")
    if target is ABSENT:
        return NotImplemented
    given, words = passed.get(3, "args", "op_args"), passed.get(4, "kwargs", "op_kwargs")
    inner = Passed(
        given if isinstance(given, list) else [],
        {str(key): value for key, value in words.items()} if isinstance(words, dict) else {},
        [text_of(one) for one in (given, words) if one is not ABSENT and not isinstance(one, list | dict)],
    )
    read.invoke(target, inner, node)
    return read.unknown_call(node)


def _operator(read: SdkCalls, passed: Passed, node: Any) -> Any:
    return _thread(read, passed, node) if passed.get(None, "python_callable") is not ABSENT else NotImplemented


def _first_called(read: SdkCalls, passed: Passed, node: Any) -> Any:
    """`to_thread(f, a, b)`."""
    return _submitted(read, passed, node, 0)


def _submitted(read: SdkCalls, passed: Passed, node: Any, skip: int) -> Any:
    if len(passed.places) <= skip or not isinstance(passed.places[skip], Bound | Function | Partial):
        return NotImplemented
    read.invoke(passed.places[skip], Passed(passed.places[skip + 1 :], passed.words, passed.left), node)
    return read.unknown_call(node)


def _mapped(read: SdkCalls, passed: Passed, node: Any) -> Any:
    """`map(f, items)`."""
    if len(passed.places) < 2 or not isinstance(passed.places[0], Bound | Function | Partial | Class | Library):
        return NotImplemented
    callee, *lists = passed.places
    items = [read.items_of(one) for one in lists]
    if any(one is None for one in items):
        if isinstance(callee, Bound):
            read.handed_over(passed, node)
        return read.unknown_call(node)
    return [read.invoke(callee, Passed(list(each)), node) for each in zip(*(one or [] for one in items), strict=False)]


def _delayed(read: SdkCalls, passed: Passed, node: Any) -> Any:
    return passed.places[0] if passed.places else NotImplemented


def _getattr(read: Any, passed: Passed, node: Any) -> Any:
    if len(passed.places) < 2 or not isinstance(passed.places[1], str):
        return NotImplemented
    return read.attribute_of(passed.places[0], passed.places[1], node)


def _setattr(read: SdkCalls, passed: Passed, node: Any) -> Any:
    if len(passed.places) == 3 and isinstance(passed.places[1], str):
        read.set_attribute(passed.places[0], passed.places[1], passed.places[2])
        return None
    return NotImplemented


def _vars(read: SdkCalls, passed: Passed, node: Any) -> Any:
    one = passed.get(0)
    return dict(one.given) if isinstance(one, Made) and one.class_name == "Namespace" else NotImplemented


def _parser(read: SdkCalls, passed: Passed, node: Any) -> Any:
    return Made("ArgumentParser", {}, (), node, read.code.of(node), len(read.heap.kept))


def _image(order: tuple[str, ...]) -> Callable[[SdkCalls, Passed, Any], Any]:
    def image(read: SdkCalls, passed: Passed, node: Any) -> Any:
        given, left = passed.named(order)
        given |= {"region": given.pop("region_name")} if "region_name" in given else {}
        given |= {"framework": given.pop("repo_name")} if "repo_name" in given else {}
        given |= {"version": given.pop("repo_version")} if "repo_version" in given else {}
        known = isinstance(given.get("framework"), str) and not left
        return Image(given, read.code.of(node)) if known else Unknown("image_uri", read.code.of(node))

    return image


def _stamped(read: SdkCalls, passed: Passed, node: Any) -> Any:
    """`name_from_base("x")`."""
    base = passed.get(0, "base")
    return read.text([base, "-", Unknown("time", read.code.of(node))], node)


def _same_path(read: SdkCalls, passed: Passed, node: Any) -> Any:
    return passed.places[0] if passed.places and isinstance(passed.places[0], str | Mixed) else NotImplemented


def _path(read: SdkCalls, passed: Passed, node: Any) -> Any:
    return joined_path(read, node, *passed.places) if passed.places else "."


def _dumps(read: SdkCalls, passed: Passed, node: Any) -> Any:
    value = passed.get(0)
    if passed.words or not is_certain(value):
        return read.unknown_call(node)
    return json.dumps(value)


def _loads(read: SdkCalls, passed: Passed, node: Any) -> Any:
    value = passed.get(0)
    return json.loads(value) if isinstance(value, str) else read.unknown_call(node)


def _timedelta(read: SdkCalls, passed: Passed, node: Any) -> Any:
    if passed.left or not is_certain([*passed.places, *passed.words.values()]):
        return NotImplemented
    made = Made("timedelta", {}, (), node, read.code.of(node))
    try:
        made.given["seconds"] = timedelta(*passed.places, **passed.words).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return NotImplemented
    return made


def _copy(read: SdkCalls, passed: Passed, node: Any) -> Any:
    value = passed.get(0)
    return kept(value, {}) if isinstance(value, dict | list) else NotImplemented


def _training_step(read: SdkCalls, passed: Passed, node: Any) -> Any:
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


def _tuning_step(read: SdkCalls, passed: Passed, node: Any) -> Any:
    tuner = passed.get(1, "tuner")
    if isinstance(tuner, Made):
        read.tune(tuner, Passed(), node, inputs=passed.get(None, "inputs", "data"))
    return read.unknown_call(node)


def _training_config(read: SdkCalls, passed: Passed, node: Any) -> Any:
    """Airflow's form of an estimator."""
    given, left = passed.named(("estimator", "inputs", "job_name", "mini_batch_size"))
    estimator = given.pop("estimator", None)
    if not read.each_launcher(estimator, lambda one: read.start(one, (given, left), node)):
        return NotImplemented
    return read.unknown_call(node)


def _tuning_config(read: SdkCalls, passed: Passed, node: Any) -> Any:
    given, _ = passed.named(("tuner", "inputs", "job_name"))
    if isinstance(given.get("tuner"), Made):
        read.tune(given["tuner"], Passed(), node, inputs=given.get("inputs", ABSENT))
    return read.unknown_call(node)


def _training_pipeline(read: SdkCalls, passed: Passed, node: Any) -> Any:
    given, left = passed.named(("estimator", "role", "inputs", "s3_bucket"))
    with_ = {name: value for name, value in given.items() if name == "inputs"}
    read.each_launcher(given.get("estimator"), lambda one: read.start(one, (with_, left), node))
    return read.unknown_call(node)


def _airflow_operator(read: SdkCalls, passed: Passed, node: Any) -> Any:
    config = passed.get(None, "config")
    body = config.get("Training", config) if isinstance(config, dict) else None
    if isinstance(body, dict):
        read.request(body, (), node)
    elif not (isinstance(config, Unknown) and "_config(" in config.source):
        read.remark(node, f"the config of this operator is not known: {text_of(config)}")
    return read.unknown_call(node)


_CALLS: Mapping[str, Callable[[Any, Passed, Any], Any]] = {
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


def _fit(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    is_other = isinstance(owner, Foreign) or len(passed.places) > 1 or NOT_OF_FIT & set(passed.words)
    if not is_other and not (isinstance(owner, Library) and owner.dotted.partition(".")[0] in FOREIGN):
        read.remark(node, f"`{read.code.of(node)}` may start a job of something that cannot be seen here")
    return Foreign("fit", read.code.of(node)) if is_other else NotImplemented


def _create(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    read.request(passed.words, tuple(passed.left), node)
    return read.unknown_call(node)


def _create_tuning(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    read.remark(node, "a hyperparameter tuning job was seen and not taken")
    return NotImplemented


def _upload_data(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    given, _ = passed.named(UPLOAD_DATA)
    path = given.get("path")
    return Uploaded(path, read.code.of(node)) if isinstance(path, str) else Unknown("data", read.code.of(node))


def _uploader(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    """`S3Uploader.upload(local_path, desired_s3_uri)`."""
    if "S3Uploader" not in getattr(owner, "dotted", ""):
        return NotImplemented
    path = passed.get(0, "local_path")
    return Uploaded(path, read.code.of(node)) if isinstance(path, str) else Unknown("data", read.code.of(node))


def _submit(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    return _submitted(read, passed, node, 0)


def _in_executor(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    return _submitted(read, passed, node, 1)


def _apply(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    target = passed.get(0, "func")
    if not isinstance(target, Bound | Function | Partial):
        return NotImplemented
    inner = Passed([], {"target": target})
    for name, place, key in (("args", 1, "args"), ("kwds", 2, "kwargs")):
        value = passed.get(place, name)
        if value is not ABSENT:
            inner.words[key] = value
    return _thread(read, inner, node)


def _map(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    return _mapped(read, passed, node)


def _region_role(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    return _role(read, passed, node)


def _deploy(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    read.seen("deploy", node)
    return NotImplemented


def _joinpath(read: SdkCalls, owner: Any, passed: Passed, node: Any) -> Any:
    return (
        joined_path(read, node, owner, *passed.places) if isinstance(owner, str | Mixed | Uploaded) else NotImplemented
    )


_METHODS: Mapping[str, Callable[[Any, Any, Passed, Any], Any]] = {
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
    "joinpath": _joinpath,
}
