"""Plans and endings as Markdown, for pull requests and the summaries of CI."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sagespec.base.files import data_folder
from sagespec.deploying.following.ending import Ending
from sagespec.deploying.planning.planner import Change, Plan
from sagespec.reporting.findings.diagnostics import counted, printable
from sagespec.reporting.plans.plan import about, counts, next_step, shown, standing_total, starts, total_of
from sagespec.reporting.plans.status import billed, verdict_line

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&@])")


def plan_markdown(plan: Plan) -> str:
    """A plan as a reviewer reads it: a table of what changes, and the rest folded away."""
    quiet = [_is_quiet(change) for change in plan.changes]
    kept = [change for change, is_quiet in zip(plan.changes, quiet, strict=True) if is_quiet]
    changes = [change for change, is_quiet in zip(plan.changes, quiet, strict=True) if not is_quiet]
    return _rendered(
        "plan.md.j2",
        summary=counts(plan).rstrip(".").removeprefix("Plan: "),
        changes=[_change(change) for change in changes],
        kept=[_change(change) for change in kept],
        total=total_of(plan),
        standing=standing_total(plan),
        notes=[*plan.notes, *(f"{change.name}: {note}" for change in plan.changes for note in change.notes)],
        account=plan.account,
    )


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


def _is_quiet(change: Change) -> bool:
    """Whether there is nothing to see: it runs or has completed, as wanted."""
    return change.as_wanted and not change.differences and not change.notes


def _change(change: Change) -> dict[str, Any]:
    differences = [
        {"field": one.field, "before": shown(one)[0], "after": shown(one)[1], "effect": one.effect.value}
        for one in change.differences
    ]
    return {
        "symbol": change.action.symbol,
        "name": change.name,
        "action": change.action.value,
        "reason": f"{change.reason}. Next: {step}" if (step := next_step(change)) else change.reason,
        "differences": differences,
        "about": list(about(change)) if starts(change) else [],
    }


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
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(data_folder("templates") / "plan"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - Markdown: what is not ours goes through a filter
        keep_trailing_newline=True,
    )
    environment.filters |= {"cell": _cell, "code": _code, "block": _block}
    text = environment.get_template(template).render(values)
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


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


def _one_line(value: object) -> str:
    return str(value).replace("\r", " ").replace("\n", " ")
