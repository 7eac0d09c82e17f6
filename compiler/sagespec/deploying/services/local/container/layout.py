"""Fills a job's folder: configuration, code, data, and what its hosts and attempts share."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sagespec.deploying.services.local.container import artifacts, channels, contract, optml, streams
from sagespec.deploying.services.local.container.channels import DataError
from sagespec.deploying.services.local.folder import HostFolder, write_json
from sagespec.deploying.services.local.job import LocalJob
from sagespec.deploying.services.local.running.cluster import BRIDGED, LOOPBACK

CHECKPOINTS = f"{optml.PREFIX}/checkpoints"
CODE = f"{optml.PREFIX}/code"
SUBMIT_DIRECTORY = "sagemaker_submit_directory"


def fill_host_folders(
    job: LocalJob,
    visible_folder: Callable[[str], HostFolder],
    check_stopped: Callable[[], None],
    note: Callable[[str], None],
) -> None:
    """Gives every host what it finds when its script begins.

    Args:
        visible_folder: a host's folder as its script sees it.
        check_stopped: called before each file; raises to end it.
        note: takes what the user should know.

    Raises:
        DataError: code or data cannot be had.
    """
    for host in job.hosts:
        folder = job.host(host)
        folder.make()
        _configure(job, host, folder, visible_folder(host))
        _share(job, folder, note)
        if SUBMIT_DIRECTORY in job.decoded_hyperparameters:
            check_stopped()
            _unpack_code(job, folder)
    piped: dict[str, list[dict[str, Any]]] = {host: [] for host in job.hosts}
    for channel in job.channels:
        if streams.is_piped(channel, job.algorithm.get("TrainingInputMode", "File")):
            _pipe(job, channel, piped)
        else:
            _place(job, channel, check_stopped)
    for host, served in piped.items():
        if served:
            streams.lay(served, job.host(host), job.pipes(host))


def _configure(job: LocalJob, host: str, folder: HostFolder, visible: HostFolder) -> None:
    mode = job.algorithm.get("TrainingInputMode", "File")
    mine = [channel for channel in job.channels if host in _receivers(job, channel)]
    inputs = {channel["ChannelName"]: channels.channel_config(channel, mode) for channel in mine}
    interface = BRIDGED if job.options.executor == "docker" else LOOPBACK
    write_json(folder.config / "hyperparameters.json", _hyperparameters(job, visible))
    write_json(folder.config / "inputdataconfig.json", inputs)
    write_json(folder.config / "resourceconfig.json", job.cluster.resource_config(host, interface))


def _hyperparameters(job: LocalJob, visible: HostFolder) -> dict[str, str]:
    """As in the request; to a container the code is there already, to a process /opt/ml may be another folder."""
    if job.options.executor == "docker":
        given = {SUBMIT_DIRECTORY: contract.as_json(CODE)} if SUBMIT_DIRECTORY in job.decoded_hyperparameters else {}
        return {**job.hyperparameters, **given}
    return {key: _placed(text, job.decoded_hyperparameters[key], visible) for key, text in job.hyperparameters.items()}


def _placed(text: str, value: Any, visible: HostFolder) -> str:
    here = optml.placed(value, visible.path)
    if here == value:
        return text
    return str(here) if value == text else contract.as_json(here)


def _share(job: LocalJob, folder: HostFolder, note: Callable[[str], None]) -> None:
    config = job.body.get("CheckpointConfig")
    if config is None:
        (folder.path / "checkpoints").mkdir(exist_ok=True)
    if job.options.executor == "docker":
        return  # which mounts what is shared: a link would lead nowhere there
    _link_folder(folder.path / "shared", job.folder.path / "shared")
    if config is None:
        return
    place = config.get("LocalPath", CHECKPOINTS)
    here = optml.placed(place, folder.path)
    if here == place:
        note(f"checkpoints in {place} are not kept: on this machine they must be in {optml.PREFIX}")
    else:
        _link_folder(Path(here), job.folder.store.checkpoints(config["S3Uri"]))


def _link_folder(place: Path, target: Path) -> None:
    """`place` becomes another name of the folder `target`, unless it is that folder."""
    target.mkdir(parents=True, exist_ok=True)
    if place != target and not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target.resolve(), target_is_directory=True)


def _unpack_code(job: LocalJob, folder: HostFolder) -> None:
    uri = str(job.decoded_hyperparameters[SUBMIT_DIRECTORY])
    if uri.startswith("/"):
        # An isolated job gets its code as the channel `code`.
        [code] = [channel for channel in job.channels if channel["ChannelName"] == "code"]
        uri = code["DataSource"]["S3DataSource"]["S3Uri"]
    source = {"ChannelName": "code", "DataSource": {"S3DataSource": {"S3Uri": uri}}}
    try:
        [archive] = channels.files_of(source, job.folder.store)
        artifacts.unpack(archive.fetch(), folder.code)
    except (tarfile.TarError, ValueError) as error:
        raise DataError(f"the source archive {uri} cannot be unpacked: {error}") from error


def _receivers(job: LocalJob, channel: Mapping[str, Any]) -> list[str]:
    names = channel["DataSource"]["S3DataSource"].get("InstanceGroupNames")
    return [host for group in job.cluster.groups if not names or group.name in names for host in group.hosts]


def _place(job: LocalJob, channel: Mapping[str, Any], check_stopped: Callable[[], None]) -> None:
    distribution = channel["DataSource"]["S3DataSource"].get("S3DataDistributionType", "FullyReplicated")
    files, hosts = channels.files_of(channel, job.folder.store), _receivers(job, channel)
    for number, host in enumerate(hosts):
        mine = channels.shared(files, distribution, number, len(hosts))
        folder = job.host(host).data / channel["ChannelName"]
        channels.place(mine, folder, check_stopped, contained=job.options.executor == "docker")


def _pipe(job: LocalJob, channel: Mapping[str, Any], piped: Mapping[str, list[dict[str, Any]]]) -> None:
    groups, hosts = streams.groups_of(channel, job.folder.store), _receivers(job, channel)
    for number, host in enumerate(hosts):
        place = job.host(host).data / channel["ChannelName"]
        piped[host].append(streams.served(channel, groups, place, number, len(hosts)))
