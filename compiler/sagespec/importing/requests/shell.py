"""Calls of `aws sagemaker create-training-job` in a shell script: their words and options.

What the shell would put in stays `${…}` in a text until the text is a value.

Source: https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html (quoting, expansions)
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.catalog import api_members
from sagespec.importing.following.values import Default
from sagespec.importing.requests.forms import snake
from sagespec.importing.requests.shorthand import NotShorthand, Shorthand
from sagespec.reading.syntax.foreign import NotData, documents
from sagespec.scripts.values.constants import Mixed, UnknownValue

Read = Callable[[str], str | None]
"""The text of a file that the script names; None where it cannot be read."""

_CALL = re.compile(r"\baws\b(?:\\\n|[^\n;|&#])*?\bsagemaker(?:\\\n|\s)+create-training-job\b")
_ASSIGNED = re.compile(r"^(?:export[ \t]+|readonly[ \t]+|declare[ \t]+)?([A-Za-z_]\w*)=", re.M)
_NAME = re.compile(r"\$\{([^}]+)\}")
_END = frozenset("\n;&|)")
_OTHER_OPTIONS = frozenset(
    {
        *("profile", "output", "query", "endpoint-url", "debug", "no-cli-pager", "no-verify-ssl", "cli-read-timeout"),
        *("cli-connect-timeout", "color", "no-paginate", "ca-bundle", "no-sign-request", "cli-binary-format"),
    }
)
"""Options of every call of the AWS CLI."""


class ShellCall(NamedTuple):
    """One call."""

    line: int
    body: Mapping[str, Any] | None
    """The request, in the API's names; None where it cannot be seen."""
    region: str | None
    remarks: tuple[str, ...]


def calls_of(text: str, read: Read) -> Iterator[ShellCall]:
    """Every call in a script, in the order of the text."""
    script = _Script(text)
    for found in _CALL.finditer(text):
        begin = text.rfind("\n", 0, found.start()) + 1
        if not text[begin : found.start()].lstrip().startswith("#"):
            words, stdin = script.words(found.end())
            call = _Call(script, words, stdin, read).made(text.count("\n", 0, found.start()) + 1)
            yield call._replace(remarks=(*call.remarks, *_around(text[: found.start()])))


def _around(before: str) -> Iterator[str]:
    """Whether a call stands in a loop, or under a condition, by the words before it."""
    words = re.findall(r"(?:^|[;&|(\s])(do|done|then|fi|case|esac)(?=[;)\s]|$)", re.sub(r"(?m)^\s*#.*$", "", before))
    if words.count("do") > words.count("done"):
        yield "one job for each pass of a loop"
    if words.count("then") > words.count("fi") or words.count("case") > words.count("esac"):
        yield "only under a condition of the script"


class _Script:
    """Splits a script into words as the shell does; names stay `${name}`."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.known = self._assigned()

    def _assigned(self) -> dict[str, str]:
        """Variables that the script sets once, outside of any condition."""
        found: dict[str, list[str]] = {}
        for each in _ASSIGNED.finditer(self.text):
            value, _ = self._word(each.end())
            found.setdefault(each[1], []).append(value)
        again = set(re.findall(r"^[ \t]+(?:export[ \t]+)?([A-Za-z_]\w*)=", self.text, re.M))
        return {name: values[0] for name, values in found.items() if len(values) == 1 and name not in again}

    def put_in(self, text: str, depth: int = 6) -> str:
        """A text with the variables put in that the script sets."""

        def known(found: re.Match[str]) -> str:
            return self.known.get(re.split("[:-]", found[1])[0], found[0])

        made = _NAME.sub(known, text)
        return self.put_in(made, depth - 1) if depth and made != text else made

    def words(self, at: int) -> tuple[list[str], str | None]:
        """The words up to the end of the command, and what it reads as its standard input."""
        words: list[str] = []
        stdin: str | None = None
        while at < len(self.text):
            if self.text.startswith("\\\n", at):
                at += 2
            elif self.text[at] in " \t\r":
                at += 1
            elif self.text[at] in _END or self.text[at] == "#":
                break
            elif found := re.compile(r"<<-?\s*(['\"]?)(\w+)\1").match(self.text, at):
                stdin, at = self._here(found[2], found.end()), found.end()
            elif found := re.compile(r"\d?[<>]+&?\d?[ \t]*").match(self.text, at):
                _, at = self._word(found.end())
            else:
                word, at = self._word(at)
                words.append(word)
        return words, stdin

    def _here(self, tag: str, at: int) -> str | None:
        end_of_line = self.text.find("\n", at)
        end = re.compile(rf"^[ \t]*{re.escape(tag)}[ \t]*$", re.M).search(self.text, end_of_line)
        return None if end is None else self._expanded(self.text[end_of_line + 1 : end.start()])

    def _expanded(self, text: str) -> str:
        made, at = "", 0
        while at < len(text):
            if text[at] == "$":
                part, at = self._expansion(text, at)
                made += part
            else:
                made, at = made + text[at], at + 1
        return made

    def _word(self, at: int) -> tuple[str, int]:
        text, word = self.text, ""
        while at < len(text) and text[at] not in _END and not text[at].isspace():
            if text[at] == "'":
                end = text.find("'", at + 1)
                end = len(text) if end < 0 else end
                word, at = word + text[at + 1 : end], end + 1
            elif text[at] == '"':
                inner, at = self._quoted(at + 1)
                word += inner
            elif text[at] in "$`":
                part, at = self._expansion(text, at)
                word += part
            elif text[at] == "\\":
                word, at = word + ("" if text[at + 1 : at + 2] == "\n" else text[at + 1 : at + 2]), at + 2
            else:
                word, at = word + text[at], at + 1
        return word, at

    def _quoted(self, at: int) -> tuple[str, int]:
        text, inner = self.text, ""
        while at < len(text) and text[at] != '"':
            if text[at] == "\\" and text[at + 1 : at + 2] in ('"', "\\", "$", "`", "\n"):
                inner, at = inner + ("" if text[at + 1] == "\n" else text[at + 1]), at + 2
            elif text[at] in "$`":
                part, at = self._expansion(text, at)
                inner += part
            else:
                inner, at = inner + text[at], at + 1
        return inner, at + 1

    def _expansion(self, text: str, at: int) -> tuple[str, int]:
        """`$name`, `${name}`, `$(command)` and the older form of that."""
        if text[at] == "`":
            end = text.find("`", at + 1)
            end = len(text) if end < 0 else end
            return _command(text[at + 1 : end]), end + 1
        if text.startswith("$(", at):
            end = _closing(text, at + 2)
            inner = text[at + 2 : end]
            here = re.match(r"\s*cat\s*<<-?\s*(['\"]?)(\w+)\1[ \t]*\n(.*?)^[ \t]*\2[ \t]*$", inner, re.S | re.M)
            return (self._expanded(here[3]) if here and not here[1] else here[3] if here else _command(inner)), end + 1
        found = re.compile(r"\$(?:\{([^}]+)\}|([A-Za-z_]\w*|[0-9@*#]))").match(text, at)
        return (f"${{{found[1] or found[2]}}}", found.end()) if found else ("$", at + 1)


def _command(text: str) -> str:
    """What a command prints, as a name."""
    inner = " ".join(text.split()).replace("{", "(").replace("}", ")")
    return f"${{$({inner})}}"


def _closing(text: str, at: int) -> int:
    """Where the bracket that is open here closes."""
    depth, quote = 1, ""
    while at < len(text):
        char = text[at]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        else:
            depth += {"(": 1, ")": -1}.get(char, 0)
            if depth == 0:
                return at
        at += 1
    return len(text)


class _Call:
    """Reads the options of one call."""

    def __init__(self, script: _Script, words: list[str], stdin: str | None, read: Read) -> None:
        self.script = script
        self.words = [script.put_in(word) for word in words]
        self.stdin = None if stdin is None else script.put_in(stdin)
        self.read = read
        self.remarks: list[str] = []
        self.region: str | None = None

    def made(self, line: int) -> ShellCall:
        body: dict[str, Any] = {}
        whole: Mapping[str, Any] | None = {}
        for option, values in self._options():
            if option in ("cli-input-json", "cli-input-yaml"):
                whole = self._whole(values)
            elif option == "region" and values and "${" not in values[0]:
                self.region = values[0]
            elif option not in _OTHER_OPTIONS and option != "region":
                self._member(option, values, body)
        if whole is None or not (whole or body):
            return ShellCall(line, None, self.region, tuple(self.remarks))
        return ShellCall(line, _values({**whole, **body}), self.region, tuple(self.remarks))

    def _options(self) -> Iterator[tuple[str, list[str]]]:
        option, values = "", list[str]()
        for word in (*self.words, "--"):
            if word.startswith("--"):
                if option:
                    yield option, values
                option, _, given = word[2:].partition("=")
                values = [given] if given and "{" not in option else []
            else:
                values.append(word)

    def _whole(self, values: list[str]) -> Mapping[str, Any] | None:
        """What `--cli-input-json` gives."""
        text = self._text(values[0]) if values else None
        if text is None:
            return None
        try:
            (data, *_) = documents(_with_quotes(text))
        except NotData as error:
            self.remarks.append(f"the request is neither JSON nor YAML: {error}")
            return None
        if not isinstance(data, Mapping):
            self.remarks.append(f"the request is not in the script: it is {text[:60]}")
            return None
        return data

    def _text(self, given: str) -> str | None:
        """A value, or what is in the file that it names."""
        if not given.startswith("file://"):
            return given
        path = given.removeprefix("file://")
        if path in ("/dev/stdin", "-") and self.stdin is not None:
            return self.stdin
        text = self.read(path) if "${" not in path else None
        if text is None:
            self.remarks.append(f"the request is in the file {path}: import that file")
        return text

    def _member(self, option: str, values: list[str], body: dict[str, Any]) -> None:
        member = _members().get(option) or _members().get(option.removeprefix("no-"))
        if member is None:
            self.remarks.append(f"no member for the option --{option}")
            return
        if api_members()[member].type == "boolean":
            body[member] = not option.startswith("no-")
            return
        texts = [text for value in values if (text := self._text(value)) is not None]
        if not texts:
            return
        try:
            body[member] = _typed(member, self._value(member, texts))
        except NotShorthand as error:
            self.remarks.append(f"--{option} is not taken: {error}")

    def _value(self, member: str, texts: list[str]) -> Any:
        kind = api_members()[member].type
        if kind not in ("structure", "map", "list"):
            return texts[0]
        if len(texts) == 1 and _NAME.fullmatch(texts[0]):
            return texts[0]
        made = [_json(text) if text.lstrip()[:1] in ("{", "[") else Shorthand(text).made() for text in texts]
        if kind != "list":
            return made[0]
        return [item for each in made for item in (each if isinstance(each, list) else [each])]


def _json(text: str) -> Any:
    try:
        return json.loads(_with_quotes(text))
    except ValueError as error:
        raise NotShorthand(f"it is not JSON: {error}") from None


def _with_quotes(text: str) -> str:
    """JSON in which names stand where no text is, with these in quotes: `{"Count": ${n}}`."""
    made, at, inside = "", 0, False
    while at < len(text):
        found = _NAME.match(text, at)
        if found is not None and not inside:
            made, at = f"{made}{json.dumps(found[0])}", found.end()
        elif found is not None:
            made, at = made + json.dumps(found[0])[1:-1], found.end()
        elif text[at] == "\\" and inside:
            made, at = made + text[at : at + 2], at + 2
        else:
            inside ^= text[at] == '"'
            made, at = made + text[at], at + 1
    return made


# Types ---------------------------------------------------------------------------------------------------------------


@cache
def _members() -> Mapping[str, str]:
    """Option → member of the request."""
    return {snake(path).replace("_", "-"): path for path in api_members() if re.fullmatch("[A-Za-z]+", path)}


def _typed(path: str, value: Any) -> Any:
    """Texts as the API's types: shorthand has texts only."""
    member = api_members().get(path)
    if member is None or (isinstance(value, str) and "${" in value):
        return value
    if member.type == "structure" and isinstance(value, Mapping):
        return {key: _typed(f"{path}.{key}", item) for key, item in value.items()}
    if member.type == "list":
        return [_typed(f"{path}[]", item) for item in (value if isinstance(value, list) else [value])]
    if member.type in ("integer", "long") and isinstance(value, str) and value.isdigit():
        return int(value)
    if member.type == "boolean" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def _values(data: Any) -> Any:
    """Texts with `${…}` as values of which parts are not known."""
    if isinstance(data, Mapping):
        return {key: _values(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_values(item) for item in data]
    if not isinstance(data, str) or "${" not in data:
        return data
    parts = [_named(piece) if index % 2 else piece for index, piece in enumerate(_NAME.split(data))]
    there = [part for part in parts if part != ""]
    return there[0] if len(there) == 1 else Mixed(tuple(there), data)


def _named(text: str) -> UnknownValue:
    default = re.fullmatch(r"([A-Za-z_]\w*):?-(.*)", text)
    if default is not None:
        return Default(default[1], f"${{{text}}}", default[2])
    if text.startswith("$("):
        return UnknownValue("value", text)
    word = re.match(r"[A-Za-z_]\w*", text)
    return UnknownValue(word[0] if word else f"argument_{text}" if text.isdigit() else "value", f"${text}")
