"""YAML text → documents."""

from __future__ import annotations

import os
import re
from bisect import bisect_right
from codecs import BOM_UTF8
from collections.abc import Iterator
from functools import lru_cache
from operator import is_
from pathlib import Path as FilePath
from typing import Any

import yaml
from yaml.nodes import Node, ScalarNode

from sagespec.base.diagnostic import Rejected
from sagespec.base.files import DISK, Files
from sagespec.base.source import Source, Span
from sagespec.reading.syntax.document import PLAIN, QUOTED, Document
from sagespec.reading.syntax.nodes import MAX_DEPTH, MAX_TEXT, Builder, rejected, too_deep

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


MAX_BYTES = 4 * MAX_TEXT
"""What so many characters may take in UTF-8. No more than this is read."""
MAX_DOCUMENTS = 1_000
"""Documents of one file that hold something."""


# Texts, where few runs need the pattern: `re` compiles them when they first come.
_COMMENT = r"(?m)(?:(?<=\s)|^)#[^\r\n]*"


_OPENING = "[{-?:"
"""What opens a list or a map: each level has one of these."""
SHALLOW = 300
"""Fewer of them can be nested without harm: `Builder` counts depth, too, and saves two calls for each node."""


class _TooDeep(Exception):
    def __init__(self, start: Any) -> None:
        self.start = start


class _Composer(_Parser):
    """Composes nodes; says of a scalar only whether it was written plain. Counts depth on the way down,
    because libyaml's composer recurses in C, where nothing else would stop it."""

    def __init__(self, text: str, *, counts: bool = False) -> None:
        """
        Args:
            counts: counts depth also where `Builder` could.
        """
        super().__init__(text)
        self._depth = 0
        if not counts and sum(map(text.count, _OPENING)) < SHALLOW:
            self.descend_resolver, self.ascend_resolver = is_, int  # type: ignore[method-assign,assignment]

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH and parent is not None:
            raise _TooDeep(parent.start_mark)

    def ascend_resolver(self) -> None:
        self._depth -= 1

    def resolve(self, kind: type[Node], value: str | None, implicit: object) -> str:
        return PLAIN if kind is ScalarNode and isinstance(implicit, tuple) and implicit[0] else QUOTED


def load(path: str, name: str | None = None, files: Files = DISK) -> Source:
    """The text of a file.

    Raises:
        Rejected: it cannot be read, is not a regular file, is not UTF-8, or is larger than `MAX_TEXT`.
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
    raise rejected(Source(name, ""), Span(), "unreadable-file", f"cannot be read: {reason}", hint)


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
    raw = raw.removeprefix(BOM_UTF8)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        source = Source(name, raw.decode(errors="replace"), folder)
        if raw[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in raw[:1000]:
            what = "the file is UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "the file is not text"
            hint = "save it as UTF-8" if "16" in what else "a manifest is a text in YAML"
            raise rejected(Source(name, "", folder), Span(), "not-utf8", what, hint) from None
        index = len(raw[: error.start].decode())
        raise rejected(
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
    if "\\u" not in text or not text.lstrip().startswith("{"):
        return text
    return re.sub(_PAIR, lambda pair: bytes.fromhex(pair[1] + pair[2]).decode("utf-16-be"), text)


def read(source: Source) -> Iterator[Document]:
    """The documents of a text, in order; empty ones are passed over.

    Raises:
        Rejected: the text is not YAML, or is nested too deep, or holds too many documents or values. Documents before
            that point have been yielded.
    """
    if source.text.startswith("\ufeff"):
        raise rejected(
            source, source.span(0, 1), "invalid-yaml", "this is not YAML: it begins with two byte order marks"
        )
    composer: Any = None
    documents = 0
    try:
        composer = _Composer(source.text)
        while composer.check_node():
            document = Builder(source).document(composer.get_node())
            if document.data is None:
                continue
            documents += 1
            if documents > MAX_DOCUMENTS:
                place = document.where(()).span
                raise rejected(source, place, "too-many-documents", f"holds more than {MAX_DOCUMENTS:,} documents")
            yield document
    except _TooDeep as error:
        raise too_deep(source, error.start) from None
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        from sagespec.reading.syntax.mistakes import explained, mark_of

        mark = mark_of(source, error)
        if mark is not None:
            _refuse_depth_before(source, mark.index)
        raise Rejected([explained(source, error)]) from None
    finally:
        if composer is not None:
            composer.dispose()


def _refuse_depth_before(source: Source, end: int) -> None:
    """Counts the depth of what a parser has read ahead before it met a mistake, or a limit of its own: a libyaml that
    refuses 1,000 levels does so before the composer has seen the first.

    Raises:
        Rejected: what stands before `end` is nested too deep.
    """
    composer = _Composer(source.text[:end], counts=True)
    try:
        while composer.check_node():
            composer.get_node()
    except _TooDeep as error:
        raise too_deep(source, error.start) from None
    except (yaml.YAMLError, UnicodeEncodeError):
        pass  # the mistake is reported as the whole text has it
    finally:
        composer.dispose()


def comments(source: Source) -> Iterator[tuple[int, str]]:
    """Where each comment begins, and its text: what stands in a quoted text or in a block of text is none.

    Of a text that is not YAML, those before the mistake.
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


def _too_large(source: Source) -> Rejected:
    message = f"is larger than {MAX_TEXT:,} characters"
    return rejected(source, Span(), "file-too-large", message, "no request that SageMaker accepts is as large")
