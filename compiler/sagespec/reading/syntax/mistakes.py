"""What is wrong with a text that is not YAML, in words for its author."""

from __future__ import annotations

import re
from typing import Any

import yaml

from sagespec.base.diagnostic import Diagnostic, Severity, cut
from sagespec.base.source import Place, Source, Span


def explained(source: Source, error: Exception) -> Diagnostic:
    """What to say of what YAML's reader, or Python's own, has against a text."""
    if not isinstance(error, yaml.MarkedYAMLError):  # of its characters
        return _bad_character(source)
    template = template_of(source)
    if template is not None:
        return template
    lone = _field_without_colon(source, error)
    if lone is not None:
        return lone
    mark = mark_of(source, error)
    if mark is not None and _is_unclosed(source, error):
        return _invalid(
            source, _slip_span(source, mark), f"the {source.text[mark.index]} that begins here is not closed"
        )
    span = Span() if mark is None else _slip_span(source, mark)
    return _invalid(source, span, _slip(error), _yaml_hint(source, span))


def mark_of(source: Source, error: Exception) -> Any:
    """Where the mistake is, as YAML's reader marks it; None where it does not say."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return None
    return error.context_mark if _is_unclosed(source, error) else error.problem_mark or error.context_mark


def _bad_character(source: Source) -> Diagnostic:
    """Which character YAML does not allow (a reader's own offset is in bytes or in characters)."""
    bad = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", source.text)
    index = bad.start() if bad else 0
    what = f"it holds U+{ord(bad[0]):04X}, which YAML does not allow" if bad else _UNREADABLE
    return _invalid(source, source.span(index, index + 1), what)


def template_of(source: Source) -> Diagnostic | None:
    """What to say of a text that a template engine has to read first."""
    found = _TEMPLATE_LINE.search(source.text) or _TEMPLATE_CALL.search(source.text)
    if found is None:
        return None
    span = source.span(found.start(1), found.end(1))
    return _invalid(source, span, f"'{cut(found[1])}' belongs to a template", _NO_TEMPLATE)


_SLIPS = {
    "cannot start any token": "nothing can begin with this character",
    "mapping values are not allowed": "a ':' is not expected here",
    "mapping keys are not allowed": "a '?' is not expected here",
    "sequence entries are not allowed": "a '-' is not expected here",
    "could not find expected ':'": "a ':' is missing after the name before this",
    "undefined alias": "no '&' gives a value this name before",
    "duplicate anchor": "two values are given this name",
    "unexpected end of stream": "the text ends before a quote is closed",
    "unexpected document separator": "the document ends before a quote is closed",
    "unexpected document indicator": "the document ends before a quote is closed",
    "escape": "in double quotes a \\ begins an escape, and this is none; use single quotes",
    "node content": "a value is expected here",
    "a block mapping": "the name of a field is expected here",
    "a block collection": "a '-' is expected here, as before the other items",
    "a flow mapping": "a ',' or a '}' is missing before this",
    "a flow sequence": "a ',' or a ']' is missing before this",
    "a block scalar": "a block of text begins with | or >, and a - or + or a number of spaces behind it",
    "a plain scalar": "a text without quotes ends before this",
    "an anchor": "a name behind & has letters, digits, - and _ only",
    "an alias": "a name behind * has letters, digits, - and _ only",
    "document start": "a document ends before this; begin the next one with a line '---'",
    "incompatible YAML": "there is no such version of YAML",
    "directive": "a line that begins with % is for YAML's own directives",
    "a tag": "a tag is not written like this",
    "tag handle": "no %TAG line says what this tag is",
    "found undefined tag": "no %TAG line says what this tag is",
    "maximum nesting": "it is nested too deep to be read",
}
"""What a reader says → what that means to the author, the first that is found. The readers, in C and in Python and of
every version, say this much alike; nobody sees more of their words than this table knows."""
_UNREADABLE = "it cannot be read from here on"


def _slip(error: yaml.MarkedYAMLError) -> str:
    said = " ".join(part for part in (error.context, error.problem) if part)
    return next((meaning for words, meaning in _SLIPS.items() if words in said), _UNREADABLE)


def _is_unclosed(source: Source, error: yaml.MarkedYAMLError) -> bool:
    """Whether a quote or a bracket has no end: what is missed at the end of the text was forgotten where it begins."""
    said, mark = f"{error.context} {error.problem}", error.problem_mark
    if error.context_mark is None or mark is None:
        return False
    opened = "flow mapping" in said or "flow sequence" in said
    return ("quoted scalar" in said and "unexpected" in said) or (opened and not source.text[mark.index :].strip())


_TEMPLATE_LINE = re.compile(
    r"(?m)^[ \t]*(?:- +)?(\{%.{0,200}?%\}"
    r"|\{\{-?[ \t]*(?:/\*|range|if|else|end|with|include|define|template|block)\b.{0,200}?\}\})"
)
"""`{{- range … }}` of Helm, `{% for … %}` of Jinja."""
_TEMPLATE_CALL = re.compile(r"(\{\{-?[ \t]*(?:\$\w+[ \t]*:=|(?:include|template|toYaml|tpl)\b).{0,200}?\}\})")
"""`{{ include "chart.name" . }}` of Helm."""
_NO_TEMPLATE = (
    "a manifest is never a template: a matrix makes several jobs of one, and a value in quotes may hold {{ vars.x }}"
)
_WITHOUT_COLON = re.compile(r"(\s*(?:- +)?)([A-Za-z_][\w.-]*)(:|[ \t]+)([^\s:#].*)")
"""`name value` and `name:value`, which YAML reads as a text that goes on in the next line."""


def _field_without_colon(source: Source, error: yaml.MarkedYAMLError) -> Diagnostic | None:
    """What to say of a field whose ':', or the space behind it, is missing: readers find that a line later."""
    if "could not find expected ':'" in (error.problem or "") and error.context_mark is not None:
        number = error.context_mark.line + 1
    elif "mapping values are not allowed" in (error.problem or "") and error.problem_mark is not None:
        before = source.lines[: error.problem_mark.line]
        number = next((at for at in range(len(before), 0, -1) if before[at - 1].strip()), 0)
    else:
        return None
    found = _WITHOUT_COLON.fullmatch(source.line(number).rstrip()) if number else None
    if found is None or ": " in found[4] or found[4].endswith(":"):
        return None
    program = re.match(r"=\s*[\w.]+\(", found[4])
    what = "a space is missing after" if found[3] == ":" else "a ':' is missing after"
    start = len(found[1]) + 1
    span = Span(number, start, number, start + len(found[2]))
    message = f"{what} '{cut(found[2])}{':' if found[3] == ':' else ''}'"
    return _invalid(source, span, message, _PYTHON if program else f"write {cut(found[2])}: …")


def _slip_span(source: Source, mark: Any) -> Span:
    """The place of a mistake; of an escape, its backslash, before which or behind which the readers point."""
    index: int = mark.index
    before = source.text[:index]
    odd = (len(before) - len(before.rstrip("\\"))) % 2
    return source.span(index - odd, index - odd + 1)


_PYTHON = "this is Python: sagespec import FILE.py makes a manifest of a program that starts a job"


def _yaml_hint(source: Source, span: Span) -> str:
    """The cure of the commonest slips."""
    line = source.line(span.line)
    if re.search(r"(?m)^[ \t]*(?:\w+ *= *)?[\w.]+\([ \t]*$|^(?:import|from) [\w.]+", source.text):
        return _PYTHON
    if re.fullmatch(r"\s*(?:- )?[^\s:#]+:[ \t]+\S.*:\s*", line):
        return "take the ':' at the end of the line away, or put the value in quotes"
    if "\t" in line[: len(line) - len(line.lstrip())] or line[span.column - 1 : span.column] == "\t":
        return "YAML is indented with spaces, never with tabs"
    if re.search(r"[:\[,{]\s*\$?\{\{", line):
        return 'put an expression in quotes: "{{ … }}"'
    if re.search(r":\s+[{%@`&*!|>]", line):
        return "put a value that begins with one of { % @ ` & * ! | > in quotes"
    if re.search(r"\S:\S.*\S: ", line) or line.count(": ") > 1:
        return "put a value that holds ': ' in quotes"
    above = next((text for text in reversed(source.lines[: span.line - 1]) if text.strip()), "")
    indents = [len(text) - len(text.lstrip()) for text in (above, line)]
    if line.strip() and indents[0] != indents[1]:
        here = f"{indents[1]} space{'s' if indents[1] != 1 else ''} here"
        return f"look at the indentation: {here}, {indents[0]} in the line above"
    return ""


def _invalid(source: Source, span: Span, what: str, hint: str = "") -> Diagnostic:
    return Diagnostic(Place(source, span), Severity.ERROR, "invalid-yaml", f"this is not YAML: {what}", hint)
