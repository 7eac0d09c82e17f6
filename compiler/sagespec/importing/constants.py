"""What an expression of Python is known to be without running it."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Protocol

MAX_TEXT = 10_000
"""Characters of a text that is worth following."""


@dataclass(frozen=True)
class Unknown:
    """A value that only a run would tell."""

    name: str
    """What to call it."""
    source: str
    """How it is written."""


@dataclass(frozen=True)
class Mixed:
    """A text of which some parts are unknown."""

    parts: tuple[str | Unknown, ...]
    source: str


@dataclass
class Made:
    """An object, by the name of its class and what it was made with."""

    class_name: str
    given: dict[str, Any]
    left: tuple[str, ...]
    """How those arguments are written whose names are not known."""
    source: str


ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "TrainingInput": (
        "s3_data",
        "distribution",
        "compression",
        "content_type",
        "record_wrapping",
        "s3_data_type",
        "instance_groups",
        "input_mode",
        "attribute_names",
        "target_attribute_name",
        "shuffle_config",
    ),
    "s3_input": (
        "s3_data",
        "distribution",
        "compression",
        "content_type",
        "record_wrapping",
        "s3_data_type",
        "input_mode",
        "attribute_names",
        "shuffle_config",
    ),
    "FileSystemInput": (
        "file_system_id",
        "file_system_type",
        "directory_path",
        "file_system_access_mode",
        "content_type",
    ),
    "ShuffleConfig": ("seed",),
    "InstanceGroup": ("instance_group_name", "instance_type", "instance_count"),
    "TensorBoardOutputConfig": ("s3_output_path", "container_local_output_path"),
    "TrainingCompilerConfig": ("enabled", "debug"),
    "DebuggerHookConfig": ("s3_output_path", "container_local_output_path", "hook_parameters", "collection_configs"),
    "CollectionConfig": ("name", "parameters"),
    "Session": ("boto_session",),
    "TensorFlow": (),
    "PyTorch": ("entry_point", "framework_version", "py_version", "source_dir", "hyperparameters", "image_uri"),
    "HuggingFace": ("py_version", "entry_point", "transformers_version", "tensorflow_version", "pytorch_version"),
    "SKLearn": ("entry_point", "framework_version", "py_version", "source_dir", "hyperparameters", "image_uri"),
    "XGBoost": ("entry_point", "framework_version", "source_dir", "hyperparameters", "py_version", "image_uri"),
    "MXNet": ("entry_point", "framework_version", "py_version", "source_dir", "hyperparameters", "image_uri"),
    "Chainer": ("entry_point",),
    "Estimator": ("image_uri", "role", "instance_count", "instance_type"),
}
"""Classes of the SDK → the order of their arguments. Source: sagemaker 1.72.1 and 2.257.7."""
ESTIMATORS = frozenset({"TensorFlow", "PyTorch", "HuggingFace", "SKLearn", "XGBoost", "MXNet", "Chainer", "Estimator"})
"""Those of them that start training jobs; other packages have classes of the same names."""
UPLOAD_DATA = ("path", "bucket", "key_prefix", "extra_args")
FIT = ("inputs", "wait", "logs", "job_name", "experiment_config")

_NUMBERS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


class Watcher(Protocol):
    """Who is told of the calls of a script."""

    def made(self, made: Made) -> Any:
        """An object of the SDK is made; what comes back stands for it."""

    def method(self, scope: Scope, owner: Any, name: str, call: ast.Call) -> Any:
        """A method is called; what comes back is its value."""


class Scope:
    """The names of a script at one point of it. Says what an expression is; never runs anything."""

    def __init__(self, names: Mapping[str, Any], watcher: Watcher) -> None:
        self.names = dict(names)
        self.watcher = watcher

    def copy(self) -> Scope:
        return Scope({name: _copied(value) for name, value in self.names.items()}, self.watcher)

    def forget(self, changed: Any) -> None:
        """A dict or list was changed in a way that only a run would tell."""
        for name, value in self.names.items():
            if _holds(value, changed):
                self.names[name] = Unknown(name, name)

    def value(self, node: ast.expr | None) -> Any:
        """The value of an expression, `Unknown` where only a run would tell."""
        if node is None:
            return None
        read = getattr(self, f"_{type(node).__name__}", unknown)
        try:
            return read(node)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return unknown(node)

    def arguments(self, call: ast.Call, order: tuple[str, ...]) -> tuple[dict[str, Any], list[str]]:
        """A call's arguments by name, and how those are written that have none."""
        given: dict[str, Any] = {}
        left = []
        for index, node in enumerate(call.args):
            if index < len(order) and not isinstance(node, ast.Starred):
                given[order[index]] = self.value(node)
            else:
                left.append(written(node))
        for keyword in call.keywords:
            value = self.value(keyword.value)
            if keyword.arg is not None:
                given[keyword.arg] = value
            elif isinstance(value, dict):
                given |= value
            else:
                left.append(f"**{written(keyword.value)}")
        return given, left

    def _Constant(self, node: ast.Constant) -> Any:  # noqa: N802
        return node.value if isinstance(node.value, str | int | float | bool | None) else unknown(node)

    def _Name(self, node: ast.Name) -> Any:  # noqa: N802
        value = self.names.get(node.id, unknown(node))
        return unknown(node) if isinstance(value, Module) else value

    def _Dict(self, node: ast.Dict) -> Any:  # noqa: N802
        result: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            found = self.value(value)
            if key is not None:
                name = self.value(key)
                if not is_certain(name):
                    return unknown(node)
                result[name] = found
            elif isinstance(found, dict):
                result |= found
            else:
                return unknown(node)
        return result

    def _List(self, node: ast.List | ast.Tuple) -> Any:  # noqa: N802
        if any(isinstance(item, ast.Starred) for item in node.elts):
            return unknown(node)
        return [self.value(item) for item in node.elts]

    _Tuple = _List

    def _JoinedStr(self, node: ast.JoinedStr) -> Any:  # noqa: N802
        parts: list[Any] = []
        for piece in node.values:
            if not isinstance(piece, ast.FormattedValue):
                parts.append(self.value(piece))
                continue
            value = self.value(piece.value)
            form = self.value(piece.format_spec) if piece.format_spec else ""
            plain = piece.conversion == -1 and isinstance(form, str)
            parts.append(_formatted(value, form) if plain else unknown(piece.value))
        return joined(parts, node)

    def _BinOp(self, node: ast.BinOp) -> Any:  # noqa: N802
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(left, int | float) and isinstance(right, int | float) and type(node.op) in _NUMBERS:
            return _NUMBERS[type(node.op)](left, right)
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            return _percent(left, right if isinstance(node.right, ast.Tuple) else [right], node)
        if not isinstance(node.op, ast.Add):
            return unknown(node)
        if isinstance(left, list) and isinstance(right, list):
            return left + right
        if isinstance(left, str | Mixed) or isinstance(right, str | Mixed):
            return joined([left, right], node)
        return unknown(node)

    def _UnaryOp(self, node: ast.UnaryOp) -> Any:  # noqa: N802
        value = self.value(node.operand)
        if isinstance(node.op, ast.USub) and isinstance(value, int | float):
            return -value
        return not value if isinstance(node.op, ast.Not) and is_certain(value) else unknown(node)

    def _BoolOp(self, node: ast.BoolOp) -> Any:  # noqa: N802
        values = [self.value(item) for item in node.values]
        if not all(map(is_certain, values)):
            return unknown(node)
        stops = bool if isinstance(node.op, ast.Or) else operator.not_
        return next((value for value in values if stops(value)), values[-1])

    def _Compare(self, node: ast.Compare) -> Any:  # noqa: N802
        left, right = self.value(node.left), self.value(node.comparators[0])
        compare = _COMPARISONS.get(type(node.ops[0]))
        known = len(node.ops) == 1 and compare is not None and is_certain(left) and is_certain(right)
        return compare(left, right) if known and compare is not None else unknown(node)

    def _IfExp(self, node: ast.IfExp) -> Any:  # noqa: N802
        test = self.value(node.test)
        if not is_certain(test):
            return unknown(node)
        return self.value(node.body if test else node.orelse)

    def _Subscript(self, node: ast.Subscript) -> Any:  # noqa: N802
        owner, key = self.value(node.value), self.value(node.slice)
        return owner[key] if isinstance(owner, dict | list) and is_certain(key) else unknown(node)

    def _Attribute(self, node: ast.Attribute) -> Any:  # noqa: N802
        owner = self.value(node.value)
        if isinstance(owner, Made) and owner.class_name == "Session" and node.attr in REGION_NAMES:
            return region_of(owner) or unknown(node)
        return unknown(node)

    def _Call(self, node: ast.Call) -> Any:  # noqa: N802
        name = self.name_of(node.func)
        last = name.rpartition(".")[2]
        if last in ARGUMENTS and (last not in ESTIMATORS or is_ours(name)):
            given, left = self.arguments(node, ARGUMENTS[last])
            return self.watcher.made(Made(last, given, tuple(left), written(node)))
        if name == "os.path.join":
            return _path([self.value(argument) for argument in node.args], node)
        if name in ("dict", "str", "int", "float"):
            return self._converted(name, node)
        if isinstance(node.func, ast.Attribute):
            return self._method(self.value(node.func.value), node.func.attr, node)
        self.arguments(node, ())
        return Unknown("role", written(node)) if last == "get_execution_role" else unknown(node)

    def _method(self, owner: Any, method: str, node: ast.Call) -> Any:
        if isinstance(owner, str) and method == "format":
            return self._format(owner, node)
        if isinstance(owner, str) and method == "join":
            items = self.value(node.args[0])
            return joined([piece for item in items for piece in (owner, item)][1:], node)
        if isinstance(owner, Made) and owner.class_name == "Session" and method == "default_bucket":
            return owner.given.get("default_bucket", Unknown("default_bucket", written(node)))
        if method == "upload_data":
            given, left = self.arguments(node, UPLOAD_DATA)
            return Made(method, given, tuple(left), written(node))
        if method == "get_execution_role":
            return Unknown("role", written(node))
        return self.watcher.method(self, owner, method, node)

    def _converted(self, name: str, node: ast.Call) -> Any:
        given, left = self.arguments(node, ("value",))
        if name == "dict":
            value = given.pop("value", {})
            return {**value, **given} if isinstance(value, dict) and not left else unknown(node)
        value = given.get("value")
        if name == "str" and isinstance(value, str | Mixed | Unknown):
            return value
        simple = isinstance(value, str | int | float)
        return {"str": str, "int": int, "float": float}[name](value) if simple else unknown(node)

    def _format(self, text: str, node: ast.Call) -> Any:
        given, left = self.arguments(node, tuple(map(str, range(len(node.args)))))
        parts: list[Any] = []
        for index, (before, name, form, conversion) in enumerate(Formatter().parse(text)):
            parts.append(before)
            if name is None:
                continue
            key = name or str(index)
            if key not in given or conversion or left:
                return unknown(node)
            parts.append(_formatted(given[key], form or ""))
        return joined(parts, node)

    def name_of(self, node: ast.expr) -> str:
        """The dotted name of what is called, imports followed; empty where it has none."""
        if isinstance(node, ast.Name):
            value = self.names.get(node.id)
            return value.name if isinstance(value, Module) else node.id
        if isinstance(node, ast.Attribute):
            owner = self.name_of(node.value)
            return f"{owner}.{node.attr}" if owner else node.attr
        return ""


@dataclass(frozen=True)
class Module:
    """What an import has brought in."""

    name: str


REGION_NAMES = ("region_name", "boto_region_name")


def region_of(session: Any) -> str | None:
    """The region that a session was made for, where that is certain."""
    if not isinstance(session, Made):
        return None
    region = session.given.get("region_name")
    return region if isinstance(region, str) else region_of(session.given.get("boto_session"))


def is_ours(name: str) -> bool:
    """Whether a class called like an estimator is the SDK's."""
    return name in ESTIMATORS or name.startswith("sagemaker.")


def is_certain(value: Any) -> bool:
    """Whether a value is known through and through."""
    if isinstance(value, dict):
        return all(map(is_certain, value.values()))
    if isinstance(value, list):
        return all(map(is_certain, value))
    return isinstance(value, str | int | float | bool | None)


def unknown(node: ast.expr) -> Unknown:
    """An expression, named by the last name in it."""
    return Unknown(next(_names(node), "value"), written(node))


def written(node: ast.expr) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 80 else text[:77] + "..."


def joined(parts: list[Any], node: ast.expr) -> Any:
    """A text of parts, each a text, a number, or unknown."""
    flat: list[str | Unknown] = []
    for part in parts:
        if isinstance(part, Mixed):
            flat += part.parts
        elif isinstance(part, str | Unknown):
            flat.append(part)
        elif isinstance(part, int | float):
            flat.append(str(part))
        else:
            return unknown(node)
    if sum(len(part) for part in flat if isinstance(part, str)) > MAX_TEXT:
        return unknown(node)
    if all(isinstance(part, str) for part in flat):
        return "".join(map(str, flat))
    return Mixed(tuple(part for part in flat if part != ""), written(node))


def _holds(value: Any, inner: Any) -> bool:
    """Whether a value is, or has somewhere in it, this very dict or list."""
    if value is inner:
        return True
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_holds(item, inner) for item in items)


def _path(parts: list[Any], node: ast.expr) -> Any:
    """As os.path.join does it: a slash between two parts where there is none."""
    result: list[Any] = []
    for part in parts:
        if isinstance(part, str) and part.startswith("/"):
            return unknown(node)
        before = result[-1] if result else "/"
        result += [part] if isinstance(before, str) and before.endswith("/") else ["/", part]
    return joined(result, node)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


def _formatted(value: Any, form: str) -> Any:
    if not form:
        return value
    return format(value, form) if isinstance(value, str | int | float) and len(form) < 5 else Unknown("value", "")


def _percent(text: str, values: Any, node: ast.expr) -> Any:
    pieces = re.split("%[sd]", text)
    if not isinstance(values, list) or len(pieces) != len(values) + 1 or "%" in "".join(pieces):
        return unknown(node)
    return joined([pieces[0], *(part for pair in zip(values, pieces[1:], strict=True) for part in pair)], node)


def _names(node: ast.AST) -> Iterator[str]:
    """The names of an expression that say most about it first."""
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
        yield re.sub(r"\W", "_", node.slice.value)
    if isinstance(node, ast.Attribute):
        yield node.attr
    elif isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Call):
        yield from _names(node.func)
    for child in ast.iter_child_nodes(node):
        yield from _names(child)
