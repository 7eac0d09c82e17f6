"""Pages of every finding that is not a rule's, so that each name that a person sees can be explained."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sagespec.checking.pages import binding, compiling, reading, rendering
from sagespec.checking.pages.page import Page
from sagespec.kinds.training_job.rules import RULES, Rule

PAGES: dict[str, Page] = {page.name: page for stage in (reading, rendering, binding, compiling) for page in stage.PAGES}
"""In the order of the stages."""

EXPLAINED: Mapping[str, Page | Rule] = {**PAGES, **RULES}
"""Everything that a finding can be called."""


@lru_cache(maxsize=1_000)
def suggestion(name: str) -> str:
    """What to say to someone who has typed a name that is none."""
    from sagespec.catalog import near

    close = near(name, EXPLAINED)
    return f"did you mean '{close}'?" if close else "sagespec rules lists them"


__all__ = ["EXPLAINED", "PAGES", "Page", "suggestion"]
