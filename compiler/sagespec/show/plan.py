"""Plans and outcomes, for people and for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from sagespec.applier import Outcome
from sagespec.planner import Action, Change, Plan
from sagespec.show.diagnostics import counted, printable
from sagespec.show.style import Style

_COLOURS = {
    Action.CREATE: Style.green,
    Action.REPLACE: Style.yellow,
    Action.WAIT: Style.yellow,
    Action.REFUSE: Style.red,
    Action.STOP: Style.red,
    Action.TAG: Style.cyan,
    Action.UPDATE: Style.cyan,
}


_HASH = re.compile(r"\b[0-9a-f]{64}\b")


def plan_text(plan: Plan, style: Style) -> Iterator[str]:
    """A line a job (the action, what it is about, why), and a summary."""
    width = max((len(change.name) for change in plan.changes), default=0)
    for change in plan.changes:
        colour = _COLOURS.get(change.action, Style.dim)
        action = colour(style, f"{change.action.symbol} {change.action.value:<7}")
        yield f"{action} {style.bold(f'{change.name:<{width}}')}  {printable(change.reason)}"
        if change.action in (Action.CREATE, Action.REPLACE) and change.request is not None:
            yield from (f"{' ' * (width + 12)}{style.dim(line)}" for line in _about(change))
    yield ""
    yield counts(plan)


def _about(change: Change) -> Iterator[str]:
    request = change.request
    if request is None:
        return
    resources = request.template.get("ResourceConfig", {})
    groups = resources.get("InstanceGroups") or [resources]
    machines = " + ".join(f"{group.get('InstanceCount', 1)} × {group.get('InstanceType', '?')}" for group in groups)
    limit = request.template.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    yield f"{change.job_name}: {machines}, at most {duration(limit)}" if limit else f"{change.job_name}: {machines}"
    for upload in request.uploads:
        yield f"{upload.kind}: {counted(upload.files, 'file')}, {size(upload.size)} → {_HASH.sub(lambda found: found[0][:10] + '…', upload.uri)}"


def counts(plan: Plan) -> str:
    if not plan.changes:
        return "No jobs."
    if not plan.pending:
        return f"Nothing to do: {counted(len(plan.changes), 'job')} as wanted."
    numbers = {action: sum(change.action is action for change in plan.changes) for action in Action}
    return "Plan: " + ", ".join(f"{number} to {action.value}" for action, number in numbers.items() if number) + "."


def plan_json(plan: Plan) -> str:
    return json.dumps({"version": 1, "jobs": [_as_data(change) for change in plan.changes]}, indent=2)


def outcomes_json(outcomes: Sequence[Outcome]) -> str:
    jobs = [
        {
            **_as_data(outcome.change),
            "done": outcome.done,
            "error": outcome.error.message if outcome.error else None,
            "hint": outcome.error.hint if outcome.error else None,
        }
        for outcome in outcomes
    ]
    return json.dumps({"version": 1, "jobs": jobs}, indent=2)


def _as_data(change: Change) -> dict[str, Any]:
    return {
        "manifest": change.request.manifest if change.request else None,
        "name": change.name,
        "job_name": change.job_name,
        "action": change.action.value,
        "reason": change.reason,
        "status": change.seen.status if change.seen else None,
        "attempt": change.attempt,
        "digest": change.request.digest if change.request else change.seen.digest if change.seen else None,
    }


def outcome_text(outcome: Outcome, style: Style) -> Iterator[str]:
    change = outcome.change
    if outcome.error is not None:
        yield f"{style.red('failed')}  {style.bold(change.name)}  {printable(outcome.error.message)}"
        if outcome.error.hint:
            yield f"        help: {printable(outcome.error.hint)}"
        return
    done = "was there already" if outcome.adopted else _DONE[change.action]
    yield f"{_COLOURS.get(change.action, Style.dim)(style, done)}  {style.bold(outcome.job_name)}  {style.dim(change.reason)}"


_DONE = {
    Action.CREATE: "created",
    Action.REPLACE: "replaced",
    Action.WAIT: "waits",
    Action.KEEP: "kept",
    Action.TAG: "tagged",
    Action.UPDATE: "updated",
    Action.REFUSE: "refused",
    Action.STOP: "stopping",
}


def duration(seconds: int) -> str:
    """Seconds as people say them: 90 s, 45 min, 36 h, 3 days."""
    for unit, length, least in (("days", 86_400, 2), ("h", 3600, 2), ("min", 60, 2)):
        if seconds >= least * length and seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def size(count: int) -> str:
    """Bytes as people say them."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return ""
