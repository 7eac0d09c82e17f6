"""What a job has that another job of the run, of whatever file, has already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.checking.check import Checked
from sagespec.checking.claims import Claim, Claims, Holder, conflict
from sagespec.kinds import Kind

if TYPE_CHECKING:
    from sagespec.building.request import Destination


def conflicts(
    claims: Claims, checked: Checked, kind: Kind, site: Destination, *, between_files: Severity
) -> Iterator[Diagnostic]:
    """What there is to say of a job whose name or place for checkpoints is taken; what is free is its own then."""
    for claim in (*_name_of(checked, kind, site), *_checkpoints_of(checked)):
        holder = claims.holder(claim)
        if holder is not None:
            yield conflict(claim, holder, between_files=between_files)


def _name_of(checked: Checked, kind: Kind, site: Destination) -> Iterator[Claim]:
    """Two jobs of one name would be one job to the service, each replacing the other."""
    manifest = checked.manifest
    name = checked.job.members().get("name")
    if name is None:
        return
    project = str(manifest.settings.get("project", "default"))
    yield Claim(
        (kind.name, project, manifest.environment, site.account, site.region, name.lower()),
        name,
        "name",
        manifest.document.where(("name",)),  # no default says it
        ("duplicate-name", "name-in-two-files"),
        lambda other: f"'{name}' is the name of another job, at {other.file}:{other.line}",
        "let the name say what differs: {{ matrix.… }}" if manifest.matrix else "give one of them another name",
    )


def _checkpoints_of(checked: Checked) -> Iterator[Claim]:
    """Two jobs with one checkpoint location: each goes on from what the other has learned."""
    manifest, known = checked.manifest, checked.job.members()
    given, name = known.get("checkpoint_s3_uri"), known.get("name")
    if not isinstance(given, str) or not isinstance(name, str):
        return
    location = given.rstrip("/")

    def message(other: Holder) -> str:
        shared = f"'{name}' and '{other.job}' ({other.file}:{other.line}) share their checkpoints"
        return f"{shared}: each continues from the other's"

    yield Claim(
        ("checkpoints", manifest.environment, location),
        name,
        "checkpoint_s3_uri",
        manifest.where(("checkpoint_s3_uri",)),
        ("shared-checkpoints", "checkpoints-in-two-files"),
        message,
        f"let the location hold the name: {location}/{{{{ name }}}}",
        is_shared=True,
    )
