"""What an endpoint costs: for as long as it stands."""

from __future__ import annotations

from sagespec.building.cost import MONTH_HOURS, VOLUME, Bill, BillItem
from sagespec.building.request import Request
from sagespec.catalog import Facts


def bill(request: Request, facts: Facts, _attempt: int = 1) -> Bill:
    """The instances and volumes of a month. Serverless endpoints are paid for by the request, which nobody knows.

    Source: https://aws.amazon.com/sagemaker/pricing/
    """
    seconds = MONTH_HOURS * 3600
    items = []
    config = request.calls[1].template
    for variant in (*config.get("ProductionVariants", ()), *config.get("ShadowProductionVariants", ())):
        count, kind = variant.get("InitialInstanceCount", 0), variant.get("InstanceType")
        if kind is None:
            continue
        items.append(BillItem("hosting", kind, count, seconds, hosted=True))
        if "VolumeSizeInGB" in variant:
            items.append(BillItem("volumes", VOLUME, variant["VolumeSizeInGB"] * count, seconds, hosted=True))
    return Bill(tuple(items), 1, prices=request.prices)
