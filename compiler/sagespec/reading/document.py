"""YAML text → plain data, and the place of every value in it.

Only JSON's types come out. Of YAML 1.1 the surprises are gone: `yes`, `1:30` and `012` are strings, `1e-3` is a number.
Positions live here and nowhere else: a path goes in, a place comes out.
"""

from __future__ import annotations

import json
import os
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any, TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from sagespec.base.diagnostic import Diagnostic, Edit, Rejected, Related, Severity, bounded
from sagespec.base.files import DISK, Files
from sagespec.base.source import Path, Place, Source, Span

try:
    from yaml._yaml import CParser as _Parser
except ImportError:  # a PyYAML without libyaml: the same events from Python, slower
    from yaml.composer import Composer
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Parser(Reader, Scanner, Parser, Composer):  # type: ignore[no-redef]
        def __init__(self, stream: str) -> None:
            Reader.__init__(self, stream)
            Scanner.__init__(self)
            Parser.__init__(self)
            Composer.__init__(self)


Data: TypeAlias = "dict[str, Data] | list[Data] | str | int | float | bool | None"

MAX_TEXT = 1_000_000
"""Characters of one file. The largest request that SageMaker accepts is far smaller."""
MAX_BYTES = 4 * MAX_TEXT
"""What so many characters may take in UTF-8. No more than this is read."""
MAX_DEPTH = 64
MAX_VALUES = 100_000
"""Values of one document, each use of an alias counted: what keeps an alias bomb from going off."""
MAX_SCALARS = MAX_TEXT
"""Characters of one document's keys and scalars, each use of an alias counted: an alias may stand for a long text."""
MAX_DOCUMENTS = 1_000
"""Documents of one file that hold something."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MISREAD = re.compile(
    r"""(?x) (?: (?P<truth> yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF )
    | (?P<number> [-+]? (?: 0[0-9_]+ | 0[xX][0-9a-fA-F_]+ | 0o[0-7]+ | 0b[01_]+ | [0-9][0-9_]*_[0-9_]*
        | [0-9]+(?: :[0-5]?[0-9])+ | [0-9]+\.(?:[eE][-+]?[0-9]+)? | \.[0-9]+(?:[eE][-+]?[0-9]+)? )
        | \+[0-9][0-9.eE+-]* )
    | (?P<unbounded> [-+]?\.(?:inf|Inf|INF) | \.(?:nan|NaN|NAN) ) ) \Z"""
)
"""Plain scalars that other YAML readers take for something else than text."""
_CURLY = frozenset("“”„‟‘’‚‛«»")
"""Quotes that are none to YAML."""
# Texts, where few runs need the pattern: `re` compiles them when they first come.
_COMMENT = r"(?m)(?:(?<=\s)|^)#[^\r\n]*"
_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s*)*")
"""What may stand before a node: `&anchor !tag`."""

_PLAIN, _QUOTED = "plain", "quoted"
_STRING_TAG = "tag:yaml.org,2002:str"


class _TooDeep(Exception):
    def __init__(self, start: Any) -> None:
        self.start = start


class _Composer(_Parser):
    """Composes nodes; says of a scalar only whether it was written plain. Counts depth on the way down,
    because libyaml's composer recurses in C, where nothing else would stop it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH and parent is not None:
            raise _TooDeep(parent.start_mark)

    def ascend_resolver(self) -> None:
        self._depth -= 1

    def resolve(self, kind: type[Node], value: str | None, implicit: object) -> str:
        return _PLAIN if kind is ScalarNode and isinstance(implicit, tuple) and implicit[0] else _QUOTED


class Document:
    """One YAML document: its data, and where each part of it stands."""

    def __init__(self, source: Source, data: Data, root: Node | None, problems: tuple[Diagnostic, ...] = ()) -> None:
        """
        Args:
            problems: what is wrong with the YAML itself: duplicate keys, tags, texts that look like numbers.
        """
        self.source = source
        self.data = data
        self.problems = problems
        self._root = root
        self._maps: dict[Node, Mapping[str | int, tuple[Node, Node]]] = {}

    def with_problems(self, problems: Iterable[Diagnostic]) -> Document:
        """The same document, with more that is wrong with it."""
        return Document(self.source, self.data, self._root, (*self.problems, *problems))

    def with_data(self, data: Data) -> Document:
        """The same text, of which something else has been read: what is being typed, say, left out."""
        return Document(self.source, data, self._root, self.problems)

    def has(self, path: Path) -> bool:
        """Whether something is written at `path`."""
        return len(self._walk(path)) == len(path) + 1

    def where(self, path: Path, *, at_key: bool = False) -> Place:
        """The place of the value (or of its key) at `path`; of its nearest ancestor where nothing is written."""
        steps = self._walk(path)
        key, value = steps[-1]
        node = key if at_key and key is not None else value
        if node is None:
            return Place(self.source)
        if key is None and isinstance(node, MappingNode) and node.value:
            return Place(self.source, self._span(node.value[0][0]))  # "the whole document": point at its first key
        if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and key is not None:
            return Place(self.source, self._span(key))  # a block's own span is many lines: its key says enough
        return Place(self.source, self._span(node))

    def written(self, path: Path) -> str:
        """The scalar at `path` as its author typed it, quotes included; empty where there is none."""
        steps = self._walk(path)
        node = steps[-1][1]
        if len(steps) != len(path) + 1 or not isinstance(node, ScalarNode):
            return ""
        return self.source.text[_start(self.source, node) : node.end_mark.index]

    def at(self, index: int) -> tuple[Path, bool] | None:
        """The path of what stands at a character of the text, and whether that is its key; None outside of it all."""
        path: Path = ()
        node = self._root
        if node is None or not _start(self.source, node) <= index <= node.end_mark.index:
            return None
        while True:
            inner = next((each for each in _inside(node) if self._holds(each[1], index)), None)
            if inner is None:
                return path, False
            step, node, is_key = inner
            path = (*path, step)
            if is_key or isinstance(node, ScalarNode):
                return path, is_key

    def _holds(self, node: Node, index: int) -> bool:
        """A scalar reaches to the character behind it: a cursor stands between two characters."""
        behind = isinstance(node, ScalarNode)
        return _start(self.source, node) <= index < node.end_mark.index + behind

    def key_place(self, path: Path) -> Place | None:
        """Where the key at `path` stands; None where nothing is written there."""
        steps = self._walk(path)
        key = steps[-1][0]
        return None if key is None or len(steps) != len(path) + 1 else Place(self.source, self._span(key))

    def value_place(self, path: Path) -> Place | None:
        """All of the value at `path`, a block to its last character; None where nothing is written there."""
        steps = self._walk(path)
        node = steps[-1][1]
        if node is None or len(steps) != len(path) + 1:
            return None
        start, end = _start(self.source, node), node.end_mark.index
        return Place(self.source, self.source.span(start, start + len(self.source.text[start:end].rstrip())))

    def _span(self, node: Node) -> Span:
        return _span(self.source, node)

    def _child(self, node: Node | None, step: str | int) -> tuple[Node | None, Node] | None:
        if isinstance(node, SequenceNode) and isinstance(step, int):
            return (None, node.value[step]) if 0 <= step < len(node.value) else None
        return self._members(node).get(step) if isinstance(node, MappingNode) else None

    def _members(self, node: MappingNode) -> Mapping[str | int, tuple[Node, Node]]:
        """(key, value) nodes by name, those that `<<` brings in included; made once for each map."""
        if node in self._maps:
            return self._maps[node]
        members: dict[str | int, tuple[Node, Node]] = {}
        self._maps[node] = members  # before its merges are read: one of them may be this map
        merged: list[Node] = []
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                members.setdefault(key.value, (key, value))
                if key.value == "<<" and key.tag == _PLAIN:
                    merged += value.value if isinstance(value, SequenceNode) else [value]
        for other in merged:
            for name, member in self._members(other).items() if isinstance(other, MappingNode) else ():
                members.setdefault(name, member)
        return members

    def _walk(self, path: Path) -> list[tuple[Node | None, Node | None]]:
        """(key, value) nodes from the root along `path`, as far as it is written."""
        steps: list[tuple[Node | None, Node | None]] = [(None, self._root)]
        for step in path:
            found = self._child(steps[-1][1], step)
            if found is None:
                break
            steps.append(found)
        return steps


def load(path: str, name: str | None = None, files: Files = DISK) -> Source:
    """The text of a file.

    Raises:
        Rejected: it cannot be read, is no regular file, is not UTF-8, or is larger than `MAX_TEXT`.
    """
    name = path if name is None else name
    hint = ""
    try:
        return decode(files.read(path, MAX_BYTES), name, _folder(os.path.dirname(path)))  # noqa: PTH120
    except IsADirectoryError:
        reason, hint = "it is not a file", "give - to read standard input"
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
    except ValueError:  # a name that no file can have
        reason = "no file has such a name"
    raise _rejected(Source(name, ""), Span(), "unreadable-file", f"cannot be read: {reason}", hint)


@lru_cache(maxsize=256)
def _folder(path: str) -> FilePath:
    """One object for all files of a folder: it knows its hash and its text once it has been asked for them."""
    return FilePath(path)


def decode(raw: bytes, name: str, folder: FilePath) -> Source:
    """Bytes → Source; a byte order mark is passed over.

    Raises:
        Rejected: not UTF-8, or larger than `MAX_TEXT`.
    """
    if len(raw) > MAX_BYTES:
        raise _too_large(Source(name, "", folder))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        source = Source(name, raw.decode("utf-8-sig", "replace"), folder)
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw[:1000]:
            what = "the file is UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "the file is no text"
            hint = "save it as UTF-8" if "16" in what else "a manifest is a text in YAML"
            raise _rejected(Source(name, "", folder), Span(), "not-utf8", what, hint) from None
        index = len(raw[: error.start].decode("utf-8-sig"))
        raise _rejected(
            source,
            source.span(index, index + 1),
            "not-utf8",
            f"byte 0x{raw[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
        ) from None
    if len(text) > MAX_TEXT:
        raise _too_large(Source(name, "", folder))
    return Source(name, _json_pairs(text), folder)


_PAIR = r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"


def _json_pairs(text: str) -> str:
    """JSON writes a character beyond U+FFFF as two escapes, which is the one thing in it that YAML cannot read."""
    if not text.lstrip().startswith("{") or "\\u" not in text:
        return text
    return re.sub(_PAIR, lambda pair: bytes.fromhex(pair[1] + pair[2]).decode("utf-16-be"), text)


def read(source: Source) -> Iterator[Document]:
    """The documents of a text, in order; empty ones are passed over.

    Raises:
        Rejected: the text is not YAML, or is nested too deep, or holds too many documents or values. Documents before
            that point have been yielded.
    """
    if source.text.startswith("\ufeff"):
        raise _rejected(
            source, source.span(0, 1), "invalid-yaml", "this is not YAML: it begins with two byte order marks"
        )
    composer: Any = None
    documents = 0
    try:
        composer = _Composer(source.text)
        while composer.check_node():
            document = _Builder(source).document(composer.get_node())
            if document.data is None:
                continue
            documents += 1
            if documents > MAX_DOCUMENTS:
                place = document.where(()).span
                raise _rejected(source, place, "too-many-documents", f"holds more than {MAX_DOCUMENTS:,} documents")
            yield document
    except _TooDeep as error:
        raise _too_deep(source, _point(source, error.start)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.context_mark if _is_unclosed(source, error) else error.problem_mark or error.context_mark
        if mark is not None:
            _refuse_depth_before(source, mark.index)
        span = Span() if mark is None else _slip_span(source, mark)
        lone = _field_without_colon(source, error)
        if lone is not None:
            raise lone from None
        if mark is not None and _is_unclosed(source, error):
            what, hint = f"the {source.text[mark.index]} that begins here is not closed", ""
        else:
            what, hint = _slip(error), _yaml_hint(source, span)
        raise _rejected(source, span, "invalid-yaml", f"this is not YAML: {what}", hint) from None
    except (yaml.YAMLError, UnicodeEncodeError):  # of its characters
        raise _bad_character(source) from None
    finally:
        if composer is not None:
            composer.dispose()


def _refuse_depth_before(source: Source, end: int) -> None:
    """Counts the depth of what a parser has read ahead before it met a mistake, or a limit of its own: a libyaml that
    refuses 1,000 levels does so before the composer has seen the first.

    Raises:
        Rejected: what stands before `end` is nested too deep.
    """
    composer = _Composer(source.text[:end])
    try:
        while composer.check_node():
            composer.get_node()
    except _TooDeep as error:
        raise _too_deep(source, _point(source, error.start)) from None
    except (yaml.YAMLError, UnicodeEncodeError):
        pass  # the mistake is told as the whole text has it
    finally:
        composer.dispose()


def comments(source: Source) -> Iterator[tuple[int, str]]:
    """Where each comment begins, and its text: what stands in a quoted text or in a block of text is none.

    Of a text that is no YAML, those before the mistake.
    """
    texts = list(_texts(source))
    ends = [end for _, end in texts]
    for found in re.finditer(_COMMENT, source.text):
        after = bisect_right(ends, found.start())
        if after == len(texts) or found.start() < texts[after][0]:
            yield found.start(), found[0]


def _texts(source: Source) -> Iterator[tuple[int, int]]:
    """The pieces of a text that are scalars; of a block of text, what follows its first line."""
    parser: Any = None
    end = 0
    try:
        parser = _Parser(source.text)
        while parser.check_token():
            token = parser.get_token()
            start, end = token.start_mark.index, token.end_mark.index
            if isinstance(token, yaml.ScalarToken):
                yield source.text.find("\n", start) if token.style in ("|", ">") else start, end
    except (yaml.YAMLError, UnicodeEncodeError):
        yield end, len(source.text)
    finally:
        if parser is not None:
            parser.dispose()


class _Builder:
    """Builds one document's data from its nodes."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        self.values = 0
        self.characters = 0

    def document(self, root: Node | None) -> Document:
        data = None if root is None else self.value(root, 0)
        return Document(self.source, data, root, tuple(bounded(self.problems)))

    def value(self, node: Node, depth: int) -> Data:
        self.values += 1
        if self.values > MAX_VALUES:
            raise _rejected(self.source, self.span(node), "too-many-values", f"holds more than {MAX_VALUES:,} values")
        if isinstance(node, ScalarNode):
            self.characters += len(node.value)
            if self.characters > MAX_SCALARS:
                message = f"holds more than {MAX_SCALARS:,} characters, each use of an alias counted"
                raise _rejected(self.source, self.span(node), "too-many-values", message)
            return self.scalar(node)
        if depth >= MAX_DEPTH:  # only an alias that holds itself comes here: the composer has counted the rest
            raise _too_deep(self.source, self.span(node))
        if node.tag not in (_QUOTED, "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self.refuse_tag(node)
        if isinstance(node, SequenceNode):
            return [self.value(item, depth + 1) for item in node.value]
        if (
            isinstance(node, MappingNode)
            and node.flow_style
            and self.source.text.startswith("{{", node.start_mark.index)
        ):
            return self.expression(node)
        return self.mapping(node, depth + 1)

    def expression(self, node: Node) -> str:
        """`{{ name }}` without quotes is a map in a map to YAML; it is read as the text that was meant."""
        span = self.span(node)
        text = self.source.text[node.start_mark.index : node.end_mark.index]
        message = "an expression without quotes is a map to YAML"
        fix = (Edit(span, f'"{text}"'),) if '"' not in text and "\n" not in text else ()
        hint = f'put it in quotes: "{_cut(text)}"'
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
            elif key.value == "<<" and key.tag == _PLAIN:
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
        return _span(self.source, node)

    def repeated(self, key: Node, first: Node) -> Diagnostic:
        earlier = Place(self.source, self.span(first))
        here = self.span(key)
        where = f", first in line {earlier.span.line}" if earlier.span.line != here.line else ""
        return Diagnostic(
            Place(self.source, here),
            Severity.ERROR,
            "duplicate-key",
            f"'{_cut(key.value)}' is given twice" + where,
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

    def scalar(self, node: ScalarNode) -> Data:
        text: str = node.value
        if node.tag == _QUOTED or node.tag == _STRING_TAG:
            return text
        if node.tag != _PLAIN:
            self.refuse_tag(node)
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        number = _NUMBER.match(text)
        if number:
            return self.number(node, fraction=number.lastindex is not None)
        misread = _MISREAD.match(text)
        if misread:
            self.misread(node, misread.lastgroup or "")
        return text if text[:1] not in _CURLY else self.quoted(node)

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
                f"{_cut(text)} is not in quotes: these are part of the text",
                f"write straight quotes: {_cut(straight)}",
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
            self.problem(self.span(node), "number-too-large", f"{_cut(text)} is larger than any floating-point number")
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
            f"the tag {_cut(tag)} is not supported",
            "leave it out; only JSON's types exist here",
        )

    def rejected(self, node: Node, rule: str, message: str) -> Rejected:
        return _rejected(self.source, self.span(node), rule, message)

    def problem(self, span: Span, rule: str, message: str, hint: str = "") -> None:
        self.problems.append(Diagnostic(Place(self.source, span), Severity.ERROR, rule, message, hint))


def _inside(node: Node) -> Iterator[tuple[str | int, Node, bool]]:
    """(step, key or value, whether it is a key) of what a node holds."""
    if isinstance(node, SequenceNode):
        yield from ((number, item, False) for number, item in enumerate(node.value))
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield key.value, key, True
                yield key.value, value, False


def _start(source: Source, node: Node) -> int:
    """Where a node begins; a scalar after its anchor and tag."""
    start: int = node.start_mark.index
    found = _PROPERTIES.match(source.text, start, node.end_mark.index)
    return found.end() if found and isinstance(node, ScalarNode) else start


def _span(source: Source, node: Node) -> Span:
    start = _start(source, node)
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        return source.span(start, start + 1)
    return source.span(start, node.end_mark.index)


def _point(source: Source, mark: Any) -> Span:
    return source.span(mark.index, mark.index + 1)


def _bad_character(source: Source) -> Rejected:
    """Which character YAML does not allow (a reader's own offset is in bytes or in characters)."""
    bad = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", source.text)
    index = bad.start() if bad else 0
    what = f"it holds U+{ord(bad[0]):04X}, which YAML does not allow" if bad else _UNREADABLE
    return _rejected(source, source.span(index, index + 1), "invalid-yaml", f"this is not YAML: {what}")


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


_WITHOUT_COLON = r"(\s*(?:- +)?)([A-Za-z_][\w.-]*)(:|[ \t]+)([^\s:#].*)"
"""`name value` and `name:value`, which YAML reads as a text that goes on in the next line."""


def _field_without_colon(source: Source, error: yaml.MarkedYAMLError) -> Rejected | None:
    """What to say of a field whose ':', or the space behind it, is missing: readers find that a line later."""
    if "could not find expected ':'" in (error.problem or "") and error.context_mark is not None:
        number = error.context_mark.line + 1
    elif "mapping values are not allowed" in (error.problem or "") and error.problem_mark is not None:
        before = source.lines[: error.problem_mark.line]
        number = next((at for at in range(len(before), 0, -1) if before[at - 1].strip()), 0)
    else:
        return None
    found = re.fullmatch(_WITHOUT_COLON, source.line(number).rstrip()) if number else None
    if found is None or ": " in found[4] or found[4].endswith(":"):
        return None
    program = re.match(r"=\s*[\w.]+\(", found[4])
    what = "a space is missing behind" if found[3] == ":" else "a ':' is missing behind"
    start = len(found[1]) + 1
    span = Span(number, start, number, start + len(found[2]))
    message = f"this is not YAML: {what} '{_cut(found[2])}{':' if found[3] == ':' else ''}'"
    hint = _PYTHON if program else f"write {_cut(found[2])}: …"
    return _rejected(source, span, "invalid-yaml", message, hint)


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
    if re.search(r"(?m)^\s*(?:\w+ *= *)?[\w.]+\(\s*$|^(?:import|from) [\w.]+", source.text):
        return _PYTHON
    if re.fullmatch(r"\s*(?:- )?[^\s:#]+:[ \t]+\S.*:\s*", line):
        return "take the ':' at the end of the line away, or put the value in quotes"
    if "\t" in line[: len(line) - len(line.lstrip())] or line[span.column - 1 : span.column] == "\t":
        return "YAML is indented with spaces, never with tabs"
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


def _cut(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."


def _too_deep(source: Source, span: Span) -> Rejected:
    return _rejected(source, span, "nested-too-deep", f"nested deeper than {MAX_DEPTH} levels")


def _too_large(source: Source) -> Rejected:
    message = f"is larger than {MAX_TEXT:,} characters"
    return _rejected(source, Span(), "file-too-large", message, "no request that SageMaker accepts is as large")


def _rejected(source: Source, span: Span, rule: str, message: str, hint: str = "") -> Rejected:
    return Rejected([Diagnostic(Place(source, span), Severity.ERROR, rule, message, hint)])
