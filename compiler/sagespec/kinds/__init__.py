"""The kinds of manifests. Each is imported when the first manifest of it is read."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from sagespec.kinds.kind import Kind

KINDS = {"TrainingJob": "training_job"}
"""`kind:` → the package whose module `kind` has it, as `KIND`."""


@cache
def kind_named(name: str) -> Kind:
    """KeyError: there is no such kind."""
    kind: Kind = import_module(f"sagespec.kinds.{KINDS[name]}.kind").KIND
    return kind


__all__ = ["KINDS", "Kind", "kind_named"]
