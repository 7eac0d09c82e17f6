"""YAML nodes → plain data.

Only JSON's types come out. Of YAML 1.1 the surprises are gone: `yes`, `1:30` and `012` are strings, `1e-3` is a number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sagespec.base.diagnostic import Diagnostic, Edit, Rejected, Related, Severity, bounded, cut
from sagespec.base.source import Place, Source, Span
from sagespec.reading.syntax.document import PLAIN, QUOTED, Data, Document, span_of

MAX_TEXT = 1_000_000
"""Characters of one file. The largest request that SageMaker accepts is far smaller."""
MAX_DEPTH = 64
MAX_VALUES = 100_000
"""Values of one document, each use of an alias counted: what keeps an alias bomb from going off."""
MAX_SCALARS = MAX_TEXT
"""Characters of one document's keys and scalars, each use of an alias counted: an alias may stand for a long text."""
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_TRUTHS = frozenset(("yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF"))
"""Plain scalars that other YAML readers take for a boolean."""
_MISREAD = re.compile(
    r"""(?x) (?: (?P<number> [-+]? (?: 0[0-9_]+ | 0[xX][0-9a-fA-F_]+ | 0o[0-7]+ | 0b[01_]+ | [0-9][0-9_]*_[0-9_]*
        | [0-9]+(?: :[0-5]?[0-9])+ | [0-9]+\.(?:[eE][-+]?[0-9]+)? | \.[0-9]+(?:[eE][-+]?[0-9]+)? )
        | \+[0-9][0-9.eE+-]* )
    | (?P<unbounded> [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN) ) ) \Z"""
)
"""… and for a number."""
_FOREIGN = re.compile(r"\{\{-?\s*\.")
"""How `{{ .Values.x }}` begins: a template of Helm's or Go's."""
_INTRINSIC = ("!Ref", "!Sub", "!GetAtt", "!Join", "!If", "!Select", "!Split", "!ImportValue", "!FindInMap")
_OF_CLOUDFORMATION = "it is CloudFormation's: write the value itself, or {{ vars.NAME }} or {{ env.NAME }} in quotes"
_CURLY = frozenset("“”„‟‘’‚‛«»")
"""Quotes that are none to YAML."""
_AMBIGUOUS = frozenset("+-.0123456789~fFnNoOtTyY") | _CURLY
"""How everything begins that a plain scalar may be beside text, to us or to other readers."""
_STRING_TAG = "tag:yaml.org,2002:str"


class Builder:
    """Builds one document's data from its nodes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        self.values = 0
        self.characters = 0

    def document(self, root: Node | None) -> Document:
        if isinstance(root, MappingNode) and self.is_expression(root):  # the first line of a template
            from sagespec.reading.syntax.mistakes import template_of

            template = template_of(self.source)
            if template is not None:
                raise Rejected([template])
        data = None if root is None else self.value(root, 0)
        return Document(self.source, data, root, tuple(bounded(self.problems)) if self.problems else ())

    def value(self, node: Node, depth: int) -> Data:
        self.values += 1
        if self.values > MAX_VALUES:
            raise rejected(self.source, self.span(node), "too-many-values", f"holds more than {MAX_VALUES:,} values")
        if isinstance(node, ScalarNode):
            text: str = node.value
            self.characters += len(text)
            if self.characters > MAX_SCALARS:
                message = f"holds more than {MAX_SCALARS:,} characters, each use of an alias counted"
                raise rejected(self.source, self.span(node), "too-many-values", message)
            if node.tag == PLAIN:
                return text if text and text[0] not in _AMBIGUOUS else self.plain(node)
            if node.tag != QUOTED and node.tag != _STRING_TAG:
                self.refuse_tag(node)
            return text
        if depth >= MAX_DEPTH - 1 and node.value:
            raise too_deep(self.source, node.start_mark)
        if node.tag not in (QUOTED, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self.refuse_tag(node)
        if isinstance(node, SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        if isinstance(node, MappingNode) and self.is_expression(node):
            return self.expression(node)
        return self.mapping(node, depth + 1)

    def is_expression(self, node: MappingNode) -> bool:
        """Whether a map is `{{ name }}` without quotes."""
        return bool(node.flow_style) and self.source.text.startswith("{{", node.start_mark.index)

    def expression(self, node: Node) -> str:
        """`{{ name }}` without quotes is a map in a map to YAML; it is read as the text that was meant."""
        span = self.span(node)
        text = self.source.text[node.start_mark.index : node.end_mark.index]
        if _FOREIGN.match(text):  # not one of ours with quotes either, which is reported where it is evaluated
            return text
        message = "an expression without quotes is a map to YAML"
        fix = (Edit(span, f'"{text}"'),) if '"' not in text and "\n" not in text else ()
        hint = f'put it in quotes: "{cut(text)}"'
        place = Place(self.source, span)
        self.problems.append(Diagnostic(place, Severity.ERROR, "key-not-a-string", message, hint, fix=fix))
        return text

    def mapping(self, node: Node, depth: int) -> dict[str, Data]:
        result: dict[str, Data] = {}
        keys: dict[str, Node] = {}
        merged: list[Node] = []
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                expression = self.source.text.startswith("{{", key.start_mark.index)
                hint = 'put an expression in quotes: "{{ … }}"' if expression else ""
                self.problem(self.span(key), "key-not-a-string", "a key must be a string, not a list or a map", hint)
            elif key.value == "<<" and key.tag == PLAIN:
                merged.append(value)
            elif key.value in result:
                self.problems.append(self.repeated(key, keys[key.value]))
            else:
                self.characters += len(key.value)
                keys[key.value] = key
                result[key.value] = self.value(value, depth)
        for value in merged:
            for name, item in self.merge(value, depth).items():
                result.setdefault(name, item)
        return result

    def span(self, node: Node) -> Span:
        return span_of(self.source, node)

    def repeated(self, key: Node, first: Node) -> Diagnostic:
        earlier = Place(self.source, self.span(first))
        here = self.span(key)
        where = f", first in line {earlier.span.line}" if earlier.span.line != here.line else ""
        return Diagnostic(
            Place(self.source, here),
            Severity.ERROR,
            "duplicate-key",
            f"'{cut(key.value)}' is given twice" + where,
            "keep one of the two; YAML readers disagree about which one counts",
            related=(Related(earlier, "it is given here first"),),
        )

    def merge(self, node: Node, depth: int) -> Mapping[str, Data]:
        """What `<<` brings in: of a list of maps the earlier one wins, as YAML says."""
        maps = node.value if isinstance(node, SequenceNode) else [node]
        result: dict[str, Data] = {}
        for item in maps:
            value = self.value(item, depth)
            if not isinstance(value, dict):
                self.problem(
                    self.span(item),
                    "merge-not-a-map",
                    "'<<' takes a map, or a list of maps",
                    "give it an alias of a map",
                )
                continue
            for name, member in value.items():
                result.setdefault(name, member)
        return result

    def plain(self, node: ScalarNode) -> Data:
        """A scalar that was written without quotes, and may be no text."""
        text: str = node.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0] in _CURLY:
            return self.quoted(node)
        if text[0].isalpha():
            if text in _TRUTHS:
                self.misread(node, "truth")
            return text
        number = _NUMBER.match(text)
        if number:
            return self.number(node, fraction=number.lastindex is not None)
        misread = _MISREAD.match(text)
        if misread:
            self.misread(node, misread.lastgroup or "")
        return text

    def quoted(self, node: ScalarNode) -> str:
        """What stands between curly quotes, as a word processor or a chat makes them: YAML knows none."""
        text: str = node.value
        found = re.fullmatch(f"[{''.join(_CURLY)}]([^{''.join(_CURLY)}]+)[{''.join(_CURLY)}]", text)
        if found is None:
            return text
        span, straight = self.span(node), json.dumps(found[1], ensure_ascii=False)
        self.problems.append(
            Diagnostic(
                Place(self.source, span),
                Severity.ERROR,
                "curly-quotes",
                f"{cut(text)} is not in quotes: these are part of the text",
                f"write straight quotes: {cut(straight)}",
                fix=(Edit(span, straight),),
            )
        )
        return found[1]

    def number(self, node: ScalarNode, *, fraction: bool) -> Data:
        text: str = node.value
        if len(text) > 400:  # more digits than any number of a training job has; int() is quadratic
            self.problem(
                self.span(node),
                "number-too-long",
                f"a number of {len(text):,} characters",
                "put it in quotes if it is a text",
            )
            return 0
        if not fraction:
            return int(text)
        value = float(text)
        if value in (float("inf"), float("-inf")):
            self.problem(self.span(node), "number-too-large", f"{cut(text)} is larger than any floating-point number")
            return 0.0
        return value

    def misread(self, node: ScalarNode, kind: str) -> None:
        text = node.value
        span = self.span(node)
        if kind == "unbounded":
            self.problem(
                span,
                "number-not-finite",
                f"{text} has no form in JSON, so it cannot be sent",
                "give a finite number, or quote it",
            )
            return
        what, instead = ("a boolean", "true or false") if kind == "truth" else ("a number", "a plain decimal number")
        self.problems.append(
            Diagnostic(
                Place(self.source, span),
                Severity.WARNING,
                "ambiguous-scalar",
                f"{text} is the text '{text}' here, though some YAML readers take it for {what}",
                f'put it in quotes ("{text}") if you mean the text; write {instead} if you mean {what}',
                fix=(Edit(span, f'"{text}"'),),
            )
        )

    def refuse_tag(self, node: Node) -> None:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self.problem(
            self.source.span(node.start_mark.index, node.start_mark.index + 1),
            "yaml-tag",
            f"the tag {cut(tag)} is not supported",
            _OF_CLOUDFORMATION if tag in _INTRINSIC else "leave it out; only JSON's types exist here",
        )

    def rejected(self, node: Node, rule: str, message: str) -> Rejected:
        return rejected(self.source, self.span(node), rule, message)

    def problem(self, span: Span, rule: str, message: str, hint: str = "") -> None:
        self.problems.append(Diagnostic(Place(self.source, span), Severity.ERROR, rule, message, hint))


def too_deep(source: Source, mark: Any) -> Rejected:
    """
    Args:
        mark: where what is nested too deep begins.
    """
    span = source.span(mark.index, mark.index + 1)
    return rejected(source, span, "nested-too-deep", f"nested deeper than {MAX_DEPTH} levels")


def rejected(source: Source, span: Span, rule: str, message: str, hint: str = "") -> Rejected:
    return Rejected([Diagnostic(Place(source, span), Severity.ERROR, rule, message, hint)])
