"""The worst case of what a job may cost: hours of instances, accelerators and volumes; money where prices are given."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sagespec.base.errors import SagespecError
from sagespec.base.named import NamedTuple

MONTH_HOURS = 730
"""Hours of the month that volumes are priced by."""
VOLUME = "volume_gb_month"
"""What a price file calls the price of one GB of volume for a month."""
HOSTING = "hosting"
"""What a price file calls the map of those instance types that cost something else in an endpoint. All its other names
are instance types."""


class PricesError(SagespecError):
    """A price file says something that is not a price. `path` is where."""

    def __init__(self, path: tuple[str, ...], message: str, hint: str = "") -> None:
        self.path = path
        super().__init__(message, hint)


class Prices(NamedTuple):
    """What things cost in one region, and since when we know."""

    date: str
    usd: Mapping[str, float]
    """Instance type → USD an hour; `VOLUME` → USD for a GB and month."""
    hosting: Mapping[str, float] = {}
    """The same, of what costs something else in an endpoint."""

    def of(self, item: BillItem) -> float | None:
        """What one instance costs an hour, or one GB a month; None where there is no price."""
        price = self.usd.get(item.kind)
        return self.hosting.get(item.kind, price) if item.hosted else price


def prices_of(data: Any, region: str) -> Prices:
    """The prices of one region, of a price file's content.

    Args:
        data: `{date: "2026-11-01", us-west-2: {ml.g5.xlarge: 1.41, volume_gb_month: 0.14}}` with real numbers.

    Raises:
        PricesError: it is not that.
    """
    form = 'date: "2026-11-01", then a map of types for each region, as us-west-2: {ml.g5.xlarge: 1.41}'
    if not isinstance(data, Mapping):
        raise PricesError((), "a price file is a map of regions", form)
    day = data.get("date")
    try:
        date.fromisoformat(str(day))
    except ValueError:
        raise PricesError(("date",), "the day that the prices are of is missing, or no date", form) from None
    for name, prices in data.items():
        if name != "date":
            _check(prices, (str(name),), form)
    found = data.get(region, {})
    hosting = found.get(HOSTING, {})
    return Prices(str(day), _numbers(found), _numbers(hosting))


def _check(prices: Any, path: tuple[str, ...], form: str) -> None:
    """Raises:
    PricesError: a map of prices is none.
    """
    if not isinstance(prices, Mapping):
        raise PricesError(path, f"'{path[-1]}' must be a map of instance types", form)
    for key, price in prices.items():
        if key == HOSTING and len(path) == 1:
            _check(price, (*path, key), form)
        elif isinstance(price, bool) or not isinstance(price, (int, float)) or price < 0:
            place = ", ".join(reversed(path))
            raise PricesError((*path, key), f"the price of {key} in {place} must be a number of USD per hour", form)


def _numbers(prices: Mapping[str, Any]) -> dict[str, float]:
    return {str(key): float(price) for key, price in prices.items() if key != HOSTING}


class BillItem(NamedTuple):
    """One thing that is paid for by the hour, for one attempt of a job."""

    what: str
    """`training`, `warm pool`, `volumes` or `rule NAME`."""
    kind: str
    """An instance type, or `VOLUME`."""
    amount: int
    """Instances; for volumes, GB over all instances."""
    seconds: int
    prepaid: bool = False
    """A training plan has paid for it."""
    limit: str = ""
    """The field that decides its time; nothing where no field does."""
    hosted: bool = False
    """It is an endpoint's."""

    @property
    def hours(self) -> float:
        """Instance-hours; for volumes, GB-hours."""
        return self.amount * self.seconds / 3600

    def usd(self, prices: Prices) -> float | None:
        """None where there is no price."""
        price = 0.0 if self.prepaid else prices.of(self)
        return None if price is None else self.hours * price / (MONTH_HOURS if self.kind == VOLUME else 1)


class Bill(NamedTuple):
    """What a job may cost at most."""

    items: tuple[BillItem, ...]
    """Of one attempt."""
    attempts: int
    """How often apply runs the job at most, failures included (`on_failure`)."""
    accelerators: Mapping[str, tuple[str, int]] = {}
    """Instance type → the model of its accelerators, and how many it has."""
    prices: Prices | None = None
    attempts_by: str = ""
    """The field that decides `attempts`."""
    spot: bool = False
    """The instances may be spot ones, which cost less than is counted here."""

    @property
    def instance_hours(self) -> dict[str, float]:
        """By instance type, over all attempts."""
        hours: dict[str, float] = {}
        for item in self.items:
            if item.kind != VOLUME:
                hours[item.kind] = hours.get(item.kind, 0.0) + item.hours * self.attempts
        return hours

    @property
    def accelerator_hours(self) -> dict[str, float]:
        """By the accelerator's model, over all attempts."""
        hours: dict[str, float] = {}
        for kind, amount in self.instance_hours.items():
            if kind in self.accelerators:
                model, count = self.accelerators[kind]
                hours[model] = hours.get(model, 0.0) + amount * count
        return hours

    @property
    def volume_gb_hours(self) -> float:
        return sum(item.hours for item in self.items if item.kind == VOLUME) * self.attempts

    @property
    def unpriced(self) -> tuple[str, ...]:
        """What has no price, where there are prices."""
        if self.prices is None:
            return ()
        return tuple(dict.fromkeys(item.kind for item in self.items if item.usd(self.prices) is None))

    @property
    def usd(self) -> float | None:
        """What all attempts cost at most, as far as there are prices; None where there is none at all."""
        if self.prices is None:
            return None
        known = [usd for item in self.items if (usd := item.usd(self.prices)) is not None]
        return sum(known) * self.attempts if known else None


def money(usd: float) -> str:
    """USD as people write it, rounded up to a cent: it is a bound."""
    return f"${math.ceil(round(usd * 100, 6)) / 100:,.2f}"


def hours(amount: float) -> str:
    """`2 h`, `0.5 h`, `1,234.5 h`."""
    return re.sub(r"\.?0+$", "", f"{amount:,.2f}") + " h"
