"""Brings a channel's data to where the script looks for it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sagespec.base.errors import SagespecError
from sagespec.deploying.services.local.folder import LocalStore, read_json, s3_parts, write_json


class DataError(SagespecError):
    """A channel's data cannot be had. Says which channel, what is missing, and what to write instead."""


@dataclass(frozen=True)
class ChannelFiles:
    """One file of a channel."""

    name: str
    """Relative to the channel's folder, parts joined by `/`."""
    fetch: Callable[[], Path]
    """Gives the file on this machine, downloaded if need be."""


def channel_config(channel: Mapping[str, Any], training_input_mode: str) -> dict[str, str]:
    """What inputdataconfig.json says of a channel.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
    """
    source = channel["DataSource"].get("S3DataSource", {})
    mode = channel.get("InputMode") or training_input_mode
    config = {
        # What is streamed into files looks like files.
        "TrainingInputMode": "File" if mode == "FastFile" else mode,
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    return {**({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {}), **config}


def unsupported(channel: Mapping[str, Any], training_input_mode: str) -> str | None:
    """Why this machine cannot give the channel; None where it can."""
    name, source = channel["ChannelName"], channel["DataSource"]
    if name in (".", ".."):
        return f"channel '{name}' has a name that no folder can have"
    if "FileSystemDataSource" in source:
        return f"channel '{name}' is a file system in AWS; give a local path or an S3 URI to run here"
    piped = (channel.get("InputMode") or training_input_mode) == "Pipe"
    if not piped and source["S3DataSource"].get("S3DataType") == "AugmentedManifestFile":
        return f"channel '{name}' is an augmented manifest, which only Pipe mode reads"
    return None


def files_of(channel: Mapping[str, Any], store: LocalStore) -> list[ChannelFiles]:
    """The files of a channel, by name, before they are shared out among hosts.

    Raises:
        DataError: there are none, or they changed since they were uploaded.
    """
    name, source = channel["ChannelName"], channel["DataSource"]["S3DataSource"]
    uri = source["S3Uri"]
    found = list(_manifest(uri, store) if source.get("S3DataType") == "ManifestFile" else _found(uri, store))
    if not found:
        raise DataError(f"channel '{name}': there is nothing at {uri}")
    return sorted(found, key=lambda one: one.name)


def shared(files: list[ChannelFiles], distribution: str, host: int, hosts: int) -> list[ChannelFiles]:
    """What one host gets: everything, or with ShardedByS3Key every n-th of its files, n being the number of hosts."""
    return files[host::hosts] if distribution == "ShardedByS3Key" else files


def place(
    files: Iterable[ChannelFiles], folder: Path, check_stopped: Callable[[], None], *, contained: bool = False
) -> None:
    """Lays the files out in `folder`.

    Folders are the job's own, so what a script adds or deletes stays in the job. Files are hard links, which look like
    the plain files that SageMaker downloads and cost neither time nor room; where a hard link cannot be (another
    file system, another user's file), a symbolic one. `optml` keeps a script's writing away from the linked files.

    Args:
        check_stopped: called before each file; raises to end it.
        contained: a container will see this folder only, where a symbolic link would lead nowhere: copies instead.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        check_stopped()
        _link(file.fetch(), folder / file.name, shutil.copyfile if contained else os.symlink)


def mirror(source: Path, target: Path) -> int:
    """Keeps a local file or folder as what was uploaded, under `target`, and says how many files it holds.

    The files are links too, so `changed` can tell later whether they still are what was uploaded.
    """
    pairs = [(path, path.relative_to(source).as_posix()) for path in _walk(source)]
    if source.is_file():
        pairs = [(source, source.name)]
    noted = {}
    for path, name in pairs:
        _link(path.resolve(), target / name)
        noted[name] = _stamp(path)
    write_json(_note(target), noted)
    return len(pairs)


def is_mirrored(source: Path, target: Path) -> bool:
    """Whether `target` holds `source` already, unchanged."""
    noted = read_json(_note(target))
    if noted is None:
        return False
    paths = {source.name: source} if source.is_file() else {p.relative_to(source).as_posix(): p for p in _walk(source)}
    return bool(noted == {name: _stamp(path) for name, path in paths.items()})


def changed(target: Path) -> str | None:
    """The first file under `target` that is not what was uploaded."""
    for name, stamp in read_json(_note(target), {}).items():
        path = target / name
        if not path.exists() or _stamp(path) != stamp:
            return str(name)
    return None


def _note(target: Path) -> Path:
    return target.with_name(f".{target.name}.json")


def _stamp(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]


def _walk(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders.sort()
        yield from (Path(parent) / name for name in sorted(files))


def _link(source: Path, target: Path, otherwise: Callable[[Path, Path], object] = os.symlink) -> None:
    """Puts another name of `source` in the place of whatever `target` is; several programs may do so at once."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{uuid.uuid4().hex}")
    try:
        temporary.hardlink_to(source)
    except OSError:
        otherwise(source, temporary)
    temporary.replace(target)
    # Two names of one file do not replace each other: rename(2) leaves both.
    temporary.unlink(missing_ok=True)


def _found(uri: str, store: LocalStore) -> Iterator[ChannelFiles]:
    if uri.startswith("s3://"):
        kept = store.uploaded(uri)
        if not kept.exists():
            yield from _objects(uri, store)
            return
        broken = changed(kept)
        if broken is not None:
            raise DataError(f"'{broken}' has changed since the job was created; apply again to use it as it is now")
        path = kept
    else:
        path = Path(unquote(urlsplit(uri).path)) if uri.startswith("file://") else Path(uri)
        if not path.exists():
            raise DataError(f"there is no file or folder '{path}' on this machine")
    if path.is_file():
        yield ChannelFiles(path.name, lambda: path.resolve())
        return
    for file in _walk(path):
        yield ChannelFiles(file.relative_to(path).as_posix(), file.resolve)


def _manifest(uri: str, store: LocalStore) -> Iterator[ChannelFiles]:
    """A list of objects: `[{"prefix": "s3://…"}, "a", "b"]`.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
    """
    [listing] = _found(uri, store)
    head, *names = json.loads(listing.fetch().read_text(encoding="utf-8"))
    for name in names:
        for one in _found(head["prefix"] + name, store):
            yield ChannelFiles(name, one.fetch)


def _objects(uri: str, store: LocalStore) -> Iterator[ChannelFiles]:
    bucket, prefix = s3_parts(uri)
    client = s3_client()
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            if not key.endswith("/"):
                yield ChannelFiles(_below(key, prefix), _download(client, bucket, key, entry, store))


def _below(key: str, prefix: str) -> str:
    """An object's name in its channel: what follows the prefix where that is a folder, else its last parts."""
    if prefix.endswith("/") or key.startswith(f"{prefix}/"):
        name = key[len(prefix) :].lstrip("/")
    else:
        name = key[prefix.rfind("/") + 1 :]
    if {"", ".", ".."} & set(name.split("/")):
        raise DataError(f"the object '{key}' has a name that no file can have")
    return name


def _download(client: Any, bucket: str, key: str, entry: Mapping[str, Any], store: LocalStore) -> Callable[[], Path]:
    """Fetches an object once: the ETag changes with its content."""

    def fetch() -> Path:
        identity = "\0".join((bucket, key, entry["ETag"], str(entry["Size"])))
        kept = store.downloads / hashlib.sha256(identity.encode()).hexdigest()
        if kept.exists():
            return kept
        store.downloads.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=store.downloads, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                client.download_fileobj(bucket, key, file)
            Path(temporary).replace(kept)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise
        return kept

    return fetch


def is_s3_error(error: Exception) -> bool:
    """Whether boto3 raised it, without importing boto3."""
    return type(error).__module__.partition(".")[0] in ("boto3", "botocore", "s3transfer")


def s3_client() -> Any:
    """The one door to boto3 here: it is slow to import, and most local jobs need none of it."""
    import boto3

    return boto3.client("s3")
