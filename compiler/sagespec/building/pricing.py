"""Finds the price file that the defaults name, and holds what jobs may cost against what they are allowed to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from math import fsum
from pathlib import Path as FilePath
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Rejected, Severity
from sagespec.base.files import Files
from sagespec.base.source import Place
from sagespec.building.cost import VOLUME, Bill, Prices, PricesError, money, prices_of
from sagespec.reading.render import Manifest
from sagespec.reading.syntax.document import Document
from sagespec.reading.syntax.reader import load, read


class Pricing:
    """The price files of one run, each read once."""

    def __init__(self, files: Files) -> None:
        self._disk = files
        self._files: dict[FilePath, Document] = {}

    def prices(self, manifest: Manifest, region: str) -> Prices | None:
        """The prices that hold for a job; None where the defaults name no file.

        Raises:
            Rejected: the file is not there, or holds something that is not a price.
        """
        name = manifest.settings.get("prices")
        if name is None:
            return None
        place = manifest.where(("prices",))
        if not isinstance(name, str):
            raise _rejected(manifest, ("prices",), "wrong-type", "prices must be the path of a price file")
        path = manifest.origin(("prices",))[0].document.source.folder / name
        if not self._disk.is_file(path):
            hint = f"relative paths start at the folder of '{place.source.name}'"
            raise _rejected(manifest, ("prices",), "unusable-prices", f"there is no price file '{name}'", hint)
        document = self._document(path, name, manifest)
        try:
            return prices_of(document.data, region)
        except PricesError as error:
            where = document.where(error.path)
            found = Diagnostic(where, Severity.ERROR, "unusable-prices", error.message, error.hint)
            raise Rejected([found]) from None

    def _document(self, path: FilePath, name: str, manifest: Manifest) -> Document:
        if path not in self._files:
            document = next(read(load(str(path), files=self._disk)), None)
            if document is None:
                raise _rejected(manifest, ("prices",), "unusable-prices", f"the price file '{name}' is empty")
            self._files[path] = document
        return self._files[path]


LIMITS = ("max_job_cost", "max_total_cost")
"""Settings that bound what may be spent; without prices they mean nothing."""


def judge(manifest: Manifest, name: str, region: str, bill: Bill | None) -> Iterator[Diagnostic]:
    """What there is to say about the price of what a manifest asks for.

    Args:
        bill: None where it is not known yet what is asked for.
    """
    for setting in LIMITS:
        yield from _misused(manifest, setting)
    limit = limit_of(manifest, "max_job_cost")
    if bill is None or bill.prices is None:
        return
    for kind in bill.unpriced:
        what = "volumes" if kind == VOLUME else kind
        message = f"the prices of {bill.prices.date} have none for {what} in {region}"
        hint = f"add to the price file: {region}: {{{kind}: USD}}; the bill leaves it out"
        yield _diagnostic(manifest, ("instance_type",), "unknown-price", message, hint, Severity.WARNING)
    if limit is not None and bill.usd is not None and bill.usd > limit:
        attempts = f" in {bill.attempts} attempts" if bill.attempts > 1 else ""
        message = f"'{name}' may cost {money(bill.usd)}{attempts}, and max_job_cost is {money(limit)}"
        fields = dict.fromkeys(item.limit for item in bill.items if item.limit)
        by_attempts = [bill.attempts_by or "on_failure.max_attempts"] if bill.attempts > 1 else []
        hint = f"lower {' or '.join([*fields, 'instance_count', *by_attempts])}, or raise it"
        yield _diagnostic(manifest, ("max_job_cost",), "job-costs-too-much", message, hint)


def limit_of(manifest: Manifest, setting: str) -> float | None:
    """A bound in USD; None where there is none that can be used."""
    limit: Any = manifest.settings.get(setting)
    usable = isinstance(limit, (int, float)) and not isinstance(limit, bool)
    return limit if usable and manifest.settings.get("prices") is not None else None


def _misused(manifest: Manifest, setting: str) -> Iterator[Diagnostic]:
    limit: Any = manifest.settings.get(setting)
    if limit is None:
        return
    if isinstance(limit, bool) or not isinstance(limit, (int, float)):
        yield _diagnostic(
            manifest, (setting,), "wrong-type", f"{setting} must be a number of USD", f"write {setting}: 50"
        )
    elif manifest.settings.get("prices") is None:
        message = f"{setting} means nothing without prices"
        hint = "name a price file beside it: prices: prices.yaml (`sagespec prices` makes one)"
        yield _diagnostic(manifest, (setting,), "unknown-price", message, hint, Severity.WARNING)


@dataclass
class _Sum:
    """What the jobs under one `max_total_cost` may cost so far."""

    place: Place
    environment: str | None
    limit: float
    usd: dict[tuple[str, str], float] = dataclass_field(default_factory=dict)
    """Of each job, by its manifest and its name: one that is judged twice counts once, and added up at the end, the sum
    does not depend on their order."""


class Totals:
    """What the jobs of one run may cost together, under each `max_total_cost` and in each environment."""

    def __init__(self) -> None:
        self._sums: dict[tuple[object, ...], _Sum] = {}

    def add(self, manifest: Manifest, name: str, bill: Bill) -> None:
        limit = limit_of(manifest, "max_total_cost")
        if limit is None or bill.usd is None:
            return
        place = manifest.where(("max_total_cost",))
        key = (place.source.name, place.span, manifest.environment)
        sum_ = self._sums.setdefault(key, _Sum(place, manifest.environment, limit))
        sum_.usd[manifest.document.source.name, name] = bill.usd

    def take(self, others: Totals) -> None:
        """Adds what was summed up elsewhere in the same run."""
        for key, other in others._sums.items():
            self._sums.setdefault(key, replace(other, usd={})).usd.update(other.usd)

    def exceeded(self) -> Iterator[Diagnostic]:
        """One finding for each bound that is exceeded."""
        for sum_ in self._sums.values():
            together = fsum(sum_.usd.values())
            usd, name = max((usd, name) for (_, name), usd in sum_.usd.items())
            if together > sum_.limit:
                where = f" in environment {sum_.environment}" if sum_.environment else ""
                message = (
                    f"{len(sum_.usd)} jobs may cost {money(together)} together{where}, and max_total_cost is "
                    f"{money(sum_.limit)}; the dearest is '{name}' with {money(usd)}"
                )
                hint = "lower max_run or on_failure.max_attempts, take some of the jobs only (--job GLOB), or raise it"
                rule, field = "jobs-cost-too-much", ("max_total_cost",)
                yield Diagnostic(sum_.place, Severity.ERROR, rule, message, hint, field)


def _diagnostic(
    manifest: Manifest,
    path: tuple[str, ...],
    rule: str,
    message: str,
    hint: str = "",
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    return Diagnostic(manifest.where(path), severity, rule, message, hint, path)


def _rejected(manifest: Manifest, path: tuple[str, ...], rule: str, message: str, hint: str = "") -> Rejected:
    return Rejected([_diagnostic(manifest, path, rule, message, hint)])
