"""What a schema cannot say about an endpoint: one family a file, one function or row a rule."""

from __future__ import annotations

from sagespec.checking.rule import RuleSet
from sagespec.kinds.endpoint.rules import capacity, code, model, server

FAMILIES = (model, server, code, capacity)

RULES = RuleSet(FAMILIES)

__all__ = ["FAMILIES", "RULES"]
