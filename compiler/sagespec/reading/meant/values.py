"""What an author probably meant by a value that fits nowhere: a map that is written as a list, a variable of a shell.

Everything here says "" or None where nobody can know. It is imported when something is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any

_LONGEST = 100
_NAMES = ("name", "key", "channelname")
_VALUES = ("value", "regex", "s3uri")


def as_map(value: Any) -> str:
    """`- name: epochs` with `value: 3`, `- epochs: 3`, `epochs=3` and a text of JSON are {epochs: 3}."""
    if isinstance(value, str):
        if len(value) > _LONGEST:
            return ""
        if isinstance(read := _read(value.strip()), dict):
            return _flow(read)
        pairs = re.findall(r"(?:--)?([A-Za-z_][\w.-]*)(?:=|: ?| )([^\s,;]+)[,;]?(?:\s+|$)", value.strip())
        rest = re.sub(r"(?:--)?[A-Za-z_][\w.-]*(?:=|: ?| )[^\s,;]+[,;]?(?:\s+|$)", "", value.strip())
        return _flow({name: _read(text) for name, text in pairs}) if pairs and not rest else ""
    if not isinstance(value, list) or not value:
        return ""
    found: dict[str, Any] = {}
    for item in value:
        pair = _pair(item)
        if pair is None:
            return ""
        found[pair[0]] = pair[1]
    return _flow(found)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _pair(item: Any) -> tuple[str, Any] | None:
    """(name, value) of one item of a list that stands for a map."""
    if isinstance(item, str):
        name, sign, text = item.partition("=")
        return (name.strip(), text.strip()) if sign and name.strip() else None
    if not isinstance(item, Mapping) or not item:
        return None
    words = {_letters(key): key for key in item}
    named = next((words[word] for word in _NAMES if word in words), None)
    if named is None:
        return next(iter(item.items())) if len(item) == 1 else None
    rest = {key: value for key, value in item.items() if key != named}
    if not isinstance(item[named], str) or not rest:
        return None
    alone = next(iter(rest.values())) if len(rest) == 1 and _letters(next(iter(rest))) in _VALUES else None
    uri = _uri_in(rest) if alone is None and any(key[:1].isupper() for key in rest) else None
    return item[named], uri or (rest if alone is None else alone)


def _uri_in(value: Any) -> str | None:
    """The S3 URI that a channel of the API's reads."""
    if isinstance(value, Mapping):
        return next((uri for key, inner in value.items() if (uri := _uri_in(inner))), None)
    return value if isinstance(value, str) and value.startswith("s3://") else None


def as_list(value: Any, members: Collection[str]) -> str:
    """{loss: "loss=(.*)"} is [{name: loss, regex: "loss=(.*)"}], where items have a name and one thing beside it; and
    `a, b` is [a, b], where they are texts.

    Args:
        members: what each item of the list must have; nothing of a text.
    """
    if isinstance(value, str) and not members:
        items = re.split(r"[,;]\s*|\s+", value.strip()) if 0 < len(value.strip()) <= _LONGEST else []
        return f"[{', '.join(map(_scalar, items))}]" if items and all(items) else ""
    if not isinstance(value, dict) or len(members) != 2 or "name" not in members or not value:
        return ""
    if any(isinstance(item, dict | list) for item in value.values()):
        return ""
    (other,) = set(members) - {"name"}
    return _short(f"[{', '.join(_braces({'name': name, other: item}) for name, item in value.items())}]")


def as_expression(value: str) -> str:
    """${AWS_REGION} is "{{ env.AWS_REGION }}"."""
    if len(value) > _LONGEST:
        return ""
    made = re.sub(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?", r"{{ env.\1 }}", value)
    return f'write "{made}": a variable of the shell' if made != value and len(made) <= _LONGEST else ""


def _flow(value: Mapping[str, Any]) -> str:
    return _short(_braces(value))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else ""


def _braces(value: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {_scalar(item)}" for name, item in value.items()) + "}"


def _scalar(value: Any) -> str:
    if isinstance(value, Mapping):
        return _braces(value)
    plain = isinstance(value, str) and re.fullmatch(r"[A-Za-z_/][A-Za-z0-9_./:-]*", value) and value[-1:] != ":"
    if plain and value.lower() not in ("true", "false", "null", "yes", "no", "on", "off"):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
