"""The names of a program of the SDK at one point of it, and what its calls make."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sagespec.importing.sdk import ARGUMENTS, ESTIMATORS, UPLOAD_DATA, is_ours
from sagespec.scripts.evaluator import Evaluator, Mixed, Unknown


@dataclass
class Made:
    """An object, by the name of its class and what it was made with."""

    class_name: str
    given: dict[str, Any]
    left: tuple[str, ...]
    """How those arguments are written whose names are not known."""
    source: str


@dataclass(frozen=True)
class Module:
    """What an import has brought in."""

    name: str


class Watcher(Protocol):
    """Who is told of the calls of a script."""

    def made(self, made: Made) -> Any:
        """An object of the SDK is made; what comes back stands for it."""

    def method(self, scope: Scope, owner: Any, name: str, call: ast.Call) -> Any:
        """A method is called; what comes back is its value."""


class Scope(Evaluator):
    """The names of a script at one point of it. Every call is told to the watcher, once."""

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

    def unknown(self, node: ast.expr) -> Unknown:
        """An expression, named by the last name in it."""
        return Unknown(next(_names(node), "value"), written(node))

    def mixed(self, parts: tuple[str | Unknown, ...], node: ast.expr) -> Mixed:
        return Mixed(parts, written(node))

    def name(self, node: ast.Name) -> Any:
        value = self.names.get(node.id)
        return self.unknown(node) if node.id not in self.names or isinstance(value, Module) else value

    def attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value)
        if isinstance(owner, Made) and owner.class_name == "Session" and node.attr in REGION_NAMES:
            return region_of(owner) or self.unknown(node)
        return self.unknown(node)

    def dotted(self, node: ast.expr) -> str:
        if isinstance(node, ast.Name):
            value = self.names.get(node.id)
            return value.name if isinstance(value, Module) else node.id
        if isinstance(node, ast.Attribute):
            owner = self.dotted(node.value)
            return f"{owner}.{node.attr}" if owner else node.attr
        return ""

    def call(self, node: ast.Call) -> Any:
        name = self.dotted(node.func)
        last = name.rpartition(".")[2]
        if last in ARGUMENTS and (last not in ESTIMATORS or is_ours(name)):
            return self.watcher.made(self._made(last, ARGUMENTS[last], node))
        return super().call(node)

    def function(self, name: str, node: ast.Call) -> Any:
        self.arguments(node, ())
        role = name.rpartition(".")[2] == "get_execution_role"
        return Unknown("role", written(node)) if role else self.unknown(node)

    def method(self, owner: Any, name: str, node: ast.Call) -> Any:
        if isinstance(owner, Made) and owner.class_name == "Session" and name == "default_bucket":
            return owner.given.get("default_bucket", Unknown("default_bucket", written(node)))
        if name == "upload_data":
            return self._made(name, UPLOAD_DATA, node)
        if name == "get_execution_role":
            return Unknown("role", written(node))
        return self.watcher.method(self, owner, name, node)

    def _made(self, name: str, order: tuple[str, ...], node: ast.Call) -> Made:
        given, left = self.arguments(node, order)
        return Made(name, given, tuple(map(written, left)), written(node))


REGION_NAMES = ("region_name", "boto_region_name")


def region_of(session: Any) -> str | None:
    """The region that a session was made for, where that is certain."""
    if not isinstance(session, Made):
        return None
    region = session.given.get("region_name")
    return region if isinstance(region, str) else region_of(session.given.get("boto_session"))


def written(node: ast.expr | ast.keyword) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 80 else text[:77] + "..."


def _holds(value: Any, inner: Any) -> bool:
    """Whether a value is, or has somewhere in it, this very dict or list."""
    if value is inner:
        return True
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_holds(item, inner) for item in items)


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    return [_copied(item) for item in value] if isinstance(value, list) else value


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
