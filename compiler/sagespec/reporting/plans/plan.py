"""Plans and outcomes, for people and for programs: what is done, why, what differs, what is sent, what it may cost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sagespec.base.redact import redacted
from sagespec.building.archive import Contents
from sagespec.building.cost import VOLUME, Bill, hours, money
from sagespec.building.targets import Upload
from sagespec.catalog import facts
from sagespec.deploying.planning.differ import Difference
from sagespec.deploying.planning.planner import Action, Change, Plan
from sagespec.deploying.triage import triage, why_endpoint
from sagespec.kinds import kind_named
from sagespec.kinds.lifecycle import Nature
from sagespec.reporting.findings.diagnostics import counted, printable
from sagespec.reporting.jsontext import json_text
from sagespec.reporting.plans.standing import about_endpoint, standing_cost
from sagespec.reporting.plans.status import ending_data
from sagespec.reporting.terminal.style import Style

if TYPE_CHECKING:
    from sagespec.deploying.applier import Outcome
    from sagespec.deploying.following.ledger import Entry

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
_STARTS = frozenset({Action.CREATE, Action.REPLACE})
"""Actions that start something, and so send and cost something."""
_NAMED = 3
"""Names of files that a summary of an archive shows."""
_VALUE = 120
"""Characters of a value that a difference shows."""


def plan_text(plan: Plan, style: Style) -> Iterator[str]:
    """A line a job (the action, what it is about, why), what there is to say about it, and a summary."""
    if plan.account:
        yield f"Account {plan.account}."
    names = _called(plan)
    width = max(map(len, names), default=0)
    for change, name in zip(plan.changes, names, strict=True):
        colour = _COLOURS.get(change.action, Style.dim)
        action = colour(style, f"{change.action.symbol} {change.action.value:<7}")
        yield f"{action} {style.bold(f'{name:<{width}}')}  {printable(change.reason)}"
        indent = " " * (width + 12)
        yield from (f"{indent}{line}" for line in _differences(change, style))
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
    stands = standing_total(plan)
    if stands:
        yield f"The endpoints together cost {stands}."


def _called(plan: Plan) -> list[str]:
    """What the manifests are called; with their nouns where a job and an endpoint may have the same name."""
    several = len({change.nature for change in plan.changes}) > 1
    stays = [several and change.nature is Nature.STAYS for change in plan.changes]
    return [f"{change.name} (endpoint)" if it else change.name for change, it in zip(plan.changes, stays, strict=True)]


def starts(change: Change) -> bool:
    """Whether a change starts something, and so sends and costs something: an endpoint is changed by what is new."""
    return change.action in _STARTS or (change.action is Action.UPDATE and change.nature is Nature.STAYS)


def next_step(change: Change) -> str:
    """What can be done about a job that did not complete and is left as it is."""
    if change.action is not Action.KEEP or change.seen is None:
        return ""
    if change.nature is Nature.STAYS:
        return why_endpoint(change.seen.failure).next_step if change.unfulfilled else ""
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
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}…"


def about(change: Change) -> Iterator[str]:
    """What is started: its machines, what is sent, what it may cost."""
    request = change.request
    if request is None:
        return
    if change.nature is Nature.STAYS:
        yield from about_endpoint(change, bill_of_change(change))
        yield from (f"{upload.kind}: {contents(upload)} → {_place(upload)}" for upload in request.uploads)
        return
    resources = request.template.get("ResourceConfig", {})
    groups = resources.get("InstanceGroups") or [resources]
    machines = " + ".join(f"{group.get('InstanceCount', 1)} × {group.get('InstanceType', '?')}" for group in groups)
    limit = request.template.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
    spot = "spot" if request.template.get("EnableManagedSpotTraining") else "on demand"
    kind = "" if request.site.local else f" {spot} in {request.site.region}"
    most = f", at most {duration(limit)}" if limit else ""
    yield f"{change.job_name}: {machines}{kind}{most}"
    if change.action is Action.CREATE:
        yield from _hyperparameters(request.template.get("HyperParameters", {}))
    for upload in request.uploads:
        yield f"{upload.kind}: {contents(upload)} → {_place(upload)}"
    if change.stops:
        yield "what only its creation shows (iam:PassRole, quotas) is known after the stop: if it fails, apply again"
    bill = bill_of_change(change)
    if bill is not None and bill.items:
        attempts = f" in {bill.attempts} attempts" if bill.attempts > 1 else ""
        yield f"bill: at most {amounts(bill)}{attempts}"


def _hyperparameters(sent: Mapping[str, str]) -> Iterator[str]:
    """Those of the script: the container's own are not what a reviewer asks about."""
    own = {name: value for name, value in sent.items() if not name.startswith("sagemaker_") and name != "model_dir"}
    if own:
        text = printable(", ".join(redacted(f"{name}: {value}") for name, value in own.items()))
        yield f"hyperparameters: {text if len(text) <= _VALUE else text[:_VALUE] + '…'}"


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


def bill_of_change(change: Change) -> Bill | None:
    """What a change may cost; None where it starts nothing, or starts it on this machine."""
    if change.request is None or not starts(change) or change.request.site.local:
        return None
    return kind_named(change.request.kind).bill(change.request, facts(), change.attempt)


def total_of(plan: Plan) -> str:
    """What everything together may cost; nothing where a lone job's bill has said it."""
    bills = _bills(plan, Nature.RUNS)
    return amounts(*bills) if len(bills) > 1 else ""


def standing_total(plan: Plan) -> str:
    """What all that is deployed costs for as long as it stands; nothing where a lone endpoint has said it."""
    bills = _bills(plan, Nature.STAYS)
    return standing_cost(*bills) if len(bills) > 1 else ""


def _bills(plan: Plan, nature: Nature) -> list[Bill]:
    found = (bill_of_change(change) for change in plan.changes if change.nature is nature)
    return [bill for bill in found if bill is not None and bill.items]


def amounts(*bills: Bill) -> str:
    """Hours of each instance type, of accelerators and of volumes, and the money, as far as there are prices."""
    parts = [f"{hours(amount)} of {kind}" for kind, amount in _sum(bill.instance_hours for bill in bills).items()]
    accelerators = _sum(bill.accelerator_hours for bill in bills)
    if accelerators:
        parts.append(" and ".join(f"{hours(amount)} of {kind} accelerators" for kind, amount in accelerators.items()))
    volumes = sum(bill.volume_gb_hours for bill in bills)
    if volumes:
        parts.append(f"{volumes:,.0f} GB-hours of volumes")
    usd = [bill.usd for bill in bills if bill.usd is not None]
    if usd:
        days = sorted({bill.prices.date for bill in bills if bill.prices is not None})
        missing = dict.fromkeys(kind for bill in bills for kind in bill.unpriced)
        left_out = (
            f", without {', '.join('volumes' if kind == VOLUME else kind for kind in missing)}" if missing else ""
        )
        unpriced = "" if len(usd) == len(bills) else f", without {counted(len(bills) - len(usd), 'job')} that have none"
        parts.append(f"{money(sum(usd))} (prices of {', '.join(days)}{left_out}{unpriced})")
    return ", ".join(parts)


def _sum(amounts: Iterable[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for amount in amounts:
        for kind, value in amount.items():
            total[kind] = total.get(kind, 0.0) + value
    return total


def counts(plan: Plan) -> str:
    if not plan.changes:
        return "No jobs."
    if not plan.pending:
        said = "to do" if all(change.as_wanted for change in plan.changes) else "is done"
        return f"Nothing {said}: {', '.join(_states(plan))}."
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


def plan_json(plan: Plan) -> str:
    head = {"version": 1, "account": plan.account or None, "notes": list(plan.notes)}
    return json_text({**head, "jobs": [as_data(change) for change in plan.changes]})


def outcomes_json(entries: Iterable[Entry]) -> str:
    """What was done; `ending` is how the job ended, where it was followed."""
    jobs = [
        {**outcome_data(entry.outcome), "ending": ending_data(entry.ending) if entry.ending is not None else None}
        for entry in entries
    ]
    return json_text({"version": 1, "jobs": jobs})


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    return {
        **as_data(outcome.change),
        "done": outcome.done,
        "error": outcome.error.message if outcome.error else None,
        "hint": outcome.error.hint if outcome.error else None,
        "left": list(outcome.notes),
    }


def as_data(change: Change) -> dict[str, Any]:
    """One job of JSON format 1."""
    bill = bill_of_change(change)
    return {
        "manifest": change.request.manifest if change.request else None,
        "name": change.name,
        "job_name": change.job_name,
        "action": change.action.value,
        "kind": change.request.kind if change.request else change.seen.lifecycle.kind if change.seen else None,
        "reason": change.reason,
        "status": change.seen.status if change.seen else None,
        "attempt": change.attempt,
        "environment": _environment(change),
        "region": change.site.region if change.site else None,
        "stops": [job.job_name for job in change.stops],
        "beside": [job.job_name for job in change.beside],
        "removes": [one.config or one.models[0] for one in change.removes],
        "notes": list(change.notes),
        "digest": change.request.digest if change.request else change.seen.digest if change.seen else None,
        "differences": [_difference_data(one) for one in change.differences],
        "bill": _bill_data(bill) if bill is not None else None,
        "uploads": [_upload_data(upload) for upload in change.request.uploads] if change.request else [],
    }


def _environment(change: Change) -> str | None:
    about = change.request or change.seen
    return about.environment or None if about is not None else None


def _difference_data(one: Difference) -> dict[str, Any]:
    return {
        "field": one.field,
        "member": one.member,
        "before": one.before,
        "after": one.after,
        "class": one.effect.value,
    }


def _bill_data(bill: Bill) -> dict[str, Any]:
    return {
        "attempts": bill.attempts,
        "instance_hours": bill.instance_hours,
        "accelerator_hours": bill.accelerator_hours,
        "volume_gb_hours": bill.volume_gb_hours,
        "usd": None if bill.usd is None else round(bill.usd, 4),
        "prices_of": bill.prices.date if bill.prices is not None else None,
        "unpriced": list(bill.unpriced),
        "items": [
            {"what": item.what, "kind": item.kind, "count": item.count, "seconds": item.seconds} for item in bill.items
        ],
    }


def _upload_data(upload: Upload) -> dict[str, Any]:
    content = upload.content
    packed = isinstance(content, Contents)
    return {
        "kind": upload.kind,
        "path": str(upload.path),
        "uri": upload.uri,
        "sha256": upload.sha256,
        "bytes": upload.size,
        "files": upload.files,
        "largest": [{"name": one.name, "bytes": one.size} for one in content.largest()] if packed else [],
        "ignored": [{"name": one.name, "rule": one.rule} for one in content.ignored] if packed else [],
    }


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
