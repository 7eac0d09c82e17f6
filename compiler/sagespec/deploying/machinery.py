"""What plans and applies things of each nature: a kind's lifecycle says which it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sagespec.deploying.applier import Applier
from sagespec.deploying.planning.plan import Plan
from sagespec.deploying.planning.planner import decide_all
from sagespec.kinds.lifecycle import Nature


class Machinery(NamedTuple):
    """The right half of the compiler, for one nature."""

    decide_all: Callable[..., Plan]
    """(requests, what exists, options, what is known of manifests that are not there) → plan. Pure."""
    applier: Callable[..., Applier]
    """(service, progress) → what carries out changes."""


MACHINERY: Mapping[Nature, Machinery] = {
    Nature.RUNS: Machinery(decide_all, Applier),
}
