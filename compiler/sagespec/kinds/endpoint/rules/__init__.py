"""What a schema cannot say about an endpoint: one family a file, one function or row a rule."""

from __future__ import annotations

from sagespec.checking.rule import RuleSet
from sagespec.kinds.endpoint.rules import capacity, code, data, deployment, model, server, variants
from sagespec.kinds.rules import SHARED

FAMILIES = (*SHARED, model, server, code, capacity, variants, data, deployment)

RULES = RuleSet(FAMILIES)

__all__ = ["FAMILIES", "RULES"]
