"""Checked → Draft → Request: what would be sent, with placeholders where only the contents of files decide.

A draft can be judged without reading a byte of code or data. Sealing reads them, and puts their hashes in.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path as FilePath
from typing import Any

from sagespec.base.diagnostic import Finding
from sagespec.base.files import Files
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path
from sagespec.building.archive import Archives, Contents
from sagespec.building.dataset import Dataset, Datasets
from sagespec.building.request import Destination, Request, Upload, filled_in, named_in
from sagespec.building.tags import COMMIT, MANIFEST, tag_value
from sagespec.catalog import Facts
from sagespec.reading.part import Part, Unknown


class Incomplete(Exception):
    """A member of a request cannot be made. Says of which field, and why."""

    def __init__(self, field: Path, message: str, hint: str = "") -> None:
        self.finding = Finding(field, message, hint)
        super().__init__(message)


class Trained(NamedTuple):
    """The training job whose model an endpoint serves, or what is waited for."""

    job_name: str = ""
    body: Mapping[str, Any] = {}
    """DescribeTrainingJob of it; of one that is waited for, what its manifest promises, where there is one."""
    waits_for: str = ""
    """In words, why there is none yet; empty where there is one."""


class DraftInputs(NamedTuple):
    """What a request is made of, beside its manifest."""

    facts: Facts
    site: Destination
    folder: FilePath
    """The manifest's: what its paths are relative to."""
    packing: Packing
    manifest_name: str = ""
    """The manifest's path in its repository."""
    commit: str | None = None
    trained: Callable[[str, str, Request], Trained] | None = None
    """(name of a TrainingJob manifest, its project, the request that serves its model) → its newest completed job; None
    where nobody can be asked."""
    archive_at: Callable[[str, Request], str] | None = None
    """(an archive in S3, the request that serves it) → what its content is known by; empty where nobody can say, None
    where nobody can be asked."""


class Draft(NamedTuple):
    """What would be sent."""

    request: Request
    unusable: tuple[Finding, ...] = ()
    """Files that cannot be packed."""
    incomplete: tuple[Finding, ...] = ()
    """Members that cannot be made although no field is wrong: somebody has silenced what says so."""
    unknown: frozenset[Path] = frozenset()
    """Members that are left out, because fields that they come from are wrong or not known yet."""
    needed: tuple[tuple[str, Finding], ...] = ()
    """(rule, finding): what must be known before the draft can be sealed."""
    named: Collection[str] | None = None
    """The members of its bodies in which placeholders may stand; None for all."""


class BodyMaker:
    """Makes the members of a request's body; what cannot be made is left out and noted."""

    def __init__(self) -> None:
        self.unknown: set[Path] = set()
        self.incomplete: list[Finding] = []

    def made(self, path: Path, make: Callable[..., Any], *about: Any) -> Any:
        """A member's value; None where it cannot be made.

        Args:
            about: what `make` is given.
        """
        try:
            return make(*about)
        except Unknown:  # a field whose value is wrong, which has been said already
            self.unknown.add(path)
        except Incomplete as error:
            self.unknown.add(path)
            self.incomplete.append(error.finding)
        return None


def seal(draft: Draft) -> Request:
    """The request: code and data are read, and their hashes stand where placeholders stood.

    Raises:
        ArchiveError: a file cannot be read, or was changed meanwhile.
    """
    request = draft.request
    if not request.uploads:
        return request
    hashes = {pending(index): upload.content.sha256 for index, upload in enumerate(request.uploads)}
    uploads = tuple(
        upload._replace(uri=filled_in(upload.uri, hashes), sha256=upload.content.sha256) for upload in request.uploads
    )
    calls = tuple(call._replace(template=named_in(call.template, hashes, draft.named)) for call in request.calls)
    return request._replace(calls=calls, uploads=uploads)


def pending(index: int) -> str:
    """Stands for the hash of an upload's content: as long as a SHA-256 in hexadecimal."""
    return f"<sagespec:upload:{index}>".ljust(64, "_")


class Packing:
    """The source archives and local channels of one run: the same question is put to the file system once."""

    def __init__(self, files: Files) -> None:
        self.archives = Archives(files)
        self._datasets = Datasets()
        self._packed: dict[tuple[FilePath, str, str | None, tuple[str, ...]], Contents] = {}

    def code(
        self, folder: FilePath, entry_point: str, source_dir: str | None, dependencies: tuple[str, ...]
    ) -> Contents:
        """What the source archive holds.

        Raises:
            ArchiveError: the files are not there, or cannot be packed.
        """
        asked = (folder, entry_point, source_dir, dependencies)
        if asked not in self._packed:
            self._packed[asked] = self.archives.collect(entry_point, source_dir, dependencies, folder=folder)
        return self._packed[asked]

    def data(self, path: FilePath, field: Path) -> Dataset:
        """The files of a local channel.

        Raises:
            ArchiveError: they are not there, or cannot be read.
        """
        return self._datasets.collect(path, field)


def below(code_location: str, as_sdk_1: bool = False) -> str:
    """The prefix of what is uploaded there: without the slashes around its key; SDK 1 keeps the last one."""
    bucket, _, key = code_location.removeprefix("s3://").partition("/")
    key = key.lstrip("/") if as_sdk_1 else key.strip("/")
    return f"s3://{bucket}/{key}" if key else f"s3://{bucket}"


def code_upload(contents: Contents, prefix: str, index: int) -> Upload:
    """The source archive, at a key that holds its hash."""
    uri = f"{prefix}/sagespec/code/{pending(index)}/sourcedir.tar.gz"
    return Upload("code", contents.members[0].path, uri, "", contents.total_bytes, len(contents.files), contents)


def data_upload(path: FilePath, dataset: Dataset, prefix: str, index: int) -> Upload:
    """A local channel, under a prefix that holds its hash."""
    uri = f"{prefix}/sagespec/data/{pending(index)}/"
    return Upload("data", path, uri, "", dataset.size, len(dataset.files), dataset)


def needed(model: Part, inputs: DraftInputs, bucket_by: str | None) -> Iterator[tuple[str, Finding]]:
    """(rule, finding): what a request for SageMaker must know: its region, and the account where it stands in a name.

    Args:
        bucket_by: the field that would name another bucket, where the default one is used.
    """
    known = model.members()
    if not inputs.site.region and "region" in known:
        hint = "add region: us-west-2 (or to sagespec.yaml), or set AWS_REGION"
        yield "missing-region", Finding(("region",), "no region is known", hint)
    role = known.get("role")
    if inputs.site.account is not None or role is None:
        return
    if not role.startswith("arn:"):
        message = f"the account of role '{role}' is not known"
        yield "missing-account", Finding(("role",), message, "write the role's ARN, or add account_id")
    elif bucket_by is not None:
        message = "the default bucket needs the account's number"
        yield "missing-account", Finding((bucket_by,), message, f"add account_id or {bucket_by}")


# Pieces of a body ----------------------------------------------------------------------------------------------------


def merged(body: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """`request:` over the body: maps merge, anything else replaces, null takes out."""
    result = dict(body)
    for key, value in override.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def present(**members: Any) -> dict[str, Any]:
    found = {}
    for name, value in members.items():
        if value is not None:
            found[name] = value
    return found


def wrapped(name: str, value: Any) -> dict[str, Any] | None:
    return None if value is None else {name: value}


def default_bucket(site: Destination) -> str:
    return f"sagemaker-{site.region}-{site.account}"


UNKNOWN_ACCOUNT = "000000000000"
"""Stands for an account that is not known yet, in a draft that cannot be sealed."""


def account_of(role: str | None, account_id: str | None) -> str | None:
    """The account of the role's ARN, else the one that is given."""
    parts = (role or "").split(":")
    return parts[4] if len(parts) > 5 else account_id


def role_arn(role: str | None, site: Destination, facts: Facts) -> str | None:
    """A bare name (or path and name) is a role of the same account, in the partition that the region belongs to."""
    if role is None or role.startswith("arn:"):
        return role
    region = facts.region(site.region)
    partition = region.partition if region is not None else "aws"
    return f"arn:{partition}:iam::{site.account or UNKNOWN_ACCOUNT}:role/{role.removeprefix('role/')}"


def provenance(inputs: DraftInputs) -> Iterator[tuple[str, str]]:
    """The tags that say where a request comes from."""
    if inputs.manifest_name:
        yield MANIFEST, tag_value(inputs.manifest_name)
    if inputs.commit:
        yield COMMIT, inputs.commit
