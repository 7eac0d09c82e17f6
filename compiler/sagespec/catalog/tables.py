"""Reads the catalogue's data files: each when it is first asked for, and once per process."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent


@cache
def table(name: str) -> dict[str, Any]:
    """The content of `<name>.json`. Shared: nobody may change it."""
    with (FOLDER / f"{name}.json").open(encoding="utf-8") as file:
        content: dict[str, Any] = json.load(file)
    return content
