"""Rules about what all kinds have: the role, tags, code, network and secrets. Each kind takes the modules in."""

from __future__ import annotations

from sagespec.kinds.rules import code, identity, network, secrets

SHARED = (identity, network, secrets, code)
"""Families of every kind."""

__all__ = ["SHARED"]
