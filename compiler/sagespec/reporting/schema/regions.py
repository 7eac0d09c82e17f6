"""What a job's region decides: whose role, images and keys it may use. One branch a region, made of the catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sagespec.catalog import Facts
from sagespec.checking.condition import EXPRESSION, REMOTE, Json, when

_ARNS = ("volume_kms_key", "output_kms_key", "training_plan", "training_repository_credentials_provider_arn")
"""Fields of what is used in the region where it is."""
OF_ENDPOINTS = ("role",)
OF_JOBS = ("role", "image_uri", *_ARNS)
"""What each kind's rules ask of a region."""


def by_region(facts: Facts, fields: Collection[str]) -> Iterator[Json]:
    """Branches for a manifest that names a region, and an instance type in it: this machine asks no region.

    Args:
        fields: those of the manifest's kind that have to do with the region.
    """
    for region in facts.regions.values():
        here = region.name
        asked = {
            "role": (
                rf"^(?!arn:(?!{region.partition}:))",
                f"{here} belongs to the partition {region.partition}: write arn:{region.partition}:iam::…",
            ),
            "image_uri": (
                rf"^(?![0-9]{{12}}[.]dkr[.-]ecr(-fips)?[.](?!{here}[.])[a-z0-9-]+[.][a-z0-9.-]+/.)",
                f"the image must lie in the region of the job, {here}",
            ),
            **dict.fromkeys(_ARNS, (_arn_in(here), f"this must be in the region of the job, {here}")),
        }
        shapes = {
            name: {"pattern": f"{pattern}|{EXPRESSION}", "errorMessage": message}
            for name, (pattern, message) in asked.items()
            if name in fields
        }
        yield {"if": when({"region": {"const": here}, "instance_type": REMOTE}), "then": {"properties": shapes}}


def _arn_in(region: str) -> str:
    """A pattern of everything but the ARNs of another region."""
    return rf"^(?!arn:[^:]*:[^:]*:(?!{region}:)[^:]+:[^:]*:)"
