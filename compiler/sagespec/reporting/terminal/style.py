"""Colour where there is a terminal that shows it, and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import IO

from sagespec.base.named import NamedTuple


class Style(NamedTuple):
    """How text may be emphasised."""

    coloured: bool = False

    def bold(self, text: str) -> str:
        return self._wrapped(text, "1")

    def dim(self, text: str) -> str:
        return self._wrapped(text, "2")

    def red(self, text: str) -> str:
        return self._wrapped(text, "1;31")

    def yellow(self, text: str) -> str:
        return self._wrapped(text, "1;33")

    def green(self, text: str) -> str:
        return self._wrapped(text, "32")

    def cyan(self, text: str) -> str:
        return self._wrapped(text, "36")

    def _wrapped(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.coloured else text


def style_of(stream: IO[str], environ: Mapping[str, str] = os.environ) -> Style:
    """Colour on a terminal, unless NO_COLOR is set (https://no-color.org) or the terminal is dumb."""
    if environ.get("FORCE_COLOR"):
        return Style(True)
    return Style(stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")
