"""What a manifest may ask for to get an image of AWS's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Literal

from sagespec.base.named import NamedTuple
from sagespec.catalog import PLAIN, Facts, Framework, image_instance_type


class ImageChoice(NamedTuple):
    """What a manifest may ask for to get an image of AWS's."""

    framework: Framework
    version: str
    python: str
    mode: Literal["legacy", "script"]
    variant: str


@cache
def choices_of(facts: Facts, repository: str) -> tuple[ImageChoice, ...]:
    """All that a manifest may ask for to get an image of a repository."""
    frameworks = (facts.framework(name) for name in facts.frameworks)
    return tuple(
        choice
        for framework in frameworks
        if framework is not None
        for variant in (PLAIN, *(each.name for each in framework.variants))
        for version in framework.versions(variant)
        for choice in _choices(framework, version, variant, repository)
    )


def _choices(framework: Framework, version: str, variant: str, repository: str) -> Iterator[ImageChoice]:
    release = framework.release(version, variant)
    if release is None:
        return
    for python, image in release.images.items() if release.script_mode else ():
        if image.repository == repository:
            yield ImageChoice(framework, version, python, "script", variant)
    if release.legacy_image is not None and release.legacy_image.repository == repository:
        yield ImageChoice(framework, version, "py2", "legacy", variant)


def choice_of(image: str, facts: Facts, region: str, types: list[str], *, smdistributed: bool) -> ImageChoice | None:
    """What a manifest asks for to get this image; None for any that is not AWS's."""
    repository, _, _ = image.rpartition("/")[2].partition(":")
    for choice in choices_of(facts, repository) if types else ():
        framework, version, python, mode, variant = choice
        try:
            made = framework.image_uri(
                version,
                python,
                region,
                image_instance_type(types),
                mode,
                smdistributed=smdistributed,
                variant=variant,
            )
        except LookupError:
            continue
        if made == image:
            return choice
    return None
