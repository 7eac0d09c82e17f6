"""AWS's public price list of Amazon SageMaker → the price file that `prices:` names.

The list is a file of the AWS Price List Bulk API, of one region or of all, as JSON or CSV; or what `aws pricing
get-products` prints. In all of them, a price goes with a product's attributes; JSON has them apart, and the columns of
the CSV have the attributes' names in other letters.

Sources: https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html;
    the usage types are those of bills: `USW2-Train:ml.m5.xlarge`, `Train:VolumeUsage.gp2`, `EU-Host:ml.m5.large`.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Any, TextIO

from sagespec.base.errors import SagespecError
from sagespec.base.named import NamedTuple
from sagespec.building.cost import HOSTING, VOLUME
from sagespec.reading.syntax.writer import yaml_text

SERVICE = "AmazonSageMaker"
ADDRESS = f"https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/{SERVICE}/current/REGION/index.json"
_USAGE = re.compile(r"(?:[A-Z0-9]+-)?(?P<use>Train|Host):(?P<kind>ml\.[a-z0-9-]+\.[a-z0-9]+|VolumeUsage\b.*)")
"""On demand; managed spot training (`TrSpt`), training plans, notebooks and clusters are called otherwise."""
_UNITS = {"Hrs": "hour", "GB-Mo": "month"}
_WRONG = f"download one: curl --remote-name {ADDRESS}"


class PriceListError(SagespecError):
    """A file is not a price list of Amazon SageMaker."""

    def __init__(self, message: str, hint: str = _WRONG) -> None:
        super().__init__(message, hint)


class PriceList(NamedTuple):
    """What things cost on demand."""

    date: str
    """When AWS published it: `2026-11-01`."""
    regions: dict[str, dict[str, float]]
    """Region → instance type (or `VOLUME`) → USD, of training jobs."""
    hosting: dict[str, dict[str, float]]
    """The same of endpoints."""


def read_price_list(file: TextIO, name: str) -> PriceList:
    """The prices of one file.

    Args:
        name: the file's, for messages.

    Raises:
        PriceListError: it is not a price list, or that of another service.
    """
    beginning = file.read(1)
    try:
        published, service, rows = _of_json(file, beginning) if beginning == "{" else _of_csv(file, beginning)
        if service != SERVICE:
            raise PriceListError(f"{name} is the price list of {service or 'nothing'}, not of {SERVICE}")
        made = PriceList(date.fromisoformat(published[:10]).isoformat(), {}, {})
        for row in rows:
            _add(made, row)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error, StopIteration):
        raise PriceListError(f"{name} is not a price list of {SERVICE}") from None
    if not made.regions:
        raise PriceListError(f"{name} has no price of a training job")
    return made


def price_file(lists: Iterable[PriceList], regions: Collection[str] = ()) -> str:
    """The text of a price file.

    Args:
        regions: those that are wanted; none for all that there are.

    Raises:
        PriceListError: a region that is wanted is in none of the lists.
    """
    lists = list(lists)
    known: dict[str, dict[str, Any]] = {}
    for one in lists:
        for region, prices in one.regions.items():
            known.setdefault(region, {}).update(_region(prices, one.hosting.get(region, {})))
    missing = [region for region in regions if region not in known]
    if missing:
        raise PriceListError(f"there are no prices of {', '.join(missing)} here, only of {', '.join(sorted(known))}")
    wanted = {region: known[region] for region in sorted(known) if not regions or region in regions}
    head = (
        "# USD an hour on demand, without spot and savings plans; written by `sagespec prices` from AWS's price list.\n"
        f"# {VOLUME}: USD for a GB and month; {HOSTING}: what costs something else in an endpoint.\n"
    )
    return head + yaml_text({"date": min(one.date for one in lists), **wanted})


def _region(prices: Mapping[str, float], hosting: Mapping[str, float]) -> dict[str, Any]:
    other = {kind: price for kind, price in sorted(hosting.items()) if prices.get(kind) != price}
    return {**dict(sorted(prices.items())), **({HOSTING: other} if other else {})}


def _add(made: PriceList, row: Mapping[str, str]) -> None:
    usage = _USAGE.fullmatch(row.get("usagetype", ""))
    if usage is None or row.get("unit") not in _UNITS or row.get("locationtype", "AWS Region") != "AWS Region":
        return
    price, region = float(row["usd"]), row.get("regioncode", "")
    if not price or not region:
        return
    kind = VOLUME if row["unit"] == "GB-Mo" else usage["kind"]
    prices = (made.regions if usage["use"] == "Train" else made.hosting).setdefault(region, {})
    prices[kind] = max(price, prices.get(kind, 0.0))  # a bill is a bound


def _of_json(file: TextIO, beginning: str) -> tuple[str, str, Iterator[dict[str, str]]]:
    data = json.loads(beginning + file.read())
    if "PriceList" in data:
        return _of_answer([json.loads(one) if isinstance(one, str) else one for one in data["PriceList"]])
    return data["publicationDate"], data["offerCode"], _rows(data["products"], data["terms"]["OnDemand"])


def _of_answer(found: list[dict[str, Any]]) -> tuple[str, str, Iterator[dict[str, str]]]:
    """GetProducts gives a product with its terms at a time."""
    products = {one["product"]["sku"]: one["product"] for one in found}
    terms = {one["product"]["sku"]: one["terms"].get("OnDemand", {}) for one in found}
    services = {one["serviceCode"] for one in found}
    return min(one["publicationDate"] for one in found), ", ".join(sorted(services)), _rows(products, terms)


def _rows(products: Mapping[str, Any], terms: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for sku, product in products.items():
        attributes = {_plain(name): value for name, value in product["attributes"].items()}
        for term in terms.get(sku, {}).values():
            for dimension in term["priceDimensions"].values():
                usd = dimension["pricePerUnit"].get("USD")
                if usd is not None:
                    yield {**attributes, "unit": dimension["unit"], "usd": usd}


def _of_csv(file: TextIO, beginning: str) -> tuple[str, str, Iterator[dict[str, str]]]:
    """Five rows about the file, then a row of names, then the prices."""
    rows = csv.reader(io.StringIO(beginning + file.read(), newline=""))
    about = dict(row[:2] for row in islice(rows, 5))
    names = [_plain(name) for name in next(rows)]
    return about["Publication Date"], about["OfferCode"], _priced(names, rows)


def _priced(names: list[str], rows: Iterable[list[str]]) -> Iterator[dict[str, str]]:
    for values in rows:
        row = dict(zip(names, values, strict=False))
        if row["termtype"] == "OnDemand" and row["currency"] == "USD":
            yield {**row, "usd": row["priceperunit"]}


def _plain(name: str) -> str:
    """`regionCode` and `Region Code` are one name."""
    return name.replace(" ", "").lower()
