"""Pages of every finding that no rule makes: the reader, the model or the compiler does."""

from __future__ import annotations

from sagespec.checking.page import Page
from sagespec.checking.pages import binding, compiling, reading, rendering

STAGES = (reading, rendering, binding, compiling)
PAGES: dict[str, Page] = {page.name: page for stage in STAGES for page in stage.PAGES}
"""In the order of the stages."""

__all__ = ["PAGES", "STAGES"]
