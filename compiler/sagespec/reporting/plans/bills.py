"""What a plan may cost, in words: how much at most, and which fields decide it."""

from __future__ import annotations

from collections.abc import Iterable

from sagespec.building.cost import VOLUME, Bill, BillItem, hours, money
from sagespec.catalog import facts
from sagespec.deploying.planning.plan import Action, Change, Plan
from sagespec.kinds import kind_named
from sagespec.kinds.lifecycle import Nature
from sagespec.reporting.findings.diagnostics import counted
from sagespec.reporting.plans.units import duration

_STARTS = frozenset({Action.CREATE, Action.REPLACE})
"""Actions that start something, and so send and cost something."""


def starts(change: Change) -> bool:
    """Whether a change starts something, and so sends and costs something: an endpoint is changed by what is new."""
    return change.action in _STARTS or (change.action is Action.UPDATE and change.nature is Nature.STAYS)


def bill_of_change(change: Change) -> Bill | None:
    """What a change may cost; None where it starts nothing, or starts it on this machine."""
    if change.request is None or not starts(change) or change.request.site.local:
        return None
    return kind_named(change.request.kind).bill(change.request, facts(), change.attempt)


def bills_of(plan: Plan, nature: Nature) -> list[Bill]:
    found = (bill_of_change(change) for change in plan.changes if change.nature is nature)
    return [bill for bill in found if bill is not None and bill.items]


def amounts(*bills: Bill) -> str:
    """The money as far as there are prices, then hours of each instance type, of accelerators and of volumes."""
    parts = []
    usd = [bill.usd for bill in bills if bill.usd is not None]
    if usd:
        days = sorted({bill.prices.date for bill in bills if bill.prices is not None})
        missing = dict.fromkeys(kind for bill in bills for kind in bill.unpriced)
        left_out = (
            f", without {', '.join('volumes' if kind == VOLUME else kind for kind in missing)}" if missing else ""
        )
        unpriced = "" if len(usd) == len(bills) else f", without {counted(len(bills) - len(usd), 'job')} that have none"
        parts.append(f"{money(sum(usd))} (prices of {', '.join(days)}{left_out}{unpriced})")
    parts += [f"{hours(amount)} of {kind}" for kind, amount in _sum(bill.instance_hours for bill in bills).items()]
    accelerators = _sum(bill.accelerator_hours for bill in bills)
    if accelerators:
        parts.append(" and ".join(f"{hours(amount)} of {kind} accelerators" for kind, amount in accelerators.items()))
    volumes = sum(bill.volume_gb_hours for bill in bills)
    if volumes:
        parts.append(f"{volumes:,.0f} GB-hours of volumes")
    return ", ".join(parts)


def explained(bill: Bill) -> str:
    """How a bill is counted, and which fields decide it: `2 × 24 h (max_run) × 3 attempts (max_attempts)`."""
    machines = [item for item in bill.items if item.kind != VOLUME]
    several = len({item.kind for item in machines}) > 1
    terms = [_term(item, several=several) for item in machines]
    text = " + ".join(terms)
    if bill.attempts > 1:
        whole = f"({text})" if len(terms) > 1 else text
        text = f"{whole} × {bill.attempts} attempts ({bill.attempts_by})"
    return f"{text}; spot instances cost less" if bill.spot else text


def _term(item: BillItem, *, several: bool) -> str:
    what = "" if item.what == "training" else f"{item.what} "
    limit = f" ({item.limit})" if item.limit else ""
    paid = ", paid by the training plan" if item.prepaid else ""
    return f"{what}{item.amount} × {duration(item.seconds)}{limit}{f' of {item.kind}' if several else ''}{paid}"


def brief(bill: Bill) -> str:
    """`$9.09`, or `6 h` where there are no prices: for a cell of a table."""
    if bill.usd is not None:
        return f"{money(bill.usd)}{' and more' if bill.unpriced else ''}"
    return " + ".join(hours(amount) for amount in bill.instance_hours.values())


def _sum(amounts: Iterable[dict[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for amount in amounts:
        for kind, value in amount.items():
            total[kind] = total.get(kind, 0.0) + value
    return total
