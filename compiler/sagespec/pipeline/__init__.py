"""Runs the left half: text → document → model → checked → draft → request, for every manifest under some paths."""

from __future__ import annotations

from sagespec.pipeline.compiler import OUR_KINDS, Compiler
from sagespec.pipeline.results import Options, Result

__all__ = ["OUR_KINDS", "Compiler", "Options", "Result"]
