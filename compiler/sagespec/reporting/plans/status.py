"""States of jobs, and how they ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sagespec.deploying.following.ending import Ending, EndpointEnding
from sagespec.deploying.planning.observed import Observed
from sagespec.deploying.triage import FailureVerdict
from sagespec.reporting.findings.diagnostics import printable
from sagespec.reporting.jsontext import json_text
from sagespec.reporting.terminal.style import Style


def _colour(status: str, style: Style) -> str:
    colours = {"Completed": style.green, "Failed": style.red, "Stopped": style.yellow, "InProgress": style.cyan}
    colours |= {"InService": style.green, "OutOfService": style.red, "UpdateRollbackFailed": style.red}
    return colours.get(status, style.bold)(status)


def state_line(seen: Observed | Ending, style: Style) -> str:
    secondary = f" ({printable(seen.secondary)})" if seen.secondary and seen.secondary != seen.status else ""
    return f"{style.bold(printable(seen.job_name))}  {_colour(printable(seen.status), style)}{secondary}"


def ended_text(ending: Ending, style: Style) -> Iterator[str]:
    """What a job that has ended leaves behind; for a failure, what it is and what to do."""
    for line in ending.failure.splitlines():
        yield f"  {printable(line)}"
    verdict = verdict_line(ending)
    if verdict and ending.verdict:
        yield f"  {style.bold(verdict)}"
        yield f"  {style.dim('=')} {style.bold('next')}: {printable(ending.verdict.next_step)}"
    if ending.artifact:
        yield f"  model: {printable(ending.artifact)}"
    elif ending.lost:
        promised = printable(ending.promised or "")
        yield f"  {style.yellow('no model')}: nothing lies at {promised}; the script saves to SM_MODEL_DIR"
    for name, value in ending.metrics.items():
        yield f"  {printable(name)}: {value:g}"
    if ending.rehearsal:
        text = printable(ending.rehearsal["text"])
        yield f"  {text if ending.passed else style.red(text)}"
    if isinstance(ending, EndpointEnding):
        yield from (f"  {line}" for line in _endpoint_lines(ending))
    time = billed(ending)
    if time:
        yield f"  billable: {time}"
    if not ending.succeeded and ending.log:
        yield f"  log: {ending.log}"


def _endpoint_lines(ending: EndpointEnding) -> Iterator[str]:
    """What an endpoint serves with, and how much of it there is."""
    if ending.config:
        yield f"serves with {printable(ending.config)}" if ending.status == "InService" else printable(ending.config)
    if ending.over and ending.asked != ending.config:
        yield f"asked for: {printable(ending.asked)}"
    for capacity in ending.capacities:
        amount = f"{capacity.current} of {capacity.desired} instances"
        if capacity.desired is None:
            amount = ", ".join(f"{key} {value}" for key, value in capacity.serverless.items()) or "serverless"
        yield f"{printable(capacity.variant)}: {amount}, weight {capacity.weight:g}"


def verdict_line(ending: Ending) -> str:
    """What a failure is, and whether a retry helps."""
    verdict = ending.verdict
    if verdict is None:
        return ""
    code = f" (exit code {verdict.exit_code})" if verdict.exit_code is not None else ""
    retry = "a retry may well succeed" if verdict.retry else "a retry alone will not help"
    return f"{verdict.kind.value}{code}: {retry}"


def billed(ending: Ending) -> str:
    """`120 s (2 × 60 s)`, and what spot has saved."""
    if ending.billable_seconds is None:
        return ""
    each = f" ({ending.instances} × {ending.billable_seconds // ending.instances:,} s)" if ending.instances > 1 else ""
    saved = f", spot saved {ending.spot_saving:.0%}" if ending.spot_saving is not None else ""
    return f"{ending.billable_seconds:,} s{each}{saved}"


def status_text(found: Sequence[Ending], style: Style) -> Iterator[str]:
    for ending in found:
        yield state_line(ending, style)
        times = [("created", ending.created), ("started", ending.started), ("ended", ending.ended)]
        moments = [f"{name} {_moment(moment)}" for name, moment in times if moment is not None]
        if moments:
            yield f"  {', '.join(moments)}"
        yield from ended_text(ending, style)
        yield from (f"  {style.dim('|')} {printable(line)}" for line in ending.tail)


def status_json(found: Sequence[Ending]) -> str:
    return json_text({"version": 1, "jobs": [ending_data(ending) for ending in found]})


def ending_data(ending: Ending) -> dict[str, Any]:
    """One job of JSON format 1."""
    return {
        "job_name": ending.job_name,
        "name": ending.name,
        "status": ending.status,
        "secondary_status": ending.secondary,
        "attempt": ending.attempt,
        "digest": ending.digest,
        "failure_reason": ending.failure or None,
        "failure": _verdict_data(ending.verdict) if ending.verdict else None,
        "artifact": ending.artifact,
        "metrics": dict(ending.metrics),
        "hyperparameters": dict(ending.hyperparameters),
        "created": _moment(ending.created),
        "started": _moment(ending.started),
        "ended": _moment(ending.ended),
        "training_seconds": ending.training_seconds,
        "billable_seconds": ending.billable_seconds,
        "instances": ending.instances,
        "spot_saving": None if ending.spot_saving is None else round(ending.spot_saving, 4),
        "log": ending.log,
        "log_tail": list(ending.tail),
        **({"rehearsal": dict(ending.rehearsal)} if ending.rehearsal else {}),
        **(_endpoint_data(ending) if isinstance(ending, EndpointEnding) else {}),
    }


def _endpoint_data(ending: EndpointEnding) -> dict[str, Any]:
    """What an endpoint has beside."""
    return {
        "config": ending.config or None,
        "pending_config": ending.pending or None,
        "asked_config": ending.asked or None,
        "serves": ending.succeeded,
        "variants": [
            {
                "variant": capacity.variant,
                "instances": capacity.current,
                "desired_instances": capacity.desired,
                "weight": capacity.weight,
                "serverless": dict(capacity.serverless) or None,
            }
            for capacity in ending.capacities
        ],
    }


def _verdict_data(verdict: FailureVerdict) -> dict[str, Any]:
    return {
        "kind": verdict.kind.value,
        "retry": verdict.retry,
        "next_step": verdict.next_step,
        "exit_code": verdict.exit_code,
    }


def _moment(moment: datetime | None) -> str | None:
    """Local time where the service gave one, to the second."""
    return None if moment is None else moment.isoformat(sep=" ", timespec="seconds")
