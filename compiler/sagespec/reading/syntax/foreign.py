"""YAML and JSON of other tools, as those tools read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

MAX_NODES = 200_000
"""Values that one file may hold, aliases counted each time."""


class NotData(ValueError):
    """The text is neither JSON nor YAML, or too large."""


class _Loader(yaml.SafeLoader):
    """Tags of CloudFormation's become the maps that they are short for; other tags say nothing."""


def _tagged(loader: _Loader, tag: str, node: yaml.Node) -> Any:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    return {"Ref": value} if tag == "Ref" else {f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _tagged)
_Loader.yaml_implicit_resolvers = {
    key: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
    for key, resolvers in _Loader.yaml_implicit_resolvers.items()
}


def documents(text: str) -> list[Any]:
    """The documents of a text, as plain data.

    Raises:
        NotData: it is neither JSON nor YAML, or holds too much.
    """
    try:
        found = [json.loads(text)]
    except (ValueError, RecursionError):
        try:
            found = list(yaml.load_all(text, _Loader))
        except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
            raise NotData(" ".join(str(error).split())) from None
    if sum(1 for _ in _values(found)) > MAX_NODES:
        raise NotData(f"it holds more than {MAX_NODES:,} values")
    return found


def _values(value: Any) -> Iterator[None]:
    waiting, count = [value], 0
    while waiting and count <= MAX_NODES:
        item = waiting.pop()
        count += 1
        yield
        if isinstance(item, dict | list):
            waiting += item.values() if isinstance(item, dict) else item
