"""One validated reading of what AWS answers: botocore checks what we send, and takes whatever comes back.

Half an answer, a proxy's web page, a text where a number belongs, a record without its name: each is reported as what
it is, and nothing behind this page need doubt what it reads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sagespec.base.redact import redacted

NEEDED: Mapping[str, tuple[str, ...]] = {
    "TrainingJob": ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "CreationTime"),
    "TrainingJobSummary": ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "CreationTime"),
    "DescribeTrainingJobResponse": (
        "TrainingJobName",
        "TrainingJobArn",
        "TrainingJobStatus",
        "SecondaryStatus",
        "CreationTime",
    ),
    "Endpoint": ("EndpointName",),
    "DescribeEndpointOutput": ("EndpointName", "EndpointArn", "EndpointStatus", "CreationTime"),
    "ProductionVariantSummary": ("VariantName",),
    "PendingDeploymentSummary": ("EndpointConfigName",),
    "DescribeEndpointConfigOutput": ("EndpointConfigName", "EndpointConfigArn", "ProductionVariants", "CreationTime"),
    "DescribeModelOutput": ("ModelName", "ModelArn", "CreationTime"),
    "EndpointSummary": ("EndpointName",),
    "EndpointConfigSummary": ("EndpointConfigName", "EndpointConfigArn", "CreationTime"),
    "ModelSummary": ("ModelName", "ModelArn", "CreationTime"),
    "Tag": ("Key", "Value"),
    "MetricData": ("MetricName", "Value"),
    "LogStream": ("logStreamName",),
    "OutputLogEvent": ("timestamp",),
    "Role": ("Arn",),
}
"""Shape of botocore's model → the members that we cannot do without. The model itself demands others of some shapes,
which a service may leave out one day."""

DECODED = frozenset({"policyDocumentType"})
"""Shapes whose texts botocore has read for us already."""

WORDS = frozenset({"FailureReason", "StatusMessage", "message"})
"""Members in which a service repeats what others said, and with it their secrets."""

_TYPES: Mapping[str, tuple[type[Any], ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (float, int),
    "double": (float, int),
    "boolean": (bool,),
    "timestamp": (datetime,),
    "map": (dict,),
    "list": (list,),
    "structure": (dict,),
}

LONGEST_QUOTE = 400
"""Characters of somebody's own words that a message repeats."""


class UnreadableAnswer(ValueError):
    """An answer that is not what the API's model says. Its text is what is wrong."""


class MissingMembers(UnreadableAnswer):
    """Members are missing: it was cut short on the way."""


class WebPage(UnreadableAnswer):
    """It is a web page."""


def read(shape: Any, answer: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """An answer of which every member is of its type, nothing that we need is missing, and no secret is whole.

    Args:
        shape: botocore's, of the operation's output; None where it answers nothing.
        required: members that the answer needs beside those of `NEEDED`.

    Raises:
        Unreadable: it is not.
    """
    missing = [name for name in required if answer.get(name) is None]
    if missing:
        raise MissingMembers(f"the answer was cut short: it has no {' and no '.join(missing)}")
    found = _read(shape, answer, "") if shape is not None else {}
    return {**answer, **found}


def _read(shape: Any, value: Any, where: str) -> Any:
    kind = shape.type_name
    expected = _TYPES.get(kind) if shape.name not in DECODED else None
    if expected is None or getattr(shape, "is_document_type", False):
        return value
    is_right = isinstance(value, expected) and (kind == "boolean" or not isinstance(value, bool))
    if not is_right:
        raise UnreadableAnswer(f"{where or 'it'} is {_named(value)}, not {_A[kind]}")
    if kind == "structure":
        return _structure(shape, value, where)
    if kind == "list":
        return [_read(shape.member, item, f"{where}[{number}]") for number, item in enumerate(value)]
    if kind == "map":
        return {key: _read(shape.value, item, f"{where}[{key!r}]") for key, item in value.items()}
    return value


def _structure(shape: Any, value: Mapping[str, Any], where: str) -> dict[str, Any]:
    missing = [name for name in NEEDED.get(shape.name, ()) if value.get(name) is None]
    if missing:
        raise MissingMembers(f"the answer was cut short: {where or 'it'} has no {' and no '.join(missing)}")
    members = shape.members
    return {
        name: redacted(item) if name in WORDS and isinstance(item, str) else _member(members, name, item, where)
        for name, item in value.items()
        if item is not None
    }


def _member(members: Mapping[str, Any], name: str, value: Any, where: str) -> Any:
    return _read(members[name], value, f"{where}.{name}".lstrip(".")) if name in members else value


_A = {
    "string": "a text",
    "integer": "a number",
    "long": "a number",
    "float": "a number",
    "double": "a number",
    "boolean": "true or false",
    "timestamp": "a time",
    "map": "a map",
    "list": "a list",
    "structure": "a record",
}


def _named(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


_PAGE = re.compile(r"^\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)


def page_in(text: str) -> str | None:
    """What a web page that came instead of an answer calls itself; None where it is not a web page."""
    if not _PAGE.match(text[:5_000]):
        return None
    title = _TITLE.search(text[:20_000])
    called = f" ('{quotable(title[1])}')" if title and title[1] else ""
    return f"a web page came instead of AWS's answer{called}"


def is_page(answer: Mapping[str, Any]) -> bool:
    """Whether a web page came with a status of success: botocore reads one as an answer without members."""
    metadata = answer.get("ResponseMetadata")
    headers = metadata.get("HTTPHeaders", {}) if isinstance(metadata, dict) else {}
    return not answer.keys() - {"ResponseMetadata"} and "html" in str(headers.get("content-type", "")).lower()


def quotable(text: str) -> str:
    """Somebody's own words as a message of ours repeats them: on one line, not too long, without secrets."""
    words = " ".join(redacted(str(text)[:5_000]).split())
    return words if len(words) <= LONGEST_QUOTE else f"{words[:LONGEST_QUOTE]}…"
