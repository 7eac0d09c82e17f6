"""One expression of a manifest → its value, in Jinja2's sandbox."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, TemplateError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.nodes import Output, TemplateData
from jinja2.sandbox import ImmutableSandboxedEnvironment

FILTERS = [
    "abs",
    "default",
    "first",
    "float",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "max",
    "min",
    "replace",
    "round",
    "sort",
    "string",
    "sum",
    "title",
    "trim",
    "truncate",
    "unique",
    "upper",
]
"""What may be applied to a value. No filter that pads or repeats: a manifest cannot ask for a gigabyte."""
_TOO_LARGE = 10**18
_DASHED = re.compile(r"\b(vars|env|matrix)\.([A-Za-z_]\w*(?:-\w+)+)")


class ExpressionError(Exception):
    """The author's expression cannot be read, or speaks of something that is not there."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Expressions only: no statements, no calls, no arithmetic that grows without end."""

    intercepted_binops = frozenset(["*", "**", "%"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = all(isinstance(side, int | float) for side in (left, right))
        if not numbers or operator == "**" or max(abs(left), abs(right)) > _TOO_LARGE:
            raise SecurityError(f"'{operator}' is for numbers of ordinary size here")
        return super().call_binop(context, operator, left, right)

    def is_safe_callable(self, obj: Any) -> bool:
        return False


@lru_cache(maxsize=1)
def _environment() -> _Sandbox:
    environment = _Sandbox(
        undefined=StrictUndefined,
        # A scalar may hold {% and {# as plain text; these cannot be typed.
        block_start_string="\0{%",
        block_end_string="%}\0",
        comment_start_string="\0{#",
        comment_end_string="#}\0",
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.tests = {
        name: environment.tests[name] for name in ("defined", "undefined", "none", "in", "number", "string")
    }
    environment.globals = {}
    return environment


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of a scalar that holds `{{ … }}`. One expression alone keeps its type; otherwise a string comes out.

    Raises:
        ExpressionError: it cannot be read, names something that is not there, or asks for too much.
    """
    environment = _environment()
    text = _quote_dashes(text, names)
    try:
        output = [node for body in environment.parse(text.strip()).find_all(Output) for node in body.nodes]
        if len(output) == 1 and not isinstance(output[0], TemplateData):
            inner = text.strip()[2:-2].strip("-+ \t\n")
            value = environment.compile_expression(inner, undefined_to_none=False)(**names)
            if isinstance(value, StrictUndefined):
                str(value)
        else:
            value = environment.from_string(text).render(**names)
    except UndefinedError as error:
        raise ExpressionError(_undefined(error, text), _known(text, names)) from None
    except TemplateError as error:
        raise ExpressionError(f"{text.strip()} cannot be evaluated: {error.message}") from None
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise ExpressionError(f"{text.strip()} cannot be evaluated: {error}") from None
    if not isinstance(value, str | int | float | bool | list | dict | None):
        raise ExpressionError(f"{text.strip()} is {type(value).__name__}, which no field can hold")
    return value


def _quote_dashes(text: str, names: Mapping[str, Any]) -> str:
    """`matrix.learning-rate` is one name where there is such a name, not a difference."""

    def quoted(match: re.Match[str]) -> str:
        owner, name = match.groups()
        return f'{owner}["{name}"]' if name in names[owner] else match[0]

    return _DASHED.sub(quoted, text)


def _undefined(error: UndefinedError, text: str) -> str:
    found = re.search(r"has no (?:attribute|element) '([^']*)'", error.message or "")
    owner = re.search(rf"(\w+)\.{re.escape(found[1])}\b", text) if found else None
    if found:
        return f"{owner[0] if owner else found[1]} is not defined"
    return error.message or "something is not defined"


def _known(text: str, names: Mapping[str, Any]) -> str:
    owner = re.search(r"\b(vars|matrix|git|env)\b", text)
    if owner is None:
        return f"an expression may speak of {', '.join(sorted(names))}"
    if owner[1] == "env":
        return "set the environment variable, or give a default: {{ env.NAME | default('x') }}"
    known = ", ".join(sorted(map(str, names[owner[1]])))
    if owner[1] == "git":
        return "the manifest is not in a git repository with a commit"
    advice = "; give it with --set NAME=VALUE or under vars: in sagespec.yaml" if owner[1] == "vars" else ""
    return f"known in {owner[1]}: {known or 'nothing'}{advice}"
