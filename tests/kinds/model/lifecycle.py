"""What becomes of a model after its creation."""

from __future__ import annotations

from sagespec.kinds.lifecycle import Lifecycle, Nature

LIFECYCLE = Lifecycle(
    kind="Model",
    nature=Nature.STAYS,
    noun="model",
    decisions={None: ("create", "create")},
    settled=frozenset(),
)
