"""Everything that a finding can be called, whatever kind of manifest it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from sagespec.checking.allowances import Glossary
from sagespec.checking.page import Page
from sagespec.kinds.training_job.rules import RENAMED, RULES


@cache
def explained() -> Mapping[str, Page]:
    """Name → page: those of the stages in their order, then every rule."""
    from sagespec.checking.pages import PAGES  # only where something is explained: it takes time to import

    return {**PAGES, **{name: rule.page for name, rule in RULES.by_name.items()}}


@lru_cache(maxsize=1_000)
def suggestion(name: str) -> str:
    """What to say to someone who has typed a name that is none."""
    from sagespec.catalog import near

    close = near(name, explained())
    return f"did you mean '{close}'?" if close else "sagespec rules lists them"


def current(names: Iterable[str]) -> tuple[str, ...]:
    """Names as they are today, for names of any time."""
    return tuple(RENAMED.get(name, name) for name in names)


GLOSSARY = Glossary(explained, suggestion, RENAMED)
