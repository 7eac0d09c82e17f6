"""The rows of a plan's table: jobs that are alike (those of a matrix, most of all) are one row."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain, takewhile

from sagespec.base.named import NamedTuple
from sagespec.building.cost import Bill
from sagespec.deploying.planning.changed_files import ChangedFiles
from sagespec.deploying.planning.differ import Difference
from sagespec.deploying.planning.plan import Action, Change, Plan
from sagespec.kinds.lifecycle import Nature
from sagespec.reporting.plans.bills import bill_of_change, brief, starts
from sagespec.reporting.plans.endpoints import fleet_of
from sagespec.reporting.plans.plan import machines_of, market_of, next_step, own_hyperparameters, shown
from sagespec.reporting.plans.units import duration

_ORDER = (Action.REFUSE, Action.STOP, Action.DELETE, Action.REPLACE)
"""What a reviewer wants to see first."""
_NAMED = 3
"""Names that a row shows before it counts the others."""


class PlanRow(NamedTuple):
    """One job, or several of which the same is said: they differ in names and hyperparameters."""

    changes: tuple[Change, ...]
    called: tuple[str, ...]
    """Names, or what all names begin with: `sweep-*`."""
    more: str
    """`(9 jobs)`, `and 5 more`, where `called` does not name all."""
    reason: str
    instances: str
    """`2 × ml.g5.xlarge`; empty where nothing is started."""
    market: str
    """`spot` or `on demand`."""
    time: str
    """The longest that each may take: `2 h × 3 attempts`."""
    cost: str
    """Of each, at most; of an endpoint, a month's."""
    bill: Bill | None

    @property
    def first(self) -> Change:
        return self.changes[0]

    @property
    def differences(self) -> Sequence[Difference]:
        return self.first.differences

    @property
    def files(self) -> ChangedFiles | None:
        return self.first.files

    @property
    def each(self) -> str:
        return " each" if len(self.changes) > 1 and self.cost else ""


class Varying(NamedTuple):
    """The jobs of a row, and the hyperparameters in which they differ."""

    names: Sequence[str]
    """Of the hyperparameters."""
    jobs: Sequence[tuple[str, Sequence[str]]]
    """Name, and a value for each."""
    common: str
    """Hyperparameters that all have: `epochs: 10, layers: 3`."""


def rows_of(plan: Plan) -> list[PlanRow]:
    """What is not as wanted, what needs a decision first; jobs that are alike together."""
    loud = [change for change in plan.changes if not is_quiet(change)]
    rows = [_row(group) for group in _grouped(loud, _likeness)]
    return sorted(rows, key=lambda row: _ORDER.index(row.first.action) if row.first.action in _ORDER else len(_ORDER))


def unchanged(plan: Plan) -> list[PlanRow]:
    """What is as wanted, together where the same is said of it."""
    quiet = [change for change in plan.changes if is_quiet(change)]
    return [_row(group) for group in _grouped(quiet, lambda change: (change.nature, _general(change)))]


def is_quiet(change: Change) -> bool:
    """Whether there is nothing to see: it runs or has completed, as wanted."""
    return change.as_wanted and not change.differences and not change.notes


def varying(row: PlanRow) -> Varying:
    given = [own_hyperparameters(change) for change in row.changes]
    names = dict.fromkeys(chain.from_iterable(given))
    common = [name for name in names if len({one.get(name) for one in given}) == 1]
    apart = [name for name in names if name not in common]
    jobs = [
        (change.name, [one.get(name, "") for name in apart]) for change, one in zip(row.changes, given, strict=True)
    ]
    return Varying(apart, jobs, ", ".join(f"{name}: {given[0][name]}" for name in common))


def _grouped(changes: Iterable[Change], key: Callable[[Change], Hashable]) -> list[tuple[Change, ...]]:
    groups: dict[Hashable, list[Change]] = {}
    for change in changes:
        groups.setdefault(key(change), []).append(change)
    return [tuple(group) for group in groups.values()]


def _likeness(change: Change) -> Hashable:
    """What two jobs have in common that a reviewer need not tell apart."""
    request, bill = change.request, bill_of_change(change)
    return (
        change.action,
        change.nature,
        _general(change),
        request.site if request is not None else change.at,
        _instances(change),
        _market(change),
        (bill.items, bill.attempts, bill.usd) if bill is not None else None,
        tuple((one.field, *shown(one)) for one in change.differences),
        change.files,
        bool(change.notes) and change.name,
        tuple(upload.uri for upload in request.uploads) if request is not None else (),
    )


def _general(change: Change) -> str:
    """The reason, without the names that are the job's own."""
    text = change.reason
    own = [change.seen, change.last, *change.stops, *change.beside]
    names = {change.job_name, *(job.job_name for job in own if job is not None)} - {""}
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "the job")
    return text


def _row(changes: tuple[Change, ...]) -> PlanRow:
    first = changes[0]
    bill = bill_of_change(first) if first.nature is Nature.RUNS or starts(first) else None
    reason = first.reason if len(changes) == 1 else _general(first)
    step = next_step(first)
    return PlanRow(
        changes,
        *_called([change.name for change in changes]),
        f"{reason}. Next: {step}" if step else reason,
        _instances(first),
        _market(first),
        _time(first, bill),
        brief(bill) if bill is not None and bill.items else "",
        bill,
    )


def _called(names: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The names; what all of them begin with; or the first few. And what that leaves out."""
    if len(names) <= _NAMED:
        return tuple(names), ""
    words = zip(*(name.split("-") for name in names), strict=False)
    beginning = [each[0] for each in takewhile(lambda each: len(set(each)) == 1, words)]
    if beginning:
        return (f"{'-'.join(beginning)}-*",), f"({len(names)} jobs)"
    return tuple(names[:_NAMED]), f"and {len(names) - _NAMED} more"


def _instances(change: Change) -> str:
    if change.request is None or not starts(change):
        return ""
    return machines_of(change.request) if change.nature is Nature.RUNS else fleet_of(change.request)


def _market(change: Change) -> str:
    request = change.request
    return market_of(request) if request is not None and starts(change) else ""


def _time(change: Change, bill: Bill | None) -> str:
    if change.nature is Nature.STAYS or bill is None or not bill.items:
        return ""
    main = bill.items[0].what  # other items of a bill last as long, or end with it
    longest = duration(max(item.seconds for item in bill.items if item.what == main))
    return f"{longest} × {bill.attempts} attempts" if bill.attempts > 1 else longest
