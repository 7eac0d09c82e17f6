"""Fills a revision's folder: the model with its code, as the container finds them."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sagespec.building.model_archive import RepackedModel, model_place
from sagespec.building.saved_models import DEFAULT_MODEL, NO_DEFAULT, FoundModel, models_among, unloadable, why_none
from sagespec.deploying.services.local.container import artifacts, channels
from sagespec.deploying.services.local.container.channels import DataError
from sagespec.deploying.services.local.folder import LocalStore, read_json, write_json

NOTE, CODE = "model.json", "code.tar.gz"
"""What stands in the place of a repacked model here: which model it is, and its code."""


def keep_repacked(model: RepackedModel, target: Path) -> None:
    """Keeps what a repacked model is made of. It is put together only where it is served.

    Raises:
        OSError: the disk fails.
        ArchiveError: the code was changed meanwhile.
    """
    draft = target.with_name(f".{target.name}.{id(model)}")
    draft.mkdir(parents=True)
    try:
        libraries: list[str] = []
        whole = True
        if model.contents is not None:
            named_by = model.contents.named_by
            libraries = [name for name, field in named_by.items() if field[0] == "dependencies"]
            whole = ("entry_point",) not in named_by.values()
            with (draft / CODE).open("wb") as file:
                model.contents.pack(file)
        write_json(draft / NOTE, {"model": model.model, "code": model.code, "libraries": libraries, "whole": whole})
        draft.rename(target)
    except OSError:
        if not target.exists():  # or else another program has kept the same
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def bring_model(
    container: Mapping[str, Any], store: LocalStore, folder: Path, check_stopped: Callable[[], None]
) -> None:
    """Brings what the container is to see as /opt/ml/model.

    Raises:
        DataError: it cannot be had, or is not an archive that the service would take.
    """
    uri = model_place(container)
    kept = store.uploaded(uri) if uri.startswith("s3://") else None
    note = read_json(kept / NOTE) if kept is not None and kept.is_dir() else None
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    _bring(note["model"] if note else uri, store, folder, check_stopped)
    if note:
        _lay_code(note, store, store.uploaded(uri) / CODE, folder)


def _bring(uri: str, store: LocalStore, folder: Path, check_stopped: Callable[[], None]) -> None:
    files = _files(uri, store)
    if len(files) == 1 and files[0].name.endswith((".tar.gz", ".tgz")):
        archive = files[0].fetch()
        check_stopped()
        _unpack(archive, folder, uri)
    elif files:
        channels.place(files, folder, check_stopped, contained=True)
    else:
        raise DataError(f"there is no model at {uri}")


def _files(uri: str, store: LocalStore) -> list[channels.ChannelFiles]:
    channel = {"ChannelName": "model", "DataSource": {"S3DataSource": {"S3Uri": uri}}}
    try:
        return channels.files_of(channel, store)
    except DataError as error:
        raise DataError(error.message.replace("channel 'model': ", "")) from error


def _unpack(archive: Path, folder: Path, uri: str) -> None:
    try:
        with tarfile.open(archive) as file:
            link = next((member.name for member in file if member.issym() or member.islnk()), None)
        if link is not None:
            raise DataError(f"{uri} holds the link '{link}', and SageMaker takes no model with links")
        artifacts.unpack(archive, folder)
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise DataError(f"{uri} cannot be unpacked: {error}") from error


def _lay_code(note: Mapping[str, Any], store: LocalStore, archive: Path, folder: Path) -> None:
    """As the SDK lays code into a model: a whole folder replaces `code/`, a single file joins it.

    Source: https://github.com/aws/sagemaker-python-sdk (utils.py, repack_model)
    """
    code = folder / "code"
    if note["whole"]:
        shutil.rmtree(code, ignore_errors=True)
    code.mkdir(exist_ok=True)
    if note["code"]:
        _bring(note["code"], store, code, lambda: None)
        return
    artifacts.unpack(archive, code)
    for name in note["libraries"]:
        (code / "lib").mkdir(exist_ok=True)
        (code / name).rename(code / "lib" / name)


def models_in(folder: Path) -> list[FoundModel]:
    """The models that the container finds, and TensorFlow Serving loads.

    Raises:
        DataError: there are none, or it would load one of them, and not another.
    """
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    found = models_among(names)
    if not found:
        cure = "a SavedModel must lie at <number>/saved_model.pb, such as 1/saved_model.pb"
        raise DataError(f"no SavedModel bundles found! {why_none(names)}: {cure}")
    if why := unloadable(names):
        raise DataError(why)
    return found


def server_config(model: Path, environment: Mapping[str, str], revision: Any) -> dict[str, Any]:
    """The configuration of the programs that serve."""
    found = models_in(model)
    code = model / "code"
    default = environment.get(DEFAULT_MODEL, NO_DEFAULT)
    default = found[0].name if default == NO_DEFAULT else default
    if default not in [one.name for one in found]:
        names = ", ".join(one.name for one in found)
        raise DataError(f"{DEFAULT_MODEL} is '{default}'; the model's archive has {names}")
    return {
        "models": [
            {"name": one.name, "path": str(model / one.folder), "versions": list(one.versions)} for one in found
        ],
        "default_model": default,
        "code": str(code) if (code / "inference.py").is_file() else None,
        "port_file": str(revision.port_file),
        "rest_port_file": str(revision.rest_port_file),
    }
