"""Completion: what would be accepted here, tried with the model and the rules themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sagespec.base.diagnostic import Severity
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path
from sagespec.kinds import KINDS, kind_named
from sagespec.kinds.endpoint.rules.model import NAMES
from sagespec.kinds.explained import explained
from sagespec.kinds.lifecycle import Nature
from sagespec.lsp.features import functions
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.offers.candidates import (
    Candidate,
    api_names,
    candidates,
    of_shape,
    script_arguments,
    script_channels,
    settings_of_server,
)
from sagespec.lsp.offers.cursor import Spot, spot
from sagespec.lsp.offers.schema import part_of, shape_at
from sagespec.lsp.offers.trial import COMPANION, OF_VALUES, ON_THE_WAY, Trial, sample
from sagespec.lsp.protocol.texts import Json, TextDocument
from sagespec.lsp.scene import Scene, SceneJob, concerns_us, item_at, source_of
from sagespec.lsp.script import option_docs
from sagespec.lsp.workspace import Workspace
from sagespec.reading.constraints import Shape
from sagespec.reading.part import Field, Part
from sagespec.reading.render import SETTINGS, is_defaults, is_ours
from sagespec.reading.shape import bare, described, expected, fields_of
from sagespec.reading.syntax.document import Document
from sagespec.reading.syntax.writer import scalar as as_yaml

KINDS_OF_ITEM = {
    "function": 3,
    "field": 5,
    "value": 12,
    "enum": 20,
    "file": 17,
    "folder": 19,
    "variable": 6,
    "rule": 21,
}
DEPRECATED = 1
_ALLOW = re.compile(r"#\s*sagespec:\s*allow\s+(?:[a-z0-9-]+(?:\s*,\s*|\s+))*(?P<typed>[a-z0-9-]*)\Z")
_EXPRESSION = re.compile(r"\{\{(?P<inside>(?:(?!\}\}).)*)\Z")
_NAME = re.compile(r"(?:(?P<owner>\w+)\.)?(?P<typed>[\w-]*)\Z")


class CompletionItem(NamedTuple):
    """One thing that is offered."""

    label: str
    text: str
    kind: str
    detail: str = ""
    document: str = ""
    outdated: bool = False
    first: bool = False
    sought: str = ""
    """What is compared with what is typed, where the text does not say it."""


def completion(workspace: Workspace, judgements: Judgements, params: Mapping[str, Any]) -> Json | None:
    """What may be written at a position; nothing in a file that is not ours."""
    document = workspace.document(params)
    if document is None:
        return None
    index = document.index(params["position"])
    if not concerns_us(document):
        return _in_script(workspace, judgements, document, index)
    line = document.text[:index][max(document.text.rfind("\n", 0, index), document.text.rfind("\r", 0, index)) + 1 :]
    if (found := _ALLOW.search(line)) is not None:
        return _answer(workspace, document, index - len(found["typed"]), index, _rules(judgements, document, index))
    scene = Scene(workspace, source_of(document))
    if (found := _EXPRESSION.search(line)) is not None:
        name = _NAME.search(found["inside"])
        assert name is not None
        items = _names(workspace, scene, index, name["owner"])
        return _answer(workspace, document, index - len(name["typed"]), index, items)
    here = spot(scene.source, index)
    if here is None or not (is_ours(here.document) or is_defaults(here.document)):
        return None
    return _answer(workspace, document, here.start, here.end, _items(workspace, judgements, scene, here))


def _in_script(workspace: Workspace, judgements: Judgements, document: TextDocument, index: int) -> Json | None:
    """The functions that a container calls; nothing in a script that no manifest names."""
    found = functions.offered(workspace, judgements, document, index)
    if found is None:
        return None
    start, end, offered = found
    items = [
        CompletionItem(each.name, text, "function", each.head, functions.page(each), sought=sought)
        for each, text, sought in offered
    ]
    return _answer(workspace, document, start, end, items) if items else None


def _answer(
    workspace: Workspace, document: TextDocument, start: int, end: int, items: Iterable[CompletionItem]
) -> Json:
    range_ = document.range(start, end)
    snippets = workspace.client.can("textDocument", "completion", "completionItem", "snippetSupport")
    return {
        "isIncomplete": False,
        "items": [_item(item, number, range_, snippets=snippets) for number, item in enumerate(items)],
    }


def _item(item: CompletionItem, number: int, range_: Json, *, snippets: bool) -> Json:
    """
    Args:
        snippets: the editor takes them. One that does not may write a text as one line, whatever it holds.
    """
    text = item.text if snippets else item.text.partition("\n")[0].rstrip("\r")
    made: Json = {
        "label": item.label,
        "kind": KINDS_OF_ITEM[item.kind],
        "sortText": f"{0 if item.first else 1}{number:04}",
        "filterText": item.sought or item.text.strip().rstrip(":").strip("\"'") or item.label,
        "textEdit": {"range": range_, "newText": text},
        "insertTextMode": 1,
        "insertTextFormat": 2 if snippets and item.kind == "function" else 1,
    }
    if item.detail:
        made["detail"] = item.detail
    if item.document:
        made["documentation"] = {"kind": "markdown", "value": item.document}
    if item.outdated:
        made["tags"] = [DEPRECATED]
    return made


# In comments and expressions ------------------------------------------------------------------------------------------


def _rules(judgements: Judgements, document: TextDocument, index: int) -> Iterator[CompletionItem]:
    """Warnings: those that are about this line or the next come first."""
    line = document.position(index)["line"] + 1
    found = judgements.findings(document.path) if document.path is not None else ()
    near = {each.rule for each in found if each.span.line in (line, line + 1)}
    for name, page in explained().items():
        if page.severity is not Severity.ERROR:
            yield CompletionItem(name, name, "rule", page.summary, first=name in near)


def _names(workspace: Workspace, scene: Scene, index: int, owner: str | None) -> Iterator[CompletionItem]:
    """What an expression may speak of."""
    line = scene.source.position(index)[0]
    documents = [each for each in scene.documents() if each.where(()).span.line <= line]
    document = documents[-1] if documents else None
    known = _variables(workspace, scene, document)
    if owner is None:
        for name, members in known.items():
            if members is None:
                yield CompletionItem(name, name, "variable", "the job's name")
            elif members:
                yield CompletionItem(name, f"{name}.", "variable", ", ".join(list(members)[:5]))
    else:
        for name, value in (known.get(owner) or {}).items():
            yield CompletionItem(name, name, "variable", _short(value) if owner in ("vars", "matrix") else "")


def _variables(workspace: Workspace, scene: Scene, document: Document | None) -> dict[str, dict[str, Any] | None]:
    data: Any = document.data if document is not None else {}
    above = [each.data for each in scene.defaults() if isinstance(each.data, dict)]
    layers = [data, *above] if document is not None and is_defaults(document) else above
    variables: dict[str, Any] = {}
    for layer in layers:
        environments = item_at(layer, ("environments",))
        sections = [layer, *(environments.values() if isinstance(environments, dict) else ())]
        for section in sections:
            own = section.get("vars") if isinstance(section, dict) else None
            variables = {**(own if isinstance(own, dict) else {}), **variables}
    variables |= workspace.settings.variables
    matrix = item_at(data, ("matrix",)) or next((found for each in above if (found := each.get("matrix"))), {})
    axes = {name: values for name, values in matrix.items() if name != "exclude"} if isinstance(matrix, dict) else {}
    git = {"commit": workspace.inputs.commit} if workspace.inputs.commit else {}
    return {
        "vars": variables,
        "matrix": axes,
        "env": dict.fromkeys(sorted(workspace.environ)),
        "git": git,
        "name": None,
    }


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


# In the tree ----------------------------------------------------------------------------------------------------------


def _items(workspace: Workspace, judgements: Judgements, scene: Scene, here: Spot) -> Iterator[CompletionItem]:
    if is_defaults(here.document):
        yield from _in_defaults(workspace, judgements, scene, here)
        return
    if not here.is_key and here.path == ("kind",):
        yield from (CompletionItem(name, name, "enum") for name in (*KINDS, "Defaults"))
        return
    root = here.document.with_data(here.data)
    job = scene.job(root)
    if job is None:
        return
    trial = Trial(workspace, judgements, job)
    shape = shape_at(job.kind.model, here.path)
    if here.is_key and _takes_keys(job, here.path, shape):
        yield from _keys(trial, here, shape)
    else:
        yield from _values(trial, here, shape)


def _takes_keys(job: SceneJob, path: Path, shape: Shape | None) -> bool:
    if path == () or path[:1] == ("request",):
        return True
    return shape is not None and (part_of(shape) is not None or bare(shape)["type"] == "dict")


def _values(trial: Trial, here: Spot, shape: Shape | None) -> Iterator[CompletionItem]:
    """The values of a field that would be accepted."""
    offered = [*candidates(trial.job, here.path, here.typed), *(of_shape(shape) if shape is not None else ())]
    if here.path == (trial.job.kind.serves,):
        offered += [Candidate(name, f"{file}:{line}") for name, file, line in trial.judgements.jobs("TrainingJob")]
    is_list = (
        shape is not None and bare(shape)["type"] == "list"
    )  # an item is typed on a line, or in brackets, of its own
    for each in {(type(each.value), each.value): each for each in offered if not is_list}.values():
        keywords = trial.new_errors(here.path, each.value)
        wrong = [rule for rule, _, _ in keywords if not COMPANION.search(rule)]
        if not wrong or (each.opens and all(map(ON_THE_WAY.search, wrong))):
            needs = [f"Needs more: {message}." for rule, _, message in keywords if rule not in wrong and not each.opens]
            document = "\n\n".join(part for part in (each.document, *needs) if part)
            yield _value(here, each._replace(document=document))


def _value(here: Spot, each: Candidate) -> CompletionItem:
    text = str(each.value) if here.quote else as_yaml(each.value)
    label = each.value if isinstance(each.value, str) else text
    glue = " " if here.document.source.text[: here.start].endswith(":") and not here.quote else ""
    tail = "/" if each.opens else ""
    return CompletionItem(f"{label}{tail}", f"{glue}{text}", each.kind, each.detail, each.document, each.outdated)


def _keys(trial: Trial, here: Spot, shape: Shape | None) -> Iterator[CompletionItem]:
    """The names that may stand in a map, with what they need."""
    job, path = trial.job, here.path
    given = item_at(here.data, path)
    given = given if isinstance(given, dict) else {}
    part = None if shape is None else part_of(shape)
    if part is not None:
        yield from _fields(trial, here, part, given)
    elif path == ("hyperparameters",):
        for name, option, script in script_arguments(job):
            if name not in given:
                detail, document, required = option_docs(script, option)
                yield CompletionItem(name, _key(here, name), "field", detail, document, first=required)
    elif path == ("channels",):
        for name, script in script_channels(job):
            if name not in given:
                yield CompletionItem(name, _key(here, name), "field", f"read by {script.sources[0].name}")
    elif path == ("env",):
        for name, detail in settings_of_server(job):
            if name not in given:
                yield CompletionItem(name, _key(here, name), "field", detail)
    elif path[:1] == ("request",):
        for name, member in api_names(job, path):
            if name not in given and not (path in _NAMED_BY_US and name in _NAMED_BY_US[path]):
                detail = member.type if member is not None else ""
                yield CompletionItem(
                    name, _key(here, name), "field", detail, first=member is not None and member.required
                )


_NAMED_BY_US = {("request", section): (*names, "Tags") for section, names in NAMES.items()}
"""Members of an endpoint's requests that cannot be overridden."""


def _fields(trial: Trial, here: Spot, part: type[Part], given: Mapping[str, Any]) -> Iterator[CompletionItem]:
    shapes = fields_of(part)
    members = trial.job.kind.members if here.path == () else {}
    for name, field in part.fields.items():
        if name in given or name in ("apiVersion", "kind"):
            continue
        path = (*here.path, name)
        keywords = trial.new_errors(path, sample(trial.job, path, shapes[name]))
        if any(not COMPANION.search(rule) and not OF_VALUES.search(rule) for rule, _, _ in keywords):
            continue
        needs = [message for rule, _, message in keywords if COMPANION.search(rule)]
        yield _field(here, name, field, shapes[name], needs, members.get(name, ()))
    if here.path == () and "matrix" not in given and trial.job.kind.lifecycle.nature is Nature.RUNS:
        yield CompletionItem("matrix", _key(here, "matrix"), "field", "one job for each combination of values")


def _field(
    here: Spot, name: str, field: Field, shape: Shape, needs: list[str], members: Iterable[str]
) -> CompletionItem:
    title = described(shape).title
    listed = [as_yaml(value) for value in expected(shape)]
    lines = [field.doc]
    if title or listed:
        lines.append(f"A value: {title or ', '.join(listed)}.")
    if isinstance(field.default, str | int) and field.default != "":
        lines.append(f"Left out: `{as_yaml(field.default)}`.")
    lines += [f"Needs more: {need}." for need in needs]
    lines += [f"Lands in `{member}`." for member in list(members)[:1]]
    detail = "required" if field.required else needs[0] if needs else title or ", ".join(listed)
    nested = bare(shape)["type"] in ("list", "dict", "function-after")
    return CompletionItem(
        name, _key(here, name, nested=nested), "field", detail, "\n\n".join(lines), first=field.required
    )


def _key(here: Spot, name: str, *, nested: bool = False) -> str:
    """The text of a key: with its colon, and of a map on the next line, what comes before its first member."""
    written = as_yaml(name)
    if here.has_colon or here.quote:
        return name if here.quote else written
    source = here.document.source
    line, column = source.position(here.start)
    lead = source.line(line)[: column - 1]
    if nested and not lead.strip():
        return f"{written}:\n{' ' * len(lead)}  "
    return f"{written}: "


# In defaults ----------------------------------------------------------------------------------------------------------


def _in_defaults(workspace: Workspace, judgements: Judgements, scene: Scene, here: Spot) -> Iterator[CompletionItem]:
    """Fields of every kind, and settings. What contradicts what, only a manifest shows."""
    path, names, data = _within_defaults(here)
    if here.is_key and path == ():
        yield from _fields_of_defaults(here, names)
        return
    name = next((each for each in names if shape_at(kind_named(each).model, path) is not None), None)
    if name is None:
        return
    model = kind_named(name).model
    known = {key: value for key, value in data.items() if key in model.fields}
    job = scene.job(here.document.with_data({**known, "apiVersion": "sagespec/v1", "kind": name}))
    shape = shape_at(model, path)
    if job is not None:
        offer = _keys if here.is_key and _takes_keys(job, path, shape) else _values
        yield from offer(Trial(workspace, judgements, job), here._replace(path=path, data=data), shape)


def _within_defaults(here: Spot) -> tuple[Path, list[str], dict[str, Any]]:
    """(the path in a manifest that would take it, the kinds it may be of, what holds there)."""
    path, data, names = here.path, here.data, list(KINDS)
    sections = [2] if path[:1] == ("environments",) and len(path) >= 2 else []
    sections += [1] if path[sum(sections) :][:1] and path[sum(sections)] in KINDS else []
    for length in sections:
        inner = item_at(data, path[:length])
        data = {**data, **(inner if isinstance(inner, dict) else {})}
        names = [str(path[0])] if length == 1 else names
        path = path[length:]
    return path, names, data if isinstance(data, dict) else {}


def _fields_of_defaults(here: Spot, names: Iterable[str]) -> Iterator[CompletionItem]:
    given = item_at(here.data, here.path)
    left_out = {"apiVersion", "kind", "name", *(given if isinstance(given, dict) else ())}
    for kind in names:
        model = kind_named(kind).model
        shapes = fields_of(model)
        for name in [name for name in model.fields if name not in left_out]:
            left_out.add(name)
            yield _field(here, name, model.fields[name], shapes[name], [], ())._replace(first=False)
    if here.path == ():
        sections = {**dict.fromkeys(SETTINGS, ""), **{name: f"fields of a {name} alone" for name in KINDS}}
        for name, detail in sections.items():
            if name not in left_out:
                yield CompletionItem(name, _key(here, name, nested=name not in _PLAIN_SETTINGS), "field", detail)


_PLAIN_SETTINGS = ("project", "max_job_cost", "max_total_cost")
"""Settings that are not maps."""
