"""Which objects a channel in Pipe mode streams to which host; `pipes` streams them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sagespec.deploying.services.local.container import channels, pipes
from sagespec.deploying.services.local.container.channels import DataError
from sagespec.deploying.services.local.folder import HostFolder, LocalStore, write_json


def is_piped(channel: Mapping[str, Any], training_input_mode: str) -> bool:
    return (channel.get("InputMode") or training_input_mode) == "Pipe"


def groups_of(channel: Mapping[str, Any], store: LocalStore) -> list[list[pipes.Item]]:
    """What a channel streams: an object, or a line of an augmented manifest, is one group.

    Raises:
        DataError: the data cannot be had.
    """
    source = channel["DataSource"]["S3DataSource"]
    if source.get("S3DataType") != "AugmentedManifestFile":
        return [[{"path": str(found.fetch())}] for found in channels.files_of(channel, store)]
    lines = [line for found in channels.files_of(channel, store) for line in found.fetch().read_text().splitlines()]
    return [_attributes(line, source.get("AttributeNames", ()), channel, store) for line in lines if line.strip()]


def _attributes(line: str, names: Sequence[str], channel: Mapping[str, Any], store: LocalStore) -> list[pipes.Item]:
    """One record for each attribute, in the order of their names; what ends in `-ref` names an object.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/augmented-manifest-stream.html
    """
    values: dict[str, Any] = json.loads(line)
    items: list[pipes.Item] = []
    for name in names:
        if name not in values:
            raise DataError(f"channel '{channel['ChannelName']}': a line of the manifest has no '{name}': {line[:80]}")
        value = values[name]
        if name.endswith("-ref"):
            items += [{"path": str(found.fetch())} for found in _object(value, channel, store)]
        else:
            items.append({"text": value if isinstance(value, str) else json.dumps(value)})
    return items


def _object(uri: str, channel: Mapping[str, Any], store: LocalStore) -> list[channels.ChannelFiles]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}
    return channels.files_of({"ChannelName": channel["ChannelName"], "DataSource": source}, store)


def served(channel: Mapping[str, Any], groups: Sequence[Any], place: Path, part: int, parts: int) -> dict[str, Any]:
    """A channel as `pipes` serves it to one host."""
    source = channel["DataSource"]["S3DataSource"]
    shared = source.get("S3DataDistributionType") == "ShardedByS3Key"
    return {
        "place": str(place),
        "groups": groups,
        "gzip": channel.get("CompressionType") == "Gzip",
        "wrap": channel.get("RecordWrapperType") == "RecordIO",
        "seed": channel.get("ShuffleConfig", {}).get("Seed"),
        "part": part if shared else 0,
        "parts": parts if shared else 1,
    }


def lay(served: Iterable[Mapping[str, Any]], folder: HostFolder, plan: Path) -> None:
    """Makes the first FIFO of every channel, and writes down what the feeder does; a run before this is forgotten."""
    channels = list(served)
    shutil.rmtree(folder.path / "pipe_state", ignore_errors=True)
    for channel in channels:
        place = Path(channel["place"])
        for old in place.parent.glob(f"{place.name}_*"):
            if old.is_fifo():
                old.unlink()
        pipes.make(Path(f"{place}_0"))
    write_json(plan, channels)
