"""Rules about what all kinds of manifests have: the role, tags, network and secrets. Each kind takes the modules in."""

from __future__ import annotations

from sagespec.kinds.rules import identity, network, secrets

SHARED = (identity, network, secrets)
"""Families of every kind."""

__all__ = ["SHARED"]
