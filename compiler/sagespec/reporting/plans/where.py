"""Where a plan would have its effect: account, environment, region, or this machine."""

from __future__ import annotations

from sagespec.base.named import NamedTuple
from sagespec.deploying.planning.plan import Plan

UNASKED = "Offline: nobody was asked what exists, so every job counts as new"


class Where(NamedTuple):
    """Whose, and where; nothing twice."""

    accounts: tuple[str, ...]
    """That of the credentials; offline, those that the manifests name."""
    environments: tuple[str, ...]
    """Of the defaults (`--env`)."""
    regions: tuple[str, ...]
    local: bool
    """Something of it runs on this machine."""
    offline: bool

    @property
    def labels(self) -> list[str]:
        """`account 123456789012`, `environment prod`, `us-west-2`."""
        accounts = f"account {', '.join(self.accounts)}" if self.accounts else ""
        environments = f"environment {', '.join(self.environments)}" if self.environments else ""
        here = "this machine" if self.local else ""
        return [labels for labels in (accounts, environments, ", ".join(self.regions), here) if labels]


def where(plan: Plan) -> Where:
    sites = [change.site for change in plan.changes if change.site is not None]
    remote = [site for site in sites if not site.local]
    accounts = [plan.account] if plan.account else [site.account for site in remote if site.account]
    things = [change.request or change.seen for change in plan.changes]
    environments = [thing.environment for thing in things if thing is not None and thing.environment]
    return Where(
        tuple(dict.fromkeys(accounts)) if remote else (),
        tuple(dict.fromkeys(environments)),
        tuple(dict.fromkeys(site.region for site in remote)),
        any(site.local for site in sites),
        plan.offline and bool(remote),
    )
