"""Everything that a finding can be called, whatever kind of manifest it is about."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from sagespec.checking.allowances import Glossary
from sagespec.checking.page import Page
from sagespec.kinds import KINDS, kind_named
from sagespec.kinds.renamed_rules import RENAMED_RULES


@cache
def explained() -> Mapping[str, Page]:
    """Name → page: those of the stages in their order, then the rules of every kind."""
    from sagespec.checking.pages import PAGES  # only where something is explained: it takes time to import

    rules = (rule for kind in KINDS for rule in kind_named(kind).rules.by_name.values())
    return {**PAGES, **{rule.name: rule.page for rule in rules}}


@lru_cache(maxsize=1_000)
def page_named(name: str) -> Page | None:
    """One of them; a kind is not imported for what an earlier one explains."""
    from sagespec.checking.pages import PAGES

    rules = (kind_named(kind).rules.by_name.get(name) for kind in KINDS)
    return PAGES.get(name) or next((rule.page for rule in rules if rule is not None), None)


@lru_cache(maxsize=1_000)
def suggestion(name: str) -> str:
    """What to say to someone who has typed a name that is not one."""
    from sagespec.catalog import near

    close = near(name, explained())
    return f"did you mean '{close}'?" if close else "sagespec rules lists them"


def current(name: str) -> str:
    """What a name of any time is called today."""
    return RENAMED_RULES.get(name, name)


GLOSSARY = Glossary(explained, suggestion, current)
