"""The services that a set of jobs needs (one a region, and this machine), planned, applied and followed as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sagespec.building.targets import Request, Site
from sagespec.deploying.applier import Applier, Outcome
from sagespec.deploying.follow import News, follower_of, heard
from sagespec.deploying.planner import Change, Plan, Wish, decide_all
from sagespec.deploying.services import Progress, Service

Key = tuple[str, bool]
"""A region, and whether it is this machine instead."""


@dataclass
class World:
    """Everything outside that some jobs have to do with."""

    make: Callable[[Site], Service]
    """Opens a service; called once for each."""
    services: dict[Key, Service] = field(default_factory=dict)
    _pruned: dict[str, Service] = field(default_factory=dict)
    """Where the jobs are that have no manifest any more."""

    def service(self, site: Site) -> Service:
        key = (site.region, site.local)
        if key not in self.services:
            self.services[key] = self.make(site)
        return self.services[key]

    def plan(self, requests: Sequence[Request], wish: Wish) -> Plan:
        """One plan over all services, in the order of the requests; what is pruned comes last.

        Raises:
            ServiceError: a service failed or refused.
        """
        changes: dict[int, Change] = {}
        pruned: list[Change] = []
        by_service: dict[int, tuple[Service, list[tuple[int, Request]]]] = {}
        for number, request in enumerate(requests):
            service = self.service(request.site)
            by_service.setdefault(id(service), (service, []))[1].append((number, request))
        for service, numbered in by_service.values():
            mine = [request for _, request in numbered]
            made = decide_all(mine, service.observe(mine, projects=wish.prune), wish).changes
            changes |= {number: change for (number, _), change in zip(numbered, made, strict=False)}
            pruned += made[len(mine) :]
            self._pruned |= {change.job_name: service for change in made[len(mine) :]}
        return Plan((*(changes[number] for number in range(len(requests))), *pruned))

    def service_of(self, change: Change) -> Service:
        """Where a change of a plan of this world happens."""
        return self._pruned[change.job_name] if change.request is None else self.service(change.request.site)

    def apply(self, plan: Plan, wish: Wish, progress: Progress) -> Iterator[Outcome]:
        """Does what a plan of this world says; one outcome a change, in order."""
        appliers: dict[int, Applier] = {}
        for change in plan.changes:
            service = self.service_of(change)
            applier = appliers.setdefault(id(service), Applier(service, progress))
            yield from applier.apply(Plan((change,)), wish)


def follow_all(jobs: Sequence[tuple[str, Service]]) -> Iterator[News]:
    """News of jobs of any services until all have ended; those of one service in their order."""
    by_service: dict[int, tuple[Service, list[str]]] = {}
    for job_name, service in jobs:
        by_service.setdefault(id(service), (service, []))[1].append(job_name)
    return heard([follower_of(service, names) for service, names in by_service.values()])
