"""What an author probably meant, for each type of value that people write in a way of their own."""

from __future__ import annotations

import re
from typing import Any


def version(text: str) -> str | None:
    """v2.19, ==2.19 and tensorflow-2.19 are 2.19."""
    found = re.fullmatch(r"(?:[vV]|==?|[a-z]{2,20}[-= ]*)?\s*([0-9]+\.[0-9]+(?:\.[0-9]+)?)\s*", text, re.ASCII)
    return found[1] if found else None


def python(text: str) -> str | None:
    """3.10 is py310."""
    found = re.fullmatch(r"(?:[Pp]y(?:thon)?[-_ ]?)?3\.?([0-9]{1,2})(?:\.[0-9]+)?", text, re.ASCII)
    return f"py3{found[1]}" if found else None


def name(value: Any) -> str:
    """my_job is my-job."""
    letters = "".join(c if c.isascii() and c.isalnum() else "-" for c in value) if isinstance(value, str) else ""
    corrected = "-".join(part for part in letters.split("-") if part)
    return f"write {corrected}" if corrected else ""


def instance_type(value: Any) -> str:
    """m5.xlarge is ml.m5.xlarge."""
    if not isinstance(value, str) or value.startswith("ml."):
        return ""
    return f"write ml.{value}" if value.count(".") == 1 else "an instance type looks like ml.m5.xlarge"


def seconds(value: Any) -> str:
    """2h is 7200."""
    units = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
    found = re.fullmatch(r"([0-9]{1,6}) ?(s|m|h|d)[a-z]*", str(value), re.ASCII)
    return f"write {int(found[1]) * units[found[2]]}: it counts seconds" if found else ""
