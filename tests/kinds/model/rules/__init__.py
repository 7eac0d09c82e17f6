"""What a schema cannot say about a model."""

from __future__ import annotations

from sagespec.checking.rule import RuleSet
from sagespec.kinds.rules import SHARED

from . import container

FAMILIES = (*SHARED, container)

RULES = RuleSet(FAMILIES)

__all__ = ["FAMILIES", "RULES"]
