"""In a script that a manifest names: the functions that the container calls by their names."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator

from sagespec.base.named import NamedTuple
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.names.symbols import MOST_MANIFESTS, jobs_of
from sagespec.lsp.protocol.texts import TextDocument
from sagespec.lsp.scene import SceneJob
from sagespec.lsp.workspace import Workspace
from sagespec.scripts.called import CalledFunction

_BEGUN = re.compile(r"(?P<lead>(?:def[ \t]+)?)(?P<typed>[A-Za-z_]*)\Z")
"""A line, up to the cursor, that a definition may be made of."""
_OPEN = re.compile(r"[A-Za-z_]*(?P<head>[ \t]*\()?")
_DEFINED = re.compile(r"(?m)^(?:def[ \t]+)?(?P<name>\w+)[ \t]*[=(:]|^from\b.*\bimport\b(?P<names>.*)$")


class FunctionOffer(NamedTuple):
    """A function that may be defined at a place."""

    function: CalledFunction
    text: str
    """A snippet, where it ends in `$0`: there typing goes on."""
    sought: str
    """What editors compare with what is typed: a name, or `def` if that is what has been begun."""


def offered(
    workspace: Workspace, judgements: Judgements, document: TextDocument, index: int
) -> tuple[int, int, list[FunctionOffer]] | None:
    """(where it begins and ends, what is offered) of what may be defined at a character."""
    text = document.text
    line_start = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
    begun = _BEGUN.fullmatch(text[line_start:index])
    if begun is None:
        return None
    rest = _OPEN.match(text, index)
    assert rest is not None
    end = rest.start("head") if rest["head"] else rest.end()
    others = text[:line_start] + text[end:].lstrip("(")
    found = [function for _, function in called(workspace, judgements, document)]
    lead, typed = "" if begun["lead"] else "def ", begun["typed"]
    is_begun = bool(lead) and lead.startswith(typed)
    body = f"{_end(text)}    $0"
    items = [
        FunctionOffer(
            each,
            f"{lead}{each.name}" if rest["head"] else f"{lead}{each.head}:{body}",
            f"{lead if is_begun else ''}{each.name}",
        )
        for each in missing_functions(found, defined(others))
    ]
    return index - len(typed), end, items


def _end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def defined(text: str) -> frozenset[str]:
    """The names at the top of a module that is being written, and so cannot be parsed half of the time."""
    found = _DEFINED.finditer(text)
    return frozenset(name for each in found for name in re.findall(r"\w+", each["name"] or each["names"] or ""))


def missing_functions(functions: Iterable[CalledFunction], there: Collection[str]) -> list[CalledFunction]:
    """Those that would be called if they were there, too: none that another stands in for."""
    known = {each.name: each for each in functions}
    taken = {name for each in known.values() if each.name in there for name in each.instead_of}
    return [
        each
        for each in known.values()
        if each.name not in there and each.name not in taken and not set(each.instead_of) & set(there)
    ]


def called(
    workspace: Workspace, judgements: Judgements, document: TextDocument
) -> Iterator[tuple[SceneJob, CalledFunction]]:
    """What the containers of the jobs call of which a file is the script; nothing in any other file."""
    if document.path is None or document.path.endswith((".yaml", ".yml")):
        return
    for job in jobs_of(workspace, tuple(judgements.manifests_of(document.path))[:MOST_MANIFESTS]):
        script = job.about("script")
        if script is not None and os.path.realpath(script.sources[0].name) == document.real:
            yield from ((job, each) for each in job.about("called") or ())


def docs_at(workspace: Workspace, judgements: Judgements, document: TextDocument, index: int) -> Iterator[str]:
    """The documentation of the function whose name stands at a character of a line at the top of the module."""
    text = document.text
    line_start = max(text.rfind("\n", 0, index), text.rfind("\r", 0, index)) + 1
    line = re.compile(r"[^\r\n]*").match(text, line_start)
    assert line is not None
    if re.match(r"\w", line[0]) is None:
        return
    words = (word for word in re.finditer(r"\w+", line[0]) if word.start() <= index - line_start <= word.end())
    name = next((word[0] for word in words), "")
    callers = [(job, each) for job, each in called(workspace, judgements, document) if each.name == name]
    for function in dict.fromkeys(each for _, each in callers):
        by = [job for job, each in callers if each == function]
        yield page(function, [f"{job.kind.name} `{job.manifest.data.get('name')}` ({_file(job)})" for job in by])


def _file(job: SceneJob) -> str:
    return job.manifest.document.source.name


def page(function: CalledFunction, callers: Iterable[str] = ()) -> str:
    """A function, as people read of it."""
    parts = [f"```python\ndef {function.head}\n```", function.does, function.more]
    if function.instead_of:
        parts.append(f"It takes the place of {' and '.join(f'`{name}`' for name in function.instead_of)}.")
    who = ", ".join(callers)
    return "\n\n".join([*parts, *([f"Called by the container of: {who}."] if who else [])])
