"""Plans and endings as Markdown, for pull requests and the summaries of CI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sagespec.base.files import data_folder
from sagespec.deploying.following.ending import Ending
from sagespec.deploying.planning.plan import Plan
from sagespec.kinds.lifecycle import Nature
from sagespec.reporting.findings.diagnostics import counted, printable
from sagespec.reporting.plans.bills import amounts, explained, starts
from sagespec.reporting.plans.plan import about, counts, files_changed, sent, shown, total_of, total_of_endpoints
from sagespec.reporting.plans.rows import PlanRow, rows_of, unchanged, varying
from sagespec.reporting.plans.status import billed, verdict_line
from sagespec.reporting.plans.where import UNASKED, where

if TYPE_CHECKING:
    from jinja2 import Environment

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&@])")


MARKER = "<!-- sagespec plan"
"""How a plan begins. Its first line says of which environment it is, so that a pull request has one comment for each,
and the next plan replaces the last one: docs/ci.md."""
LONGEST_COMMENT = 60_000
"""Bytes of a plan: GitHub takes comments of 65,536 characters, and a step's variable 128 KiB."""


def plan_markdown(plan: Plan, longest: int = LONGEST_COMMENT) -> str:
    """A plan as a reviewer reads it: one table of what changes, and the rest folded away.

    Args:
        longest: bytes that it may have. What does not fit is left out as whole blocks, then notes, then rows, each from
            the end, and that is said.
    """
    rows = rows_of(plan)
    blocks = [text for row in rows if (text := _block_of(row, open_=len(rows) == 1))]
    kept = unchanged(plan)
    if kept:
        number = sum(len(row.changes) for row in kept)
        blocks.append(_rendered("unchanged.md.j2", rows=kept, number=number))
    notes = [*plan.notes, *(f"{change.name}: {note}" for change in plan.changes for note in change.notes)]
    parts: dict[str, Sequence[Any]] = {"row": rows, "note": notes, "block": blocks}
    sizes = {name: len(part) for name, part in parts.items()}
    text = _whole(plan, parts, sizes)
    while len(text.encode()) > longest and any(sizes.values()):
        last = [name for name, size in sizes.items() if size][-1]
        sizes[last] = sizes[last] * 3 // 4
        text = _whole(plan, parts, sizes)
    return text


def _whole(plan: Plan, parts: Mapping[str, Sequence[Any]], sizes: Mapping[str, int]) -> str:
    """A plan with the first ones of each part."""
    place = where(plan)
    left = [counted(len(part) - sizes[name], name) for name, part in parts.items() if sizes[name] < len(part)]
    return _rendered(
        "plan.md.j2",
        marker=" ".join([MARKER, *place.environments, "-->"]),
        summary=counts(plan).rstrip(".").removeprefix("Plan: "),
        offline=UNASKED if place.offline else "",
        where=", ".join(place.labels),
        total=total_of(plan),
        standing=total_of_endpoints(plan),
        rows=parts["row"][: sizes["row"]],
        blocks=parts["block"][: sizes["block"]],
        left=" and ".join(left),
        notes=parts["note"][: sizes["note"]],
    )


def _block_of(row: PlanRow, *, open_: bool) -> str:
    """What is folded below the table about a row; nothing where the row says it all."""
    first, differences = row.first, row.differences
    begins = starts(first)
    if not differences and not begins:
        return ""
    parts = [counted(len(differences), "difference")] if differences else []
    if row.files is not None:
        number = len(row.files.added) + len(row.files.removed) + len(row.files.changed)
        parts += [f"{counted(number, 'file')} of the code"] if number else []
    several = len(row.changes) > 1
    return _rendered(
        "row.md.j2",
        open=open_ and bool(differences),
        title=": ".join([" ".join([", ".join(row.called), row.more]).rstrip(), ", ".join(parts) or "what is started"]),
        differences=[
            {"field": one.field, "before": shown(one)[0], "after": shown(one)[1], "effect": one.effect.value}
            for one in differences
        ],
        files=list(files_changed(first)),
        varying=varying(row) if several and begins and first.nature is Nature.RUNS else None,
        lines=list(_lines(row)) if begins else [],
    )


def _lines(row: PlanRow) -> Iterator[str]:
    """What is started, in sentences. Jobs that are alike send the same, and each costs the same."""
    first = row.first
    if first.nature is Nature.STAYS or len(row.changes) == 1:
        yield from about(first)
        return
    yield from sent(first)
    if row.bill is not None and row.bill.items:
        yield f"bill: each at most {amounts(row.bill)}: {explained(row.bill)}"


def endings_markdown(endings: Sequence[Ending], longest: int | None = None) -> str:
    """How jobs have ended: a table, metrics, and for each failure what it is and what to do.

    Args:
        longest: bytes that it may have; above, the ends of logs are left out, and then jobs from the end.
    """
    completed = sum(ending.succeeded for ending in endings)
    summary = f"{completed} of {counted(len(endings), 'job')} completed"
    jobs = [_ending(ending) for ending in endings]
    text = _rendered("endings.md.j2", summary=summary, jobs=jobs)
    if longest is None or len(text.encode()) <= longest:
        return text
    for job in jobs:
        job["tail"] = ()
    while len(text.encode()) > longest and jobs:
        text = _rendered("endings.md.j2", summary=f"{summary}; {len(jobs)} are shown", jobs=jobs)
        jobs = jobs[: len(jobs) * 3 // 4]
    return text


def _ending(ending: Ending) -> dict[str, Any]:
    return {
        "job_name": ending.job_name,
        "status": ending.status if ending.secondary in ("", ending.status) else f"{ending.status}: {ending.secondary}",
        "artifact": ending.artifact,
        "billable": billed(ending) or "–",
        "log": ending.log,
        "metrics": ending.metrics,
        "verdict": verdict_line(ending),
        "next_step": ending.verdict.next_step if ending.verdict else "",
        "failure": ending.failure,
        "tail": ending.tail,
    }


def _rendered(template: str, **values: Any) -> str:
    text = _templates().get_template(template).render(values)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


@cache
def _templates() -> Environment:
    """One for all blocks of a plan: it compiles each template once."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(data_folder("templates") / "plan"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown: what is not ours goes through a filter
        keep_trailing_newline=True,
    )
    environment.filters |= {"cell": _cell, "code": _code, "block": _block, "sentence": _sentence}
    return environment


def _cell(value: object) -> str:
    """Text that stays text, on one line, whatever is in it."""
    return _SPECIAL.sub(r"\\\1", " ".join(printable(_one_line(value)).split()))


def _code(value: object) -> str:
    """Text as it is, in a cell of a table."""
    text = printable(_one_line(value)).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def _block(value: object) -> str:
    """A line of a block of code."""
    return "    " + printable(_one_line(value))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _one_line(value: object) -> str:
    return str(value).replace("\r", " ").replace("\n", " ")
