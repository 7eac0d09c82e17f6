"""Plans and outcomes, for people: what is done, why, what differs, what is sent, what it may cost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sagespec.base.redact import redacted
from sagespec.building.archive import Contents
from sagespec.building.request import Request, Upload
from sagespec.deploying.planning.plan import Action, Change, Plan
from sagespec.deploying.triage import triage, why_endpoint
from sagespec.kinds import kind_named
from sagespec.kinds.lifecycle import Nature
from sagespec.reporting.findings.diagnostics import counted, printable
from sagespec.reporting.plans.bills import amounts, bill_of_change, bills_of, explained, starts
from sagespec.reporting.plans.endpoints import about_endpoint, cost_of_endpoints
from sagespec.reporting.plans.units import duration, size
from sagespec.reporting.plans.where import UNASKED, where
from sagespec.reporting.terminal.style import Style

if TYPE_CHECKING:
    from sagespec.deploying.applying.applier import Outcome
    from sagespec.deploying.planning.differ import Difference

_COLOURS = {
    Action.CREATE: Style.green,
    Action.REPLACE: Style.yellow,
    Action.WAIT: Style.yellow,
    Action.REFUSE: Style.red,
    Action.STOP: Style.red,
    Action.TAG: Style.cyan,
    Action.UPDATE: Style.cyan,
    Action.ADOPT: Style.cyan,
    Action.SCALE: Style.cyan,
    Action.CLEAN: Style.red,
    Action.DELETE: Style.red,
}
_NAMED = 3
"""Names of files that a summary of an archive shows."""
_FILES = 20
"""Names of files that have changed which are shown."""
_VALUE = 120
"""Characters of a value that a difference shows."""


def plan_text(plan: Plan, style: Style) -> Iterator[str]:
    """A line a job (the action, what it is about, why), what there is to say about it, and a summary."""
    yield from heading(plan)
    names = _called(plan)
    width = max(map(len, names), default=0)
    for change, name in zip(plan.changes, names, strict=True):
        colour = _COLOURS.get(change.action, Style.dim)
        action = colour(style, f"{change.action.symbol} {change.action.value:<7}")
        yield f"{action} {style.bold(f'{name:<{width}}')}  {printable(change.reason)}"
        indent = " " * (width + 12)
        yield from (f"{indent}{line}" for line in _differences(change, style))
        yield from (f"{indent}  {line}" for line in files_changed(change))
        if starts(change):
            yield from (f"{indent}{style.dim(printable(line))}" for line in about(change))
        yield from (f"{indent}{style.yellow(printable(note))}" for note in change.notes)
        step = next_step(change)
        if step:
            yield f"{indent}next: {step}"
    yield ""
    yield from (f"Note: {printable(note)}." for note in plan.notes)
    yield counts(plan)
    total = total_of(plan)
    if total:
        yield f"Together at most {total}."
    stands = total_of_endpoints(plan)
    if stands:
        yield f"The endpoints together cost {stands}."


def heading(plan: Plan) -> Iterator[str]:
    """Whose, and where; and what a plan without a service cannot know."""
    place = where(plan)
    if place.offline:
        yield f"{UNASKED}."
    if place.labels:
        yield _sentence(place.labels)


def _sentence(words: Iterable[str]) -> str:
    text = ", ".join(words)
    return f"{text[:1].upper()}{text[1:]}."


def _called(plan: Plan) -> list[str]:
    """What the manifests are called; with their nouns where a job and an endpoint may have the same name."""
    several = len({change.nature for change in plan.changes}) > 1
    stays = [several and change.nature is Nature.STAYS for change in plan.changes]
    return [f"{change.name} (endpoint)" if it else change.name for change, it in zip(plan.changes, stays, strict=True)]


def next_step(change: Change) -> str:
    """What can be done about a job that did not complete and is left as it is."""
    if change.action is not Action.KEEP or change.seen is None:
        return ""
    if change.nature is Nature.STAYS:
        return why_endpoint(change.seen.failure, here=change.seen.here).next_step if change.unfulfilled else ""
    verdict = triage(change.seen.status, change.seen.secondary, change.seen.failure, here=change.seen.here)
    return verdict.next_step if verdict is not None else ""


def _differences(change: Change, style: Style) -> Iterator[str]:
    for one in change.differences:
        before, after = shown(one)
        effect = style.dim(f"({one.effect.value})")
        yield f"{one.field}: {style.red(before)} → {style.green(after)} {effect}"


def shown(one: Difference) -> tuple[str, str]:
    """Both sides of a difference, as text; content goes by the beginning of its hash."""
    if one.field == "source" or (one.field.startswith("channels.") and one.field.count(".") == 1):
        sides = [value if not _is_hash(value) else f"{value[:10]}…" for value in (one.before, one.after)]
    else:
        sides = [one.before, one.after]
    before, after = (_shown(side) for side in sides)
    return before, after


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and "/" not in value


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = printable(value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str))
    return shortened(text)


def about(change: Change) -> Iterator[str]:
    """What is started: its machines, what is sent, what it may cost."""
    request = change.request
    if request is None:
        return
    if change.nature is Nature.STAYS:
        yield from about_endpoint(change, bill_of_change(change))
        yield from (f"{upload.kind}: {contents(upload)} → {_place(upload)}" for upload in request.uploads)
        return
    limit = kind_named(request.kind).sent("max_run", request)
    place = "" if request.site.local else f"in {request.site.region}"
    what = " ".join(part for part in (machines_of(request), market_of(request), place) if part)
    most = f", at most {duration(limit)}" if limit else ""
    yield f"{change.job_name}: {what}{most}"
    given = own_hyperparameters(change)
    if given and change.action is Action.CREATE:
        yield shortened(f"hyperparameters: {', '.join(f'{name}: {value}' for name, value in given.items())}")
    yield from sent(change)
    bill = bill_of_change(change)
    if bill is not None and bill.items:
        yield f"bill: at most {amounts(bill)}: {explained(bill)}"


def machines_of(request: Request) -> str:
    """`2 × ml.g5.xlarge`, with every group of a heterogeneous cluster; empty of a kind that has no instances."""
    kind = kind_named(request.kind)
    if "instance_type" not in kind.members:
        return ""
    count, name = kind.sent("instance_count", request), kind.sent("instance_type", request)
    alone = {"InstanceCount": count or 1, "InstanceType": name or "?"}
    groups = kind.sent("instance_groups", request) or [alone]
    return " + ".join(f"{group.get('InstanceCount', 1)} × {group.get('InstanceType', '?')}" for group in groups)


def market_of(request: Request) -> str:
    """`spot` or `on demand`; empty on this machine, and of a kind that has no such choice."""
    kind = kind_named(request.kind)
    if request.site.local or "use_spot_instances" not in kind.members:
        return ""
    return "spot" if kind.sent("use_spot_instances", request) else "on demand"


def own_hyperparameters(change: Change) -> dict[str, str]:
    """Those of the script, secrets masked: the container's own are not what a reviewer asks about."""
    given = change.request.template.get("HyperParameters", {}) if change.request is not None else {}
    own = {name: value for name, value in given.items() if not name.startswith("sagemaker_") and name != "model_dir"}
    return {name: redacted(f"{name}: {value}").removeprefix(f"{name}: ") for name, value in own.items()}


def sent(change: Change) -> Iterator[str]:
    """What is uploaded first, and what only the creation can tell."""
    for upload in change.request.uploads if change.request is not None else ():
        yield f"{upload.kind}: {contents(upload)} → {_place(upload)}"
    if change.stops and starts(change):
        yield "what only its creation shows (iam:PassRole, quotas) is known after the stop: if it fails, apply again"


def files_changed(change: Change) -> Iterator[str]:
    """The files behind a difference of the source archive: `changed: model.py, train.py`."""
    files = change.files
    if files is None:
        return
    for what, names in (("added", files.added), ("removed", files.removed), ("changed", files.changed)):
        if names:
            more = [f"{len(names) - _FILES:,} more"] if len(names) > _FILES else []
            yield f"{what}: {printable(', '.join([*names[:_FILES], *more]))}"
    if files.unknown:
        yield f"which files: {printable(files.unknown)}"


def shortened(text: str) -> str:
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}…"


def contents(upload: Upload) -> str:
    """What is sent: how much, the largest of it, and what stays out."""
    text = f"{counted(upload.files, 'file')}, {size(upload.size)}"
    content = upload.content
    if not isinstance(content, Contents):
        return text
    largest = content.largest(1)
    if upload.files > 1 and largest:
        text += f", the largest {largest[0].name} ({size(largest[0].size)})"
    if content.ignored:
        names = [ignored.name for ignored in content.ignored[:_NAMED]]
        more = [f"{len(content.ignored) - _NAMED:,} more"] if len(content.ignored) > _NAMED else []
        text += f", without {', '.join(names + more)}"
    return text


def _place(upload: Upload) -> str:
    return upload.uri.replace(upload.sha256, f"{upload.sha256[:10]}…")


def total_of(plan: Plan) -> str:
    """What everything together may cost; nothing where a lone job's bill has said it."""
    bills = bills_of(plan, Nature.RUNS)
    return amounts(*bills) if len(bills) > 1 else ""


def total_of_endpoints(plan: Plan) -> str:
    """What all that is deployed costs for as long as it stands; nothing where a lone endpoint has said it."""
    bills = bills_of(plan, Nature.STAYS)
    return cost_of_endpoints(*bills) if len(bills) > 1 else ""


def counts(plan: Plan) -> str:
    if not plan.changes:
        return "No jobs."
    if not plan.pending:
        state = "to do" if all(change.as_wanted for change in plan.changes) else "is done"
        return f"Nothing {state}: {', '.join(_states(plan))}."
    numbers = {action: sum(change.action is action for change in plan.changes) for action in Action}
    return "Plan: " + ", ".join(f"{number} to {action.value}" for action, number in numbers.items() if number) + "."


def _states(plan: Plan) -> Iterator[str]:
    """How the jobs are that nothing is done about."""
    noun = _noun(plan)
    left = [change for change in plan.changes if change.unfulfilled and change.seen is not None]
    statuses = [change.seen.status for change in left if change.seen is not None]
    wanted = sum(change.as_wanted for change in plan.changes)
    for number, state, several in (
        (wanted, "as wanted", "as wanted"),
        (sum(status == "Failed" for status in statuses), "has failed", "have failed"),
        (sum(status == "Stopped" for status in statuses), "was stopped", "were stopped"),
        (
            sum(status not in ("Failed", "Stopped") for status in statuses),
            "does not serve what was asked for",
            "do not serve what was asked for",
        ),
        (sum(bool(change.beside) for change in plan.changes), "runs beside older work", "run beside older work"),
    ):
        if number:
            yield f"{counted(number, noun)} {state if number == 1 else several}"


def _noun(plan: Plan) -> str:
    """What a plan is about, in a word."""
    natures = {change.nature for change in plan.changes}
    return "manifest" if len(natures) > 1 else "endpoint" if Nature.STAYS in natures else "job"


def outcome_text(outcome: Outcome, style: Style) -> Iterator[str]:
    change = outcome.change
    if outcome.error is not None:
        yield f"{style.red('failed')}  {style.bold(change.name)}  {printable(outcome.error.message)}"
        if outcome.error.hint:
            yield f"        help: {printable(outcome.error.hint)}"
        return
    done = "was there already" if outcome.adopted else _DONE[change.action]
    colour = _COLOURS.get(change.action, Style.dim)
    yield f"{colour(style, done)}  {style.bold(outcome.job_name or change.name)}  {style.dim(printable(change.reason))}"
    yield from (f"        {style.yellow(printable(note))}" for note in outcome.notes)


_DONE = {
    Action.CREATE: "created",
    Action.REPLACE: "replaced",
    Action.WAIT: "waits",
    Action.KEEP: "kept",
    Action.TAG: "tagged",
    Action.UPDATE: "updated",
    Action.ADOPT: "adopted",
    Action.REFUSE: "refused",
    Action.STOP: "stopping",
    Action.SCALE: "scaled",
    Action.CLEAN: "cleaned",
    Action.DELETE: "deleted",
}
