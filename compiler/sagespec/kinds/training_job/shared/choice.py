"""What a job's fields choose from the catalogue: its framework, version, images, Python and mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple
from sagespec.base.source import value_at
from sagespec.catalog import PLAIN, Facts, Framework, Image, Release, Variant, image_instance_type
from sagespec.checking.subject import Shared
from sagespec.kinds.training_job.model import Job, Mode
from sagespec.kinds.training_job.model.names import LEGACY_FIELDS
from sagespec.reading.part import Unknown


class ImageFields(NamedTuple):
    """All that is read of a job to choose its image: jobs in which these are equal share one choice."""

    framework_name: str | None
    framework_version: str | None
    transformers_version: str | None
    pytorch_version: str | None
    tensorflow_version: str | None
    py_version: str | None
    script_mode: bool | None
    brings_image: bool
    """`image_uri` names one."""
    overrides_image: bool
    """`request:` names one."""
    has_program: bool
    compiler_config: bool | None
    """None where the job has none."""
    passes_model_dir: bool
    has_legacy_fields: bool
    """`null` ones included: a null number of steps has a meaning."""
    family: str
    """The family of its instances, as it begins, where the framework has images of their own for that."""
    strategies: tuple[str, ...]
    """The distribution strategies that are written."""


def _family(job: Job, facts: Facts) -> str:
    framework = None if job.framework_name is None else facts.framework(job.framework_name)
    if framework is None or not framework.variant_families:
        return ""
    chosen = image_instance_type(job.instance_types() or ["local"])
    return next((family for family in framework.variant_families if chosen.startswith(f"ml.{family}")), "")


_LEGACY_FIELDS = frozenset(LEGACY_FIELDS)
_READ: Mapping[str, Callable[[Job, Facts], Any]] = {
    "framework_name": lambda job, _: job.framework_name,
    "framework_version": lambda job, _: job.framework_version,
    "transformers_version": lambda job, _: job.transformers_version,
    "pytorch_version": lambda job, _: job.pytorch_version,
    "tensorflow_version": lambda job, _: job.tensorflow_version,
    "py_version": lambda job, _: job.py_version,
    "script_mode": lambda job, _: job.script_mode,
    "brings_image": lambda job, _: job.image_uri is not None,
    "overrides_image": lambda job, _: value_at(job.request, ("AlgorithmSpecification", "TrainingImage")) is not None,
    "has_program": lambda job, _: job.entry_point is not None,
    "compiler_config": lambda job, _: None if job.compiler_config is None else True,
    "passes_model_dir": lambda job, _: job.model_dir is not None and job.model_dir is not False,
    "has_legacy_fields": lambda job, _: not _LEGACY_FIELDS.isdisjoint(job.fields_set),
    "family": _family,
    "strategies": lambda job, _: () if job.distribution is None else tuple(job.distribution.written()),
}
"""How each of the fields is read."""


class _FieldsOfPartial:
    """The same of a partial job: what depends on a wrong value raises `Unknown` when it is asked for."""

    def __init__(self, job: Job, facts: Facts) -> None:
        self._job = job
        self._facts = facts

    def __getattr__(self, name: str) -> Any:
        return _READ[name](self._job, self._facts)


def choice_of(job: Job, facts: Facts, *, local: bool) -> Choice:
    """What a job chooses; `local` says that it is to run on this machine."""
    try:
        fields = tuple([read(job, facts) for read in _READ.values()])
    except Unknown:
        return Choice(cast(ImageFields, _FieldsOfPartial(job, facts)), facts, local)
    return _shared(fields, facts, local)


@lru_cache(maxsize=512)
def _shared(fields: tuple[Any, ...], facts: Facts, local: bool) -> Choice:
    return Choice(ImageFields(**dict(zip(_READ, fields, strict=True))), facts, local)


_ASKED = (
    *("framework", "version", "release", "image_release", "run_release", "variant"),
    *("mode", "legacy", "script_mode", "holds", "python"),
)
"""What rules about a job ask of its choice, too."""


class _Runs:
    """What follows from the framework, the version and the mode of what runs a job's code."""

    framework: Any
    version: Any
    mode: Any
    brings_image: Any

    @lazy
    def release(self) -> Release | None:
        """What its version can do; None where it names none, or none that is known."""
        framework, version = self.framework, self.version
        return None if framework is None or version is None else framework.release(version)

    @lazy
    def legacy(self) -> bool:
        return self.mode is Mode.LEGACY

    @lazy
    def script_mode(self) -> bool:
        return self.mode is Mode.SCRIPT

    @lazy
    def holds(self) -> Release | None:
        """The release of the image in script mode, where the image is AWS's: what is true of it is true of the job."""
        return self.release if self.script_mode and not self.brings_image else None

    @lazy
    def shell(self) -> str:
        """The shell that reads the command line in the container; empty where none does, and for images of one's own,
        of which that is not known."""
        return "" if self.holds is None else self.holds.shell


class Choice(Shared, _Runs):
    """Each choice is worked out once. Of a partial job it raises `Unknown` where it depends on a wrong value."""

    def __init__(self, fields: ImageFields, facts: Facts, local: bool) -> None:
        super().__init__()
        self.fields = fields
        self.facts = facts
        self.local = local

    @lazy
    def known(self) -> Mapping[str, Any]:
        """What rules about a job ask of it, too; nothing where some of that depends on a wrong value."""
        try:
            return {name: getattr(self, name) for name in _ASKED}
        except Unknown:
            return {}

    @lazy
    def framework(self) -> Framework | None:
        """The framework's row of the catalogue; None where the job is nobody's, or there is no such framework."""
        name = self.fields.framework_name
        return None if name is None else self.facts.framework(name)

    @lazy
    def version(self) -> str | None:
        """The framework's version as the catalogue knows it, `4.28.1+pytorch2.0.0` where it lies over another.

        None where the manifest names none, or only a part of it.
        """
        framework, fields = self.framework, self.fields
        if framework is None:
            return None
        own = getattr(fields, framework.version_field)
        under = [f"{name}{version}" for name, field in framework.bases.items() if (version := getattr(fields, field))]
        if own is None or (framework.bases and len(under) != 1):
            return None
        return "+".join([own, *under])

    @lazy
    def variant(self) -> Variant | None:
        """Which images it takes beside the framework's plain ones; None for those."""
        framework, fields = self.framework, self.fields
        for variant in () if framework is None else framework.variants:
            if variant.field is not None and getattr(fields, variant.field) is not None:
                return variant
            if variant.families and fields.family in variant.families:
                return variant
            if variant.strategies and set(variant.strategies) <= set(fields.strategies):
                return variant
        return None

    @lazy
    def image_release(self) -> Release | None:
        """The release whose image it runs, which may be of a variant."""
        framework, version, variant = self.framework, self.version, self.variant
        if framework is None or version is None:
            return None
        return framework.release(version, PLAIN if variant is None else variant.name)

    @lazy
    def run_release(self) -> Release | None:
        """The release whose image the job runs; None where it brings an image, or names no release that is known."""
        return None if self.fields.brings_image else self.image_release

    @lazy
    def image(self) -> Image | None:
        """Where its image lies, as far as that is known."""
        release = self.run_release
        if release is None:
            return None
        return release.legacy_image if self.legacy else release.images.get(self.python or "")

    @lazy
    def processors(self) -> frozenset[str]:
        """The kinds of processors that its release has images for; where none is known, that any of them has."""
        release, framework = self.run_release, self.framework
        if release is not None:
            return processors_of([release])
        return frozenset() if framework is None else processors_of(framework.releases.values())

    @lazy
    def mode(self) -> Mode:
        """`script_mode` says so; otherwise what the version and Python allow."""
        fields = self.fields
        if fields.brings_image and not fields.has_program:
            return Mode.IMAGE
        framework = self.framework
        if framework is None or not framework.has_legacy_mode:
            return Mode.SCRIPT
        if fields.script_mode is not None:
            return Mode.SCRIPT if fields.script_mode else Mode.LEGACY
        if fields.py_version not in (None, "py2"):
            return Mode.SCRIPT
        release = self.release
        legacy = fields.has_legacy_fields if release is None or release.script_mode else True
        return Mode.LEGACY if legacy and (release is None or release.legacy_mode) else Mode.SCRIPT

    @lazy
    def container(self) -> JobContainer:
        """What runs the job's code."""
        return _container(self.facts, self.framework, self.version, self.mode, self.python, self.fields.brings_image)

    @lazy
    def brings_image(self) -> bool:
        return self.fields.brings_image

    @lazy
    def python(self) -> str | None:
        """The Python of the container, chosen where the author left it out and there is one choice."""
        framework, written = self.framework, self.fields.py_version
        if written is not None or framework is None:
            return written
        release = self.image_release
        if framework.python is not None or release is None:
            return framework.python
        return "py2" if self.mode is Mode.LEGACY else release.python3


class JobContainer(_Runs):
    """What runs a job's code: as much of a choice as code is judged by, one for all choices in which that is equal."""

    def __init__(
        self,
        facts: Facts,
        framework: Framework | None,
        version: str | None,
        mode: Mode,
        python: str | None,
        brings_image: bool,
    ) -> None:
        self.facts = facts
        self.framework: Framework | None = framework
        self.version: str | None = version
        self.mode: Mode = mode
        self.python = python
        self.brings_image: bool = brings_image


_container = lru_cache(maxsize=128)(JobContainer)


def processors_of(releases: Iterable[Release]) -> frozenset[str]:
    """The kinds of processors that some releases have images for: `cpu`, `gpu`, `trn`."""
    return frozenset(kind for release in releases for image in release.images.values() for kind in image.tags)
