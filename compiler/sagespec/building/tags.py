"""The tags by which a thing in the service is known: whose it is, and what it was made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

OURS = "sagespec:"
"""What our tags begin with."""
GIVEN = "sagespec:tags"
"""Names the tags of the manifest, with spaces between them."""
NAME, PROJECT, ENVIRONMENT = "sagespec:name", "sagespec:project", "sagespec:environment"
DIGEST, ATTEMPT = "sagespec:digest", "sagespec:attempt"
MANIFEST, COMMIT = "sagespec:manifest", "sagespec:commit"
RERUN = "sagespec:rerun"
"""By which `--rerun` an attempt was asked for."""
PREVIOUS = "sagespec:previous"
"""What an endpoint served with before it was asked for what it is asked for now."""
SINCE = "sagespec:since"
"""When an endpoint had been changed last at that time."""
ARTIFACT = "sagespec:artifact"
"""Which content of its model's archive an endpoint was asked for: the ETag."""
FACTS = (ATTEMPT, COMMIT, RERUN, PREVIOUS, SINCE, ARTIFACT)
"""What is true of one attempt, whatever the manifest says."""
OWNER = (PROJECT, ENVIRONMENT, NAME)
"""Whose a thing is."""
LONGEST_VALUE = 256


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as the API takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_in(listed: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Tags as the API lists them, by their keys."""
    return {tag["Key"]: tag["Value"] for tag in listed}


def tag_value(text: str) -> str:
    """A text as the value of a tag: with the characters that the service allows, and the end of what is too long."""
    return re.sub(r"[^\w .:/=+@-]", "_", text)[-LONGEST_VALUE:]


def owner_of(tags: Mapping[str, str]) -> tuple[str, ...]:
    """Project, environment and name; empty where there is no such tag."""
    return tuple(tags.get(key, "") for key in OWNER)


def observed_by(tags: Mapping[str, str], name: str = "") -> dict[str, Any]:
    """What the tags say of a thing, by the fields of `Observed`.

    Args:
        name: what it is called where no tag says it.
    """
    return {
        "name": tags.get(NAME, name),
        "project": tags.get(PROJECT, ""),
        "environment": tags.get(ENVIRONMENT, ""),
        "digest": tags.get(DIGEST, ""),
        "tags": tags,
    }


def attempt_of(tags: Mapping[str, str]) -> int:
    """Which attempt of its request a job is."""
    attempt = tags.get(ATTEMPT, "1")
    return int(attempt) if attempt.isdecimal() else 1
