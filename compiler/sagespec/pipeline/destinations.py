"""Where a job is to run: its region and account, or this machine.

A job may be partial here: a field that is wrong is not among its members, and reading it would raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sagespec.base.source import value_at
from sagespec.building.draft import account_of
from sagespec.building.request import Destination
from sagespec.kinds import Kind
from sagespec.pipeline.results import Options

LOCAL_REGION, LOCAL_ACCOUNT = "us-east-1", "000000000000"
"""Where a local run is, as far as its request has to say so."""


_destination = lru_cache(maxsize=256)(Destination)
"""One for all jobs of a region and an account: of each job its texts are kept as long as the run goes on."""


class Destinations:
    """Those of one run."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.may_ask = options.may_ask
        """Whether the service may be asked by now."""
        self._service_account: str | None = None
        self._region = region_of(options.inputs.environ)

    def of(self, job: Any, kind: Kind) -> Destination:
        if self.is_here(job):
            return _destination(job.members().get("region") or LOCAL_REGION, LOCAL_ACCOUNT, True)
        return _destination(self.region(job) or "", self.account(job, kind))

    def is_here(self, job: Any) -> bool:
        return self._options.local or job.members().get("instance_type") in ("local", "local_gpu")

    def region(self, job: Any) -> str | None:
        return job.members().get("region") or self._region

    def account(self, job: Any, kind: Kind) -> str | None:
        """The manifest's, else the run's, else (for apply) what the service says, asked once."""
        role = _role_of(job, kind)
        account = account_of(role, job.members().get("account_id")) or self._options.account
        ask = self._options.ask_account
        if account is None and role and ask is not None and self.may_ask and not self.is_here(job):
            account = self.service_account(self.region(job) or "")
        return account

    def service_account(self, region: str) -> str:
        """What the service says, asked once a run."""
        if self._service_account is None:
            assert self._options.ask_account is not None  # it is asked only where somebody can be
            self._service_account = self._options.ask_account(region)
        return self._service_account

    def must_ask(self, job: Any, kind: Kind) -> bool:
        """Whether the account is for the service to say, which may not be asked yet."""
        asks = self._options.ask_account is not None and not self.may_ask and not self.is_here(job)
        return asks and bool(_role_of(job, kind)) and self.account(job, kind) is None


def region_of(environ: Mapping[str, str]) -> str | None:
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None


def _role_of(job: Any, kind: Kind) -> str | None:
    """The role of a job that may be partial: the field's, else the one that `request:` gives."""
    known = job.members()
    if known.get("role"):
        return str(known["role"])
    value = value_at(known.get("request"), kind.role_member)
    return value if isinstance(value, str) else None
