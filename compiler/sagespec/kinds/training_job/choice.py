"""What a job's fields choose from the catalogue: its framework, version, images, Python and mode."""

from __future__ import annotations

from sagespec.base.lazy import lazy
from sagespec.catalog import PLAIN, Facts, Framework, Release, Variant, image_instance_type
from sagespec.kinds.training_job.model import Job, Mode


class Choice:
    """Each choice is worked out once. Of a partial job it raises `Unknown` where it depends on a wrong value."""

    def __init__(self, job: Job, facts: Facts) -> None:
        self._job = job
        self._facts = facts

    @lazy
    def framework(self) -> Framework | None:
        """The framework's row of the catalogue; None where the job is nobody's, or there is no such framework."""
        name = self._job.framework_name
        return None if name is None else self._facts.framework(name)

    @lazy
    def version(self) -> str | None:
        """The framework's version as the catalogue knows it, `4.28.1+pytorch2.0.0` where it lies over another.

        None where the manifest names none, or only a part of it.
        """
        framework, job = self.framework, self._job
        if framework is None:
            return None
        own = getattr(job, framework.version_field)
        under = [f"{name}{version}" for name, field in framework.bases.items() if (version := getattr(job, field))]
        if own is None or (framework.bases and len(under) != 1):
            return None
        return "+".join([own, *under])

    @lazy
    def release(self) -> Release | None:
        """What its version can do; None where it names none, or none that is known."""
        framework, version = self.framework, self.version
        return None if framework is None or version is None else framework.release(version)

    @lazy
    def variant(self) -> Variant | None:
        """Which images it takes beside the framework's plain ones; None for those."""
        framework, job = self.framework, self._job
        for variant in () if framework is None else framework.variants:
            families = tuple(f"ml.{family}" for family in variant.families)
            if variant.field is not None and getattr(job, variant.field) is not None:
                return variant
            if families and image_instance_type(job.instance_types() or ["local"]).startswith(families):
                return variant
            written = job.distribution.written() if job.distribution is not None else []
            if variant.strategies and set(variant.strategies) <= set(written):
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
    def mode(self) -> Mode:
        """`script_mode` says so; otherwise what the version and Python allow (DESIGN section 3)."""
        job = self._job
        if job.image_uri is not None and job.entry_point is None:
            return Mode.IMAGE
        framework = self.framework
        if framework is None or not framework.has_legacy_mode:
            return Mode.SCRIPT
        if job.script_mode is not None:
            return Mode.SCRIPT if job.script_mode else Mode.LEGACY
        if job.py_version not in (None, "py2"):
            return Mode.SCRIPT
        release = self.release
        legacy = bool(job.legacy_given()) if release is None or release.script_mode else True
        return Mode.LEGACY if legacy and (release is None or release.legacy_mode) else Mode.SCRIPT

    @lazy
    def python(self) -> str | None:
        """The Python of the container, chosen where the author left it out and there is one choice."""
        framework, written = self.framework, self._job.py_version
        if written is not None or framework is None:
            return written
        release = self.image_release
        if framework.python is not None or release is None:
            return framework.python
        return "py2" if self.mode is Mode.LEGACY else release.python3
