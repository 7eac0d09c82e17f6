"""Rules about what all kinds have: role, tags, code, instances, network, secrets. Each kind takes the modules in."""

from __future__ import annotations

from sagespec.kinds.rules import code, identity, instances, network, secrets

SHARED = (identity, network, secrets, code, instances)
"""Families of every kind."""

__all__ = ["SHARED"]
