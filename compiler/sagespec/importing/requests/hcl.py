"""Terraform's language, as far as resources need it: blocks, arguments and literals. What must be computed is unknown.

Source: https://developer.hashicorp.com/terraform/language/syntax/configuration
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.importing.draft import UnreadableProgram
from sagespec.importing.following.values import Default
from sagespec.scripts.values.constants import Mixed, UnknownValue

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r]+|\#[^\n]*|//[^\n]*|/\*.*?\*/)
  | (?P<line>\n)
  | (?P<heredoc><<-?[ \t]*(?P<tag>\w+)[^\n]*\n)
  | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<name>[A-Za-z_][\w-]*)
  | (?P<quote>")
  | (?P<mark>[{}\[\](),=.:?*]|[-+/%<>!&|]+)
    """,
    re.X | re.S,
)
MAX_DEPTH = 40
_ENCODERS = frozenset({"jsonencode", "yamlencode"})
"""Functions that write a value as a text: what they are given says more."""


class HclToken(NamedTuple):
    kind: str
    text: str
    line: int
    start: int
    end: int
    value: Any = None
    """Of a text: its parts."""


@dataclass
class Block:
    """`kind "label" { … }`."""

    kind: str
    labels: list[str]
    line: int
    arguments: dict[str, Any] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Arguments and inner blocks; blocks as lists."""
        found: dict[str, Any] = dict(self.arguments)
        for block in self.blocks:
            found.setdefault(block.kind, []).append(block.plain())
        return found


def blocks_of(text: str) -> list[Block]:
    """The blocks of a file, variables with a default and locals put in.

    Raises:
        Unreadable: this is not HCL.
    """
    root = _HclReader(text).file()
    known: dict[str, Any] = {}
    for block in root.blocks:
        if block.kind == "variable" and block.labels:
            default = block.arguments.get("default")
            if isinstance(default, str | int | float | bool):
                known[f"var.{block.labels[0]}"] = Default(block.labels[0], f"var.{block.labels[0]}", default)
        if block.kind == "locals":
            known |= {f"local.{name}": value for name, value in block.arguments.items()}
    for _ in range(4):  # locals may speak of each other
        known = {name: _put_in(value, known) for name, value in known.items()}
    for block in root.blocks:
        _fill(block, known)
    return root.blocks


def _fill(block: Block, known: Mapping[str, Any]) -> None:
    block.arguments = {name: _put_in(value, known) for name, value in block.arguments.items()}
    for inner in block.blocks:
        _fill(inner, known)


def _put_in(value: Any, known: Mapping[str, Any]) -> Any:
    if isinstance(value, dict):
        return {key: _put_in(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_put_in(item, known) for item in value]
    if isinstance(value, Default):
        return value
    if isinstance(value, UnknownValue):
        return known.get(value.source, value)
    if isinstance(value, Mixed):
        parts: list[Any] = []
        for part in value.parts:
            made = (
                known.get(part.source, part)
                if isinstance(part, UnknownValue) and not isinstance(part, Default)
                else part
            )
            if isinstance(made, Mixed):
                parts += made.parts
            elif isinstance(made, UnknownValue | str):
                parts.append(made)
            elif isinstance(made, int | float):
                parts.append(str(made))
            else:
                parts.append(part)
        return _text(parts, value.source)
    return value


def _text(parts: list[Any], source: str) -> Any:
    if all(isinstance(part, str) for part in parts):
        return "".join(parts)
    return Mixed(tuple(part for part in parts if part != ""), source)


def json_with_names(text: str | Mixed) -> Any:
    """The data in a text of JSON, of which parts are not known.

    Raises:
        ValueError: it is not JSON.
    """
    parts = text.parts if isinstance(text, Mixed) else (text,)
    values = [part for part in parts if not isinstance(part, str)]
    written, number = "", 0
    for part in parts:
        if isinstance(part, str):
            written += part
        else:
            token = f"zqn{number}zqn"
            written += token if _is_inside(written) else f'"{token}"'
            number += 1
    return _with_names(json.loads(written), values)


def _is_inside(written: str) -> bool:
    """Whether a text in quotes is open at the end of some JSON."""
    return len(re.findall(r'(?<!\\)(?:\\\\)*"', written)) % 2 == 1


def _with_names(data: Any, values: list[Any]) -> Any:
    if isinstance(data, dict):
        return {key: _with_names(item, values) for key, item in data.items()}
    if isinstance(data, list):
        return [_with_names(item, values) for item in data]
    if not isinstance(data, str) or "zqn" not in data:
        return data
    pieces = re.split(r"zqn(\d+)zqn", data)
    parts = [values[int(piece)] if index % 2 else piece for index, piece in enumerate(pieces)]
    there = [part for part in parts if part != ""]
    return there[0] if len(there) == 1 else _text(there, data)


class _HclReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self.scanned(0, ""))
        self.at = 0
        self.depth = 0

    # Tokens

    def scanned(self, at: int, until: str) -> Iterator[HclToken]:
        while at < len(self.text):
            found = _TOKEN.match(self.text, at)
            if found is None:
                raise self.wrong(at)
            kind = found.lastgroup or ""
            if found["heredoc"]:
                token = self.heredoc(found)
            elif kind == "quote":
                parts, end = self.quoted(found.end())
                token = HclToken("text", self.text[at:end], self.line(at), at, end, parts)
            elif kind == "space":
                at = found.end()
                continue
            else:
                token = HclToken(kind, found[0], self.line(at), at, found.end())
            yield token
            at = token.end

    def line(self, at: int) -> int:
        return self.text.count("\n", 0, at) + 1

    def wrong(self, at: int) -> UnreadableProgram:
        line = self.text[self.text.rfind("\n", 0, at) + 1 :].split("\n", 1)[0].strip()[:60]
        return UnreadableProgram(
            f"line {self.line(at)} is not Terraform: {line}", "give a .tf file that `terraform validate` accepts"
        )

    def quoted(self, at: int) -> tuple[list[Any], int]:
        """The parts of a text in quotes, and where it ends."""
        parts: list[Any] = []
        text = ""
        while at < len(self.text):
            char = self.text[at]
            if char == '"':
                return ([*parts, text] if text else parts), at + 1
            if char == "\\" and at + 1 < len(self.text):
                text += {"n": "\n", "t": "\t", "r": "\r"}.get(self.text[at + 1], self.text[at + 1])
                at += 2
            elif self.text.startswith(("$${", "%%{"), at):
                text += self.text[at + 1 : at + 3]
                at += 3
            elif self.text.startswith(("${", "%{"), at):
                end = self.inside(at + 2)
                parts += [text] if text else []
                text = ""
                source = self.text[at + 2 : end].strip(" ~")
                parts.append(UnknownValue(_last_word(source), source))
                at = end + 1
            elif char == "\n":
                break
            else:
                text += char
                at += 1
        raise self.wrong(at - 1)

    def inside(self, at: int) -> int:
        """Where the brace that is open here closes."""
        depth = 1
        while at < len(self.text):
            if self.text[at] == '"':
                _, at = self.quoted(at + 1)
                continue
            depth += {"{": 1, "}": -1}.get(self.text[at], 0)
            if depth == 0:
                return at
            at += 1
        raise self.wrong(at - 1)

    def heredoc(self, found: re.Match[str]) -> HclToken:
        end = re.compile(rf"^[ \t]*{re.escape(found['tag'])}[ \t]*$", re.M).search(self.text, found.end())
        if end is None:
            raise self.wrong(found.start())
        text = self.text[found.end() : end.start()]
        pieces = re.split(r"\$\{([^}]*)\}", text)
        parts = [UnknownValue(_last_word(one), one.strip()) if index % 2 else one for index, one in enumerate(pieces)]
        return HclToken(
            "text", found[0], self.line(found.start()), found.start(), end.end(), [p for p in parts if p != ""]
        )

    # Grammar

    def file(self) -> Block:
        root = Block("", [], 1)
        self.body(root, "")
        return root

    def peek(self) -> HclToken | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> HclToken:
        token = self.peek()
        if token is None:
            raise self.wrong(max(len(self.text) - 1, 0))
        self.at += 1
        return token

    def lines(self) -> None:
        while (token := self.peek()) is not None and token.kind == "line":
            self.at += 1

    def body(self, block: Block, end: str) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.wrong(self.tokens[self.at].start)
        while True:
            self.lines()
            token = self.peek()
            if token is None and not end:
                break
            token = self.take()
            if token.text == end and token.kind == "mark":
                break
            if token.kind not in ("name", "text"):
                raise self.wrong(token.start)
            self.item(block, token)
        self.depth -= 1

    def item(self, block: Block, name: HclToken) -> None:
        token = self.take()
        if token.text == "=" and token.kind == "mark":
            block.arguments[_word(name)] = self.expression("\n")
            return
        labels: list[str] = []
        while token.kind in ("text", "name"):
            labels.append(_word(token))
            token = self.take()
        if token.text != "{":
            raise self.wrong(token.start)
        inner = Block(_word(name), labels, name.line)
        self.body(inner, "}")
        block.blocks.append(inner)

    def expression(self, *ends: str) -> Any:
        """A value: literal where it is alone, unknown where it must be computed."""
        first = self.peek()
        start = self.at
        value = self.literal() if first is not None else None
        after = self.peek()
        if after is None or after.text in ends or after.kind == "line":
            return value
        self.at = start
        return self.computed(*ends)

    def computed(self, *ends: str) -> UnknownValue:
        depth = 0
        first = self.take()
        last = first
        self.at -= 1
        while (token := self.peek()) is not None:
            if depth == 0 and (
                token.text in ends or (token.kind == "line" and "\n" in ends) or token.text in ("}", "]", ")")
            ):
                break
            if token.kind == "mark":
                depth += {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}.get(token.text, 0)
            last = token
            self.at += 1
        source = " ".join(self.text[first.start : last.end].split())
        return UnknownValue(_last_word(source), source)

    def literal(self) -> Any:
        token = self.take()
        if token.kind == "text":
            parts = token.value
            if not parts:
                return ""
            return parts[0] if len(parts) == 1 else _text(parts, token.text)
        if token.kind == "number":
            return float(token.text) if re.search("[.eE]", token.text) else int(token.text)
        if token.text == "[":
            return self.items()
        if token.text == "{":
            return self.mapping()
        if token.text in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[token.text]
        following = self.peek()
        if token.text in _ENCODERS and following is not None and following.text == "(":
            self.take()
            self.lines()
            value = self.expression(")", "\n")
            self.lines()
            if self.take().text != ")":
                raise self.wrong(token.start)
            return value
        if token.kind == "name":
            return self.reference(token)
        raise self.wrong(token.start)

    def reference(self, first: HclToken) -> UnknownValue:
        last = first
        while (token := self.peek()) is not None and token.text in (".", "["):
            self.at += 1
            if token.text == "[":
                while (token := self.take()).text != "]":
                    pass
                last = token
            else:
                last = self.take()
        source = self.text[first.start : last.end]
        return UnknownValue(_last_word(source), source)

    def items(self) -> list[Any]:
        found: list[Any] = []
        while True:
            self.lines()
            token = self.peek()
            if token is not None and token.text == "]":
                self.at += 1
                return found
            if token is not None and token.text == ",":
                self.at += 1
                continue
            found.append(self.expression(",", "]"))

    def mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            self.lines()
            token = self.take()
            if token.text == "}" and token.kind == "mark":
                return found
            if token.text == ",":
                continue
            if token.text == "(":
                key = self.computed(")").source
                self.take()
            else:
                key = _word(token)
            sign = self.take()
            if sign.text not in ("=", ":"):
                raise self.wrong(sign.start)
            found[key] = self.expression(",", "}", "\n")


def _word(token: HclToken) -> str:
    if token.kind != "text":
        return token.text
    return "".join(part if isinstance(part, str) else f"${{{part.source}}}" for part in token.value)


def _last_word(text: str) -> str:
    found = re.findall(r"[A-Za-z_]\w*", text)
    return found[-1] if found else "value"
