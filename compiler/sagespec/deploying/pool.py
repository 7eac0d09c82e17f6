"""The services that a set of jobs needs (one a region, and this machine), planned, applied and followed as one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

from sagespec.building.request import Destination, Request
from sagespec.deploying.applying.applier import Applier, Outcome, carry_out
from sagespec.deploying.applying.endpoints import EndpointApplier
from sagespec.deploying.applying.slots import Slots
from sagespec.deploying.following.follow import Follower, Item, MergedQueue, News, follower_of
from sagespec.deploying.planning.changed_files import ChangedFiles, archive_before, changed_files
from sagespec.deploying.planning.deciding import DECIDERS, cannot_be_carried_out, in_order
from sagespec.deploying.planning.observed import Observed
from sagespec.deploying.planning.plan import Action, Change, Plan, PlanOptions, nature_of
from sagespec.deploying.planning.pruning import Gone, nothing_is_known
from sagespec.deploying.services import EndpointService, Foreseen, Progress, Service, ServiceError
from sagespec.deploying.side_by_side import each
from sagespec.deploying.trained import anything_of
from sagespec.kinds.lifecycle import Nature

Key = tuple[str, bool, Nature]
"""A region, whether it is this machine instead, and what the service has. The account is that of the credentials,
which is checked."""


APPLIERS: Mapping[Nature, Callable[..., Applier]] = {Nature.RUNS: Applier, Nature.STAYS: EndpointApplier}
"""(service, progress) → what carries out changes, for things of each nature."""


ASKING: Mapping[Nature, frozenset[Action]] = {
    Nature.RUNS: frozenset({Action.CREATE, Action.REPLACE}),
    Nature.STAYS: frozenset({Action.CREATE, Action.REPLACE, Action.UPDATE, Action.WAIT}),
}
"""What is to be done to carry out a request: what the service foresees of that stands in the plan."""


def no_endpoints(site: Destination) -> EndpointService:
    """Opens the service of endpoints where there is none."""
    raise ServiceError("there are no endpoints here")


@dataclass
class ServicePool:
    """Everything outside that some manifests have to do with."""

    make: Callable[[Destination], Service]
    """Opens a service of what runs; called once for each."""
    make_staying: Callable[[Destination], EndpointService] = no_endpoints
    """Opens a service of what stays; called once for each."""
    services: dict[Key, Service] = field(default_factory=dict)
    account: str = ""
    """That of the credentials; empty until somebody was asked."""

    def service(self, site: Destination, nature: Nature = Nature.RUNS) -> Service:
        """Who has the things of a nature at a place."""
        key = (site.region, site.local, nature)
        if key not in self.services:
            self.services[key] = self.make_staying(site) if nature is Nature.STAYS else self.make(site)
        return self.services[key]

    def of(self, request: Request) -> Service:
        """Who has, or will have, what a request asks for.

        Raises:
            ServiceError: nobody: requests of that kind are compiled only.
        """
        why = cannot_be_carried_out(request)
        if why:
            raise ServiceError(why)
        return self.service(request.site, nature_of(request))

    def check_account(self, requests: Sequence[Request]) -> list[Request]:
        """The requests that the credentials are not for: of another account.

        Raises:
            ServiceError: nobody says whose the credentials are.
        """
        remote = [request for request in requests if not request.site.local]
        if remote and not self.account:
            self.account = self.service(remote[0].site, nature_of(remote[0])).account()
        return [request for request in remote if request.site.account not in (None, self.account)]

    def insist_on_account(self, requests: Sequence[Request]) -> None:
        """Raises:
        ServiceError: the credentials are of another account.
        """
        for request in self.check_account(requests):
            raise ServiceError(self._not_ours(request))

    def plan(self, requests: Sequence[Request], options: PlanOptions, gone: Gone = nothing_is_known) -> Plan:
        """One plan over all services, in the order of the requests; what is pruned comes last.

        Args:
            gone: what the manifests that were read say of a job that none of them describes.

        Raises:
            ServiceError: a service failed or refused.
        """
        foreign = {id(request) for request in self.check_account(requests)}
        by_service: dict[int, tuple[Service, list[tuple[int, Request]]]] = {}
        changes: dict[int, Change] = {}
        for number, request in enumerate(requests):
            refusal = self._not_ours(request) if id(request) in foreign else cannot_be_carried_out(request)
            if refusal:
                changes[number] = Change(Action.REFUSE, refusal, request)
                continue
            service = self.of(request)
            by_service.setdefault(id(service), (service, []))[1].append((number, request))

        def made(of: tuple[Service, list[tuple[int, Request]]]) -> Plan:
            mine = [request for _, request in of[1]]
            seen = of[0].observe(mine, projects=options.prune)
            plan = DECIDERS[nature_of(mine[0])].decide_all(mine, seen, options, gone)
            return plan._replace(changes=tuple(_as_foreseen(of[0], change) for change in plan.changes))

        pruned: list[Change] = []
        notes: dict[str, None] = {}
        for (_, numbered), plan in zip(by_service.values(), each(made, by_service.values()), strict=True):
            changes |= {number: change for (number, _), change in zip(numbered, plan.changes, strict=False)}
            pruned += plan.changes[len(numbered) :]
            notes |= dict.fromkeys(plan.notes)
        if options.prune:
            more, more_notes = self._without_any(requests, gone)
            pruned += more
            notes |= dict.fromkeys(more_notes)
        ordered = in_order([changes[number] for number in range(len(requests))])
        return Plan((*ordered, *pruned), self.account, tuple(notes))

    def naming_files(self, plan: Plan) -> Plan:
        """The plan, with the names of the files that differ where it changes code: the archives of the jobs before are
        looked into, each once. Where that is not allowed, the plan says so, and stays a plan."""
        compared: dict[tuple[str, str], ChangedFiles] = {}

        def named(change: Change) -> Change:
            archive = archive_before(change)
            if archive is None or change.request is None:
                return change
            key = (archive, change.request.uploads[0].sha256 if change.request.uploads else "")
            if key not in compared:
                compared[key] = self._compared(archive, change)
            return change._replace(files=compared[key])

        return plan._replace(changes=tuple(map(named, plan.changes)))

    def _compared(self, archive: str, change: Change) -> ChangedFiles:
        with tempfile.TemporaryDirectory(prefix="sagespec-") as folder:
            path = Path(folder, "sourcedir.tar.gz")
            try:
                self.service_of(change).fetch(archive, path)
            except ServiceError as error:
                return ChangedFiles(unknown=f"the archive of the job before cannot be read: {error.message}")
            return changed_files(path, change)

    def _without_any(self, requests: Sequence[Request], gone: Gone) -> tuple[list[Change], list[str]]:
        """What is pruned of the natures of which no manifest is left at all: an endpoint goes on to cost."""
        changes: list[Change] = []
        notes: list[str] = []
        for region in dict.fromkeys(request.site.region for request in requests if not request.site.local):
            here = [each for each in requests if each.site.region == region and not each.site.local]
            for nature in DECIDERS.keys() - {nature_of(request) for request in here}:
                if nature is Nature.STAYS and self.make_staying is no_endpoints:
                    continue
                asking = list(map(anything_of, here)) if nature is Nature.RUNS else here
                try:
                    seen = list(self.service(here[0].site, nature).observe(asking, projects=True))
                except ServiceError as error:
                    what = "endpoints" if nature is Nature.STAYS else "training jobs"
                    notes.append(f"{what} without a manifest could not be looked for: {error.message}")
                    continue
                found, more = DECIDERS[nature].prune(here, seen, gone)
                changes += found
                notes += more
        return changes, notes

    def _not_ours(self, request: Request) -> str:
        return (
            f"the manifest is for account {request.site.account}, and the credentials are for {self.account}: give a "
            f"role (and account_id) of {self.account}, or credentials of {request.site.account}"
        )

    def service_of(self, change: Change) -> Service:
        """Where a change of a plan of this pool happens."""
        assert change.site is not None  # every change of a plan has one
        return self.service(change.site, change.nature)

    def apply(
        self, plan: Plan, options: PlanOptions, progress: Progress, slots: Slots | None = None
    ) -> Iterator[Outcome]:
        """Does what a plan of this pool says, side by side; one outcome a change, as they come.

        Args:
            slots: where the plan's training jobs run, those counted that run already; None for any number.
        """
        appliers: dict[int, Applier] = {}
        pairs = []
        for change in plan.changes:
            service = self.service_of(change)
            made = APPLIERS[change.nature](service, progress)
            if slots is not None and change.nature is Nature.RUNS:
                made.slots = slots
                for job in running_in(change):
                    slots.began(service, job.job_name)
            pairs.append((change, appliers.setdefault(id(service), made)))
        try:
            yield from carry_out(pairs, options)
        finally:
            if slots is not None:
                slots.close()


def _as_foreseen(service: Service, change: Change) -> Change:
    """The change, with what its service foresees of the request: a refusal is known before anything is done."""
    foresee = getattr(service, "foreseen", None)
    if foresee is None or change.request is None or change.action not in ASKING[change.nature]:
        return change
    found: Foreseen = foresee(change.request)
    if found.refusal:
        return change._replace(action=Action.REFUSE, reason=found.refusal, live={}, stops=(), removes=())
    return change._replace(notes=(*change.notes, *found.notes))


def running_in(change: Change) -> list[Observed]:
    """The jobs of a change that have not ended."""
    return [job for job in (change.seen, *change.stops, *change.beside) if job is not None and not job.ended]


class Following(Generic[Item]):
    """Jobs and endpoints of any services that are followed as one, with what else is put beside their news.

    The log of what stays is not followed: it has no end, and most of it is about requests.
    """

    def __init__(self, since: float = 0.0, *, logs: bool = True) -> None:
        """
        Args:
            since: log lines from before this time are passed over: seconds since 1970, UTC.
        """
        self._since, self._logs = since, logs
        self._followers: dict[int, Follower] = {}
        self._queue: MergedQueue[News | Item | None] = MergedQueue()
        self._listens = False

    def beside(self, items: Iterator[Item]) -> None:
        """Yields these, too; jobs may be added until they have ended."""

        def run(put: Callable[[Item | None], None]) -> None:
            for item in items:
                put(item)
            put(None)

        self._queue.listen(run)

    def add(self, job_name: str, service: Service) -> None:
        """Follows one more job; called by whoever listens."""
        follower = self._followers.get(id(service))
        if follower is None:
            logs = self._logs and not _has_endless_logs(service)
            follower = self._followers[id(service)] = follower_of(service, [], logs=logs, since=self._since)
            follower.open = True
            if self._listens:
                self._queue.listen(follower.run)
        follower.add(job_name)

    def close(self) -> None:
        """No more jobs are added."""
        for follower in self._followers.values():
            follower.close()

    def __iter__(self) -> Iterator[News | Item]:
        self._listens = True
        for follower in self._followers.values():
            self._queue.listen(follower.run)
        for event in self._queue:
            if event is None:
                self.close()
            else:
                yield event


def follow_all(jobs: Sequence[tuple[str, Service]], since: float = 0.0, *, logs: bool = True) -> Iterator[News]:
    """News of jobs and endpoints of any services until none changes any more; those of one service in their order."""
    following: Following[News] = Following(since, logs=logs)
    for job_name, service in jobs:
        following.add(job_name, service)
    following.close()
    return iter(following)


def _has_endless_logs(service: Service) -> bool:
    """Whether the logs of what a service runs never end."""
    return bool(getattr(service, "endless_logs", False))
