"""What has become of every argument of what was imported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sagespec.importing import Imported, ManifestDraft, UnreadableProgram
from sagespec.reporting.jsontext import json_text

Found = Sequence[tuple[str, Imported | UnreadableProgram]]


def report(found: Found, form: str) -> str:
    return FORMATS[form](found)


def _text(found: Found) -> str:
    return "".join(f"{line}\n" for name, one in found for line in _file(name, one)) + f"{_total(found)}\n"


def _file(name: str, one: Imported | UnreadableProgram) -> Iterator[str]:
    yield name
    if isinstance(one, UnreadableProgram):
        yield f"  not taken: {one.message}"
        return
    for draft in one.drafts:
        where = f" ({draft.where})" if draft.where else ""
        yield f"  {draft.data['name']}{where}: {'whole' if draft.complete else 'something is left'}"
        for argument in draft.arguments:
            how = f": {argument.how}" if argument.how != argument.name else ""
            yield f"    {argument.outcome:<9}  {argument.name}{how}"
        for line in _left(draft):
            yield f"    to do      {line}"
    for remark in one.remarks:
        yield f"  {'not taken' if remark.left else 'seen'}: {remark}"


def _left(draft: ManifestDraft) -> Iterator[str]:
    for path, note in draft.notes.items():
        yield f"fill in {'.'.join(map(str, path))}, which {note}"
    shown = {argument.how for argument in draft.arguments if argument.outcome == "not taken"}
    yield from (remark for remark in draft.remarks if remark not in shown)


def _total(found: Found) -> str:
    drafts = [draft for _, one in found if isinstance(one, Imported) for draft in one.drafts]
    arguments = [argument.outcome for draft in drafts for argument in draft.arguments]
    counts = ", ".join(f"{arguments.count(word)} {word}" for word in ("taken", "changed", "not taken"))
    whole = sum(draft.complete for draft in drafts)
    files, jobs = _counted(len(found), "file"), _counted(len(drafts), "job")
    return f"{files}, {jobs} ({whole} whole); arguments: {counts}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"


def _json(found: Found) -> str:
    return json_text({"version": 1, "files": [_as_data(name, one) for name, one in found]})


def _as_data(name: str, one: Imported | UnreadableProgram) -> dict[str, Any]:
    if isinstance(one, UnreadableProgram):
        return {"file": name, "jobs": [], "remarks": [{"where": "", "text": one.message, "left": True}]}
    jobs = [
        {
            "name": draft.data["name"],
            "where": draft.where,
            "whole": draft.complete,
            "arguments": [argument._asdict() for argument in draft.arguments],
            "left": [*_left(draft)],
        }
        for draft in one.drafts
    ]
    return {"file": name, "jobs": jobs, "remarks": [remark._asdict() for remark in one.remarks]}


FORMATS: Mapping[str, Callable[[Found], str]] = {"text": _text, "json": _json}
