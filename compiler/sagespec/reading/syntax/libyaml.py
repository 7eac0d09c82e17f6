"""libyaml as PyYAML binds it, and the nodes that it makes, without PyYAML's own parser.

The package's `__init__` loads that one, too, whose patterns take a fifth of the time in which one manifest is
validated. The binding needs no more of it than the classes of its errors.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType, SimpleNamespace
from typing import Any

_ERRORS = {
    "reader": "ReaderError",
    "scanner": "ScannerError",
    "parser": "ParserError",
    "composer": "ComposerError",
    "constructor": "ConstructorError",
    "emitter": "EmitterError",
    "serializer": "SerializerError",
    "representer": "RepresenterError",
}
"""Module of PyYAML's own → its error."""


class _Begun(ModuleType):
    """The package with what the binding needs of it. Whoever asks for more gets all of it."""

    def __getattr__(self, name: str) -> Any:
        if name in _ERRORS and "_yaml" not in vars(self):  # the binding asks, as it is loaded
            base = self.error.YAMLError if name == "reader" else self.error.MarkedYAMLError
            return SimpleNamespace(**{_ERRORS[name]: type(_ERRORS[name], (base,), {})})
        _finish(self)
        return getattr(self, name)


def _begin() -> None:
    """Loads the binding alone; nothing, where the package is loaded anyway, or is laid out otherwise."""
    spec = PathFinder.find_spec("yaml")
    if "yaml" in sys.modules or spec is None or spec.submodule_search_locations is None:
        return
    package = sys.modules["yaml"] = _Begun("yaml")
    vars(package).update(__spec__=spec, __loader__=spec.loader, __file__=spec.origin, __package__="yaml")
    vars(package).update(__path__=spec.submodule_search_locations)
    for name in ("error", "tokens", "events", "nodes"):
        import_module(f"yaml.{name}")
    try:
        import_module("yaml._yaml")
    except ImportError:  # a PyYAML without libyaml
        _finish(package)


def _finish(package: Any) -> None:
    """Loads the rest; what the binding raises from now on is what the rest knows."""
    package.__class__ = ModuleType
    package.__spec__.loader.exec_module(package)
    binding = vars(package).get("_yaml")
    for name, error in _ERRORS.items() if binding is not None else ():
        setattr(binding, error, getattr(getattr(package, name), error))


_begin()

from yaml.error import MarkedYAMLError, YAMLError  # noqa: E402 - of the package that has been begun
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode  # noqa: E402
from yaml.tokens import ScalarToken  # noqa: E402

__all__ = ["MappingNode", "MarkedYAMLError", "Node", "ScalarNode", "ScalarToken", "SequenceNode", "YAMLError"]
