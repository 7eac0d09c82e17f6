"""AWS's own algorithms: the channels and hyperparameters that their images take, and the accounts that have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.catalog.tables import table


class Algorithm(NamedTuple):
    """One of AWS's algorithms, in the version of an image."""

    repository: str
    title: str
    channels: tuple[str, ...]
    """Those that it needs."""
    optional_channels: tuple[str, ...]
    hyperparameters: Mapping[str, str]
    """Name → what a value may be, as `refused` reads it; empty where no source lists them."""
    required: tuple[str, ...]
    needed: Mapping[str, tuple[str, tuple[str, ...]]]
    """Name → another one, and the values of that which make the first needed."""
    exact: bool
    """Its own code is the source, so that values are known to the letter."""
    runs_scripts: bool
    content_types: tuple[str, ...]
    """Those that it takes; empty where that is not known."""
    content_type: str
    """What it takes for granted where a channel has none."""
    instances: int | None
    """How many it can train on; None for any number."""
    gpus: bool
    """It is documented for instances with GPUs only."""
    checkpoints: bool
    """It keeps checkpoints."""

    def refused(self, name: str, text: str) -> str | None:
        """What a hyperparameter wants instead of `text`; None where it takes it."""
        wanted = self.hyperparameters[name]
        takes = any(_fits(each, text, exact=self.exact) for each in wanted.split(" | "))
        return None if takes else _describe_values(wanted)


def algorithm(repository: str, tag: str) -> Algorithm | None:
    """The algorithm in one of AWS's repositories, by the tag of its image; None where the repository holds none."""
    row = table("algorithms")["algorithms"].get(repository)
    if row is None:
        return None
    return Algorithm(
        repository=repository,
        title=row["title"],
        channels=tuple(row["channels"].split()),
        optional_channels=tuple(row["optional_channels"].split()),
        hyperparameters=dict(_hyperparameters(row, tag)),
        required=tuple(row["required"].split()),
        needed={name: (other, tuple(values.split())) for name, (other, values) in row.get("needed", {}).items()},
        exact=row.get("exact", False),
        runs_scripts=row.get("runs_scripts", False),
        content_types=tuple(row.get("content_types", "").split()),
        content_type=row.get("content_type", ""),
        instances=row.get("instances"),
        gpus=row.get("gpus", False),
        checkpoints=row.get("checkpoints", False),
    )


def algorithm_image(name: str, region: str) -> str | None:
    """The image of an algorithm that has one version only, by the SDK's name for it; None where there is none.

    Source: https://github.com/aws/sagemaker-python-sdk/blob/v2.257.6/src/sagemaker/image_uris.py (retrieve)
    """
    row, regions = table("algorithms")["algorithms"].get(name), table("regions")
    accounts = registries(name).get(region)
    if row is None or row["table"] != name or not accounts or region not in regions["regions"]:
        return None
    suffix = regions["partitions"][regions["regions"][region]]
    return f"{accounts[0]}.dkr.ecr.{region}.{suffix}/{name}:1"


def _hyperparameters(row: Mapping[str, Any], tag: str) -> Iterator[tuple[str, str]]:
    """Those of the version that the tag begins with; of the newest, for a tag that is not known."""
    versions = row.get("versions", "").split()
    version = next((each for each in versions if re.match(re.escape(each) + "(?![0-9])", tag)), "")
    at = versions.index(version) if version else len(versions)
    later = {name for since in versions[at + 1 :] for name in row["since"].get(since, "").split()}
    gone = {name for until in versions[:at] for name in row["until"].get(until, "").split()}
    for wanted, names in row.get("hyperparameters", {}).items():
        for name in names.split():
            if name not in later and name not in gone:
                yield name, wanted


@lru_cache(maxsize=64)
def registries(repository: str) -> Mapping[str, tuple[str, ...]]:
    """Region → the accounts in which AWS keeps a repository of training images; nothing for other repositories."""
    known = table("registries")
    of_regions = known["sets"].get(known["repositories"].get(repository), {})
    return {region: tuple(accounts) for region, accounts in of_regions.items()}


def registry_sets() -> Iterator[tuple[tuple[str, ...], Mapping[str, tuple[str, ...]]]]:
    """(repositories, their registries) for those that AWS keeps in the same accounts."""
    known = table("registries")["repositories"]
    for one in dict.fromkeys(known.values()):
        names = tuple(name for name, group in known.items() if group == one)
        yield names, registries(names[0])


_INTERVAL = r"(?P<kind>integer|number)(?: (?P<low>[\[(])(?P<least>[^,]*), ?(?P<most>[^\])]*)(?P<high>[\])]))?"


def _fits(wanted: str, text: str, *, exact: bool) -> bool:
    """Whether a value is one of a sort: `text`, a choice, or a number in an interval."""
    if wanted == "text":
        return True
    found = re.fullmatch(_INTERVAL, wanted)
    if found is None:
        return text == wanted if exact else text.strip().casefold() == wanted.casefold()
    try:
        number = float(text)
        if found["kind"] == "integer" and exact:
            int(text)
    except ValueError:
        return False
    if found["kind"] == "integer" and not number.is_integer():
        return False
    if found["least"] and (number < float(found["least"]) or (found["low"] == "(" and number == float(found["least"]))):
        return False
    return not (
        found["most"] and (number > float(found["most"]) or (found["high"] == ")" and number == float(found["most"])))
    )


def _describe_values(wanted: str) -> str:
    """`auto or a number of 0 or more`."""
    *first, last = [_describe_value(each) for each in wanted.split(" | ")]
    return f"{', '.join(first)} or {last}" if first else last


def _describe_value(wanted: str) -> str:
    found = re.fullmatch(_INTERVAL, wanted)
    if found is None:
        return wanted
    kind = {"integer": "a whole number", "number": "a number"}[found["kind"]]
    least, most = found["least"], found["most"]
    if least and most:
        edges = f" from {least} to {most}"
        open_ends = [end for end, bracket in ((least, found["low"]), (most, found["high"])) if bracket in "()"]
        return kind + edges + (f" ({' and '.join(open_ends)} excluded)" if open_ends else "")
    if least:
        return f"{kind} above {least}" if found["low"] == "(" else f"{kind} of {least} or more"
    return kind
