"""Plans and outcomes for programs: JSON, format 1 (docs/json.md). What is added to it changes no version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sagespec.building.archive import Contents
from sagespec.building.cost import Bill
from sagespec.building.request import Upload
from sagespec.deploying.planning.changed_files import ChangedFiles
from sagespec.deploying.planning.differ import Difference
from sagespec.deploying.planning.plan import Change, Plan
from sagespec.kinds.lifecycle import Nature
from sagespec.reporting.jsontext import json_text
from sagespec.reporting.plans.bills import bill_of_change, bills_of
from sagespec.reporting.plans.status import ending_data
from sagespec.reporting.plans.where import where

if TYPE_CHECKING:
    from sagespec.deploying.applying.applier import Outcome
    from sagespec.deploying.following.ledger import Entry


def plan_json(plan: Plan) -> str:
    place = where(plan)
    head = {
        "version": 1,
        "account": plan.account or None,
        "accounts": list(place.accounts),
        "environments": list(place.environments),
        "regions": list(place.regions),
        "offline": plan.offline,
        "total": _total(plan),
        "notes": list(plan.notes),
    }
    return json_text({**head, "jobs": [as_data(change) for change in plan.changes]})


def _total(plan: Plan) -> dict[str, Any]:
    """What all training jobs that are started may cost together."""
    bills = bills_of(plan, Nature.RUNS)
    usd = [bill.usd for bill in bills if bill.usd is not None]
    hours: dict[str, float] = {}
    for bill in bills:
        for kind, amount in bill.instance_hours.items():
            hours[kind] = hours.get(kind, 0.0) + amount
    return {
        "jobs": len(bills),
        "usd": round(sum(usd), 4) if usd else None,
        "without_price": len(bills) - len(usd),
        "instance_hours": hours,
    }


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
        "account": change.site.account if change.site else None,
        "stops": [job.job_name for job in change.stops],
        "beside": [job.job_name for job in change.beside],
        "removes": [one.config or one.models[0] for one in change.removes],
        "notes": list(change.notes),
        "digest": change.request.digest if change.request else change.seen.digest if change.seen else None,
        "differences": [_difference_data(one) for one in change.differences],
        "files": _files_data(change.files) if change.files is not None else None,
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


def _files_data(files: ChangedFiles) -> dict[str, Any]:
    return {
        "added": list(files.added),
        "removed": list(files.removed),
        "changed": list(files.changed),
        "unknown": files.unknown or None,
    }


def _bill_data(bill: Bill) -> dict[str, Any]:
    return {
        "attempts": bill.attempts,
        "attempts_by": bill.attempts_by or None,
        "instance_hours": bill.instance_hours,
        "accelerator_hours": bill.accelerator_hours,
        "volume_gb_hours": bill.volume_gb_hours,
        "usd": None if bill.usd is None else round(bill.usd, 4),
        "prices_of": bill.prices.date if bill.prices is not None else None,
        "unpriced": list(bill.unpriced),
        "items": [
            {
                "what": item.what,
                "kind": item.kind,
                "count": item.amount,
                "seconds": item.seconds,
                "limit": item.limit or None,
            }
            for item in bill.items
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
