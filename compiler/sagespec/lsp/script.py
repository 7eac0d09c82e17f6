"""What a training script says of one argument, as people read it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from sagespec.scripts import DeclaredOption, Script


def option_docs(script: Script, option: DeclaredOption) -> tuple[str, str, bool]:
    """(type and default, its declaration as Markdown, whether the script insists on it)."""
    text = declaration(script, option)
    keywords = _keywords(text)
    parts = [option.type or keywords.get("type", "")]
    if option.choices:
        parts = [f"one of {', '.join(map(str, option.choices))}"]
    if "default" in keywords:
        parts.append(f"default {keywords['default']}")
    if option.required:
        parts.append("required")
    place = script.place(option.piece)
    where = f"{place.source.name}:{place.span.line}"
    document = "\n\n".join(part for part in (_text(keywords.get("help", "")), f"```python\n{text}\n```", where) if part)
    return ", ".join(part for part in parts if part), document, option.required


def declaration(script: Script, option: DeclaredOption) -> str:
    """The call that declares it."""
    place = script.place(option.piece)
    source, span = place.source, place.span
    return source.text[source.index(span.line, span.column) : source.index(span.end_line, span.end_column)][:1_000]


def _keywords(text: str) -> Mapping[str, str]:
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return {}
    keywords = call.keywords if isinstance(call, ast.Call) else []
    return {word.arg: ast.unparse(word.value) for word in keywords if word.arg is not None}


def _text(source: str) -> str:
    try:
        value: Any = ast.literal_eval(source) if source else ""
    except (SyntaxError, ValueError):
        return ""
    return value if isinstance(value, str) else ""
