"""One expression of a manifest → its value, in Jinja2's sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from jinja2 import StrictUndefined, TemplateError, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.nodes import Output, TemplateData
from jinja2.sandbox import ImmutableSandboxedEnvironment

from sagespec.base.diagnostic import cut
from sagespec.base.errors import SagespecError

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
MAX_LENGTH = 4_000
"""Characters of a text that holds expressions: longer ones only cost time."""
_TOO_LARGE = 10**18
_TOO_LONG = 10_000
"""Characters that a filter may make: a text of `MAX_LENGTH` can apply hundreds."""
_DASHED = re.compile(r"\b(vars|env|matrix)\.([A-Za-z_]\w*(?:-\w+)+)")


class ExpressionError(SagespecError):
    """The author's expression cannot be read, or speaks of something that is not there."""


class _Sandbox(ImmutableSandboxedEnvironment):
    """Expressions only: no statements, no calls, no arithmetic that grows without end."""

    intercepted_binops = frozenset(["*", "**", "%"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        numbers = all(isinstance(side, int | float) for side in (left, right))
        if not numbers or operator == "**" or max(abs(left), abs(right)) > _TOO_LARGE:
            raise SecurityError(f"'{operator}' is for numbers of ordinary size here")
        return super().call_binop(context, operator, left, right)

    def call(self, context: Any, obj: Any, *args: Any, **kwargs: Any) -> Any:
        raise SecurityError("an expression cannot call anything; apply a filter, such as '| lower'")

    def is_safe_callable(self, obj: Any) -> bool:
        return False

    def getattr(self, obj: Any, attribute: str) -> Any:
        """The key of a map, whatever methods maps have: `vars.items` is the variable of that name, or nothing."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return self._value(obj, attribute, super().getattr(obj, attribute))

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._value(obj, argument, super().getitem(obj, argument))

    def _value(self, obj: Any, name: Any, found: Any) -> Any:
        is_method = callable(found) and not isinstance(found, StrictUndefined)
        return self.undefined(obj=obj, name=name) if is_method else found


def _replace(text: Any, old: str, new: str) -> str:
    text = str(text)
    if text.count(str(old)) * len(str(new)) > _TOO_LONG:
        raise SecurityError("'replace' would make too long a text")
    replaced: str = text.replace(str(old), str(new))
    return replaced


def _join(values: Any, separator: str = "") -> str:
    parts = [str(value) for value in values]
    if len(parts) * len(str(separator)) > _TOO_LONG:
        raise SecurityError("'join' would make too long a text")
    return str(separator).join(parts)


def _round(value: Any, precision: int = 0) -> float:
    if abs(precision) > 20:
        raise SecurityError("'round' takes at most 20 digits")
    return round(float(value), precision)


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
        optimized=False,  # it would evaluate each filter of a chain once for each that follows it
    )
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.filters |= {"replace": _replace, "join": _join, "round": _round}  # the built-in ones have no bounds
    environment.tests = {
        name: environment.tests[name] for name in ("defined", "undefined", "none", "in", "number", "string")
    }
    environment.globals = {}
    return environment


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of a scalar that holds `{{ … }}`: what JSON can hold, and nothing else.

    One expression alone keeps its type; otherwise a string comes out.

    Raises:
        ExpressionError: it cannot be read, names something that is not there, or asks for too much.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"a text with expressions may have {MAX_LENGTH:,} characters, not {len(text):,}")
    foreign = _FOREIGN.search(text)
    if foreign is not None:
        raise _of_another_tool(foreign)
    text = _quote_dashes(text, names)
    shown = cut(text.strip(), 80)
    try:
        found = _evaluate(text, names)
        if isinstance(found, MappingProxyType):  # never the whole environment of a process
            raise ExpressionError(f"{shown} stands for all variables, and a value is one", "name one: {{ env.NAME }}")
        written = json.dumps(found, allow_nan=False, ensure_ascii=False)
        written.encode()
        return json.loads(written)
    except UndefinedError as error:
        raise ExpressionError(_undefined(error, text), _known(text, names)) from None
    except TemplateError as error:
        raise ExpressionError(f"{shown} cannot be evaluated: {cut(error.message or 'it is too deep', 80)}") from None
    except UnicodeEncodeError:
        raise ExpressionError(f"{shown} holds characters that are not Unicode text") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ExpressionError(f"{shown} cannot be evaluated: {cut(str(error), 80)}") from None
    except NameError:  # the compiled expression has a constant that Python cannot write down: inf, nan
        raise ExpressionError(f"{shown} is not a finite number") from None
    except (MemoryError, RecursionError, SyntaxError):
        raise ExpressionError(f"{shown} is nested too deep") from None


_FOREIGN = re.compile(r"(\$)\{\{[-+ ]*([^{}]*?)[-+ ]*\}\}|\{\{[-+ ]*(?:\.[A-Za-z_]*)?\.([A-Za-z_]\w*)[^{}]*\}\}")
"""`${{ secrets.X }}` of GitHub Actions; `{{ .Values.x }}` and `{{ .x }}` of Helm and Go."""


def _of_another_tool(found: re.Match[str]) -> ExpressionError:
    shown = cut(found[0], 80)
    if found[1]:
        name = re.sub(r"\W", "_", found[2].rpartition(".")[2]).upper() or "NAME"
        hint = f'write "{{{{ env.{name} }}}}", and set {name} in the workflow, under env:'
        return ExpressionError(f"{shown} is an expression of GitHub Actions", hint)
    name = found[3]
    hint = f'write "{{{{ vars.{name} }}}}", in quotes; give it with --set {name}=…, or under vars: in sagespec.yaml'
    return ExpressionError(f"{shown} is a template of Helm or Go", hint)


def _evaluate(text: str, names: Mapping[str, Any]) -> Any:
    value = _compiled(text)(**names)
    return str(value) if isinstance(value, StrictUndefined) else value  # str() says what is undefined


@lru_cache(maxsize=1_000)
def _compiled(text: str) -> Callable[..., Any]:
    """The jobs of a matrix have the same expressions, and to compile one takes longer than to evaluate it."""
    environment = _environment()
    output = [node for body in environment.parse(text.strip()).find_all(Output) for node in body.nodes]
    if len(output) != 1 or isinstance(output[0], TemplateData):
        return environment.from_string(text).render
    inner = text.strip()[2:-2].strip("-+ \t\n")
    return environment.compile_expression(inner, undefined_to_none=False)


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
    if owner[1] == "git":
        return "the manifest is not in a git repository with a commit"
    known = ", ".join(sorted(map(str, names[owner[1]])))
    if owner[1] == "matrix":
        return f"the matrix has {known}" if known else "the manifest has no matrix"
    given = f"; known: {known}" if known else ""
    return f"give it with --set NAME=VALUE, or under vars: in sagespec.yaml{given}"
