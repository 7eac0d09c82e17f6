"""Reads the catalogue's data files: each when it is first asked for, and once per process."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "data"


@cache
def table(name: str) -> dict[str, Any]:
    """The content of `<name>.json`. Shared: nobody may change it."""
    with (FOLDER / f"{name}.json").open(encoding="utf-8") as file:
        content: dict[str, Any] = json.load(file)
    return content


@cache
def frameworks() -> tuple[str, ...]:
    """The names of the frameworks that have a row, in alphabetical order."""
    return tuple(sorted(path.stem for path in (FOLDER / "frameworks").glob("*.json")))


def digest() -> str:
    """SHA-256 over all data files, in hexadecimal: what identifies the catalogue that a plan was made with."""
    import hashlib

    found = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*.json")):
        found.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()
