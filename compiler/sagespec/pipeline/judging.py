"""Judges the draft of a request (its files, the API's model, its price), and seals it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from sagespec.base.diagnostic import Diagnostic, Finding, Rejected, Severity, bounded
from sagespec.base.files import Files
from sagespec.base.source import Path
from sagespec.building import api_check
from sagespec.building.archive import ArchiveError
from sagespec.building.draft import Draft, seal
from sagespec.catalog import Facts
from sagespec.kinds import Kind
from sagespec.kinds.lifecycle import Nature
from sagespec.reading.render import Manifest

if TYPE_CHECKING:  # imported where a request is made
    from sagespec.building.pricing import Pricing, Totals
    from sagespec.building.request import Request


_OF_PRICES = frozenset({"prices", "max_job_cost", "max_total_cost"})
"""Settings that say what jobs cost, or may."""


class DraftJudge:
    """Judges and seals the drafts of one run."""

    def __init__(self, knowledge: Facts, files: Files, *, build: bool) -> None:
        """
        Args:
            build: drafts that are right will be sealed.
        """
        self._facts = knowledge
        self._files = files
        self._build = build
        self.totals: Totals | None = None
        """What the jobs that have been judged may cost together; None where no bill was made."""

    @cached_property
    def pricing(self) -> Pricing:
        from sagespec.building.pricing import Pricing

        return Pricing(self._files)

    def take(self, totals: Totals) -> None:
        """Adds what jobs may cost that were judged elsewhere."""
        if self.totals is None:
            self.totals = totals
        else:
            self.totals.take(totals)

    def exceeded(self) -> Iterator[Diagnostic]:
        """What only all jobs of a run show."""
        return iter(()) if self.totals is None else self.totals.exceeded()

    def of(self, manifest: Manifest, kind: Kind, draft: Draft, said: Collection[Diagnostic]) -> Iterator[Diagnostic]:
        """What is wrong with a draft. One error is reported for each field.

        Args:
            said: what has been reported of the manifest.
        """
        wrong = {found.field for found in said if found.severity is Severity.ERROR}
        found = [_placed(manifest, "unusable-files", each) for each in draft.unusable]
        if not draft.request.site.local:
            found += _refused_by_api(manifest, kind, draft)
        fresh = _unreported(found, wrong) if found else []
        yield from bounded(fresh)
        yield from self._priced(manifest, kind, draft)
        if not wrong and not fresh:
            yield from (_placed(manifest, "incomplete-request", each) for each in draft.incomplete)
        if not self._build:  # apply can ask for the account, so that validate only warns
            for rule, each in draft.needed:
                if rule == "missing-account":
                    yield _placed(manifest, rule, each)._replace(severity=Severity.WARNING)

    def _priced(self, manifest: Manifest, kind: Kind, draft: Draft) -> Iterator[Diagnostic]:
        """What there is to say of the price, where the defaults name some."""
        site = draft.request.site
        if site.local or _OF_PRICES.isdisjoint(manifest.settings):
            return
        from sagespec.building.pricing import Totals, judge

        try:
            priced = self._with_prices(manifest, draft)
        except Rejected as rejected:
            yield from rejected.diagnostics
            return
        bill = None if draft.unknown or priced is None else kind.bill(priced, self._facts, 1)
        yield from judge(manifest, draft.request.name, site.region, bill)
        if bill is not None and kind.lifecycle.nature is Nature.RUNS:
            self.totals = self.totals or Totals()
            self.totals.add(manifest, draft.request.name, bill)

    def _with_prices(self, manifest: Manifest, draft: Draft) -> Request | None:
        """The draft's request with what things cost in its region; None where no region is known."""
        request, region = draft.request, draft.request.site.region
        if not region:
            return None
        return request._replace(prices=self.pricing.prices(manifest, region))

    def sealed(self, manifest: Manifest, kind: Kind, draft: Draft) -> tuple[Request | None, list[Diagnostic]]:
        """(the request, what stands in its way)"""
        if draft.needed:
            return None, [_placed(manifest, rule, finding) for rule, finding in draft.needed]
        if draft.unknown:
            return None, [_left_out(manifest, kind, member) for member in sorted(draft.unknown, key=str)]
        try:
            request = seal(draft)
        except ArchiveError as error:
            return None, [_placed(manifest, "unusable-files", Finding(error.field, error.message, error.hint))]
        if not request.site.local and manifest.settings.get("prices") is not None:
            request = request._replace(prices=self.pricing.prices(manifest, request.site.region))
        return request, []


def _refused_by_api(manifest: Manifest, kind: Kind, draft: Draft) -> Iterator[Diagnostic]:
    # That there is no name, or which is wrong with it, has been said.
    request = draft.request if draft.request.name else draft.request._replace(name="name")
    for operation, body in request.samples(draft.named):
        for complaint in api_check.check(body, operation):
            if complaint.kind == "enum" and "request" not in manifest.data:
                continue  # such a list may have grown since; what the fields allow, the rules judge
            if any(complaint.about[: len(left_out)] == left_out for left_out in draft.unknown):
                continue
            path = _field_of(manifest, kind, operation, complaint.about) or _field_of(
                manifest, kind, operation, complaint.path
            )
            message = f"SageMaker would refuse the request: {complaint.sentence}"
            yield _placed(manifest, "refused-by-api", Finding(path, message))


def _placed(manifest: Manifest, rule: str, finding: Finding) -> Diagnostic:
    place = manifest.where(finding.path)
    return Diagnostic(place, Severity.ERROR, rule, finding.message, finding.hint, finding.path)


def _left_out(manifest: Manifest, kind: Kind, member: Path) -> Diagnostic:
    """A member that cannot be made although nobody complains: an error that says why is silenced."""
    fields = (kind.field_of(operation, member) for operation in kind.overrides)
    field = next((field for field in fields if field is not None), None)
    message = f"{'.'.join(map(str, member))} cannot be made of a wrong value, whatever is allowed"
    finding = Finding(() if field is None else (field,), message, "correct the value that --allow is silent about")
    return _placed(manifest, "incomplete-request", finding)


def _unreported(found: Iterable[Diagnostic], wrong: Iterable[Path]) -> list[Diagnostic]:
    """Those for which no error has been reported: not for the field, for nothing in it, and not for what holds it."""
    reported = {path for path in wrong if path}
    above = {path[:length] for path in reported for length in range(len(path))}

    def is_reported(field: Path) -> bool:
        return field in above or any(field[:length] in reported for length in range(1, len(field) + 1))

    return [each for each in found if not is_reported(each.field)]


def _field_of(manifest: Manifest, kind: Kind, operation: str, member: Path) -> Path:
    """The field that a member of a request comes from; where it overrides it, if it was set there."""
    if not member:
        return ()
    at = kind.overrides[operation]
    overridden = _there(manifest.data, (*at, *member))
    if len(overridden) == len(at) + len(member):
        return overridden
    field = kind.field_of(operation, member)
    if field is None:
        return ()
    if field not in manifest.data and kind.field_of(operation, overridden[len(at) :]) == field:
        return overridden  # the override sets what the field is for, and lacks something of it
    inside = member[1:] if field in ("hyperparameters", "environment") else member[2:] if field == "env" else ()
    return (field, *inside)


def _there(data: object, path: Path) -> Path:
    """As much of a path as there is in some data."""
    for length, step in enumerate(path):
        if isinstance(data, Mapping) and step in data:
            data = data[str(step)]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return path[:length]
    return path
