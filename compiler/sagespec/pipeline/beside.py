"""The training jobs that are described beside an endpoint, or under the paths of the same run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from sagespec.checking.check import Checked
from sagespec.kinds import kind_named
from sagespec.pipeline.results import Options, Result
from sagespec.reading.render import Manifest

if TYPE_CHECKING:  # imported where a request is made
    from sagespec.building.draft import Trained
    from sagespec.building.request import Request


class Beside:
    """Those of one run: they are compiled when an endpoint first asks for one."""

    def __init__(self, options: Options, run: Callable[[Options, Iterable[str]], Iterable[Result]]) -> None:
        """
        Args:
            run: compiles what lies under some paths.
        """
        self.paths: tuple[str, ...] = ()
        """Those of the run."""
        self.givers: Callable[[str, str], Sequence[str]] | None = None
        """(manifest, name) → the files that give a training job that name, where somebody knows them already."""
        self._options = options
        self._run = run
        self._jobs: dict[tuple[str | None, ...], list[Result]] = {}

    def trained(self, name: str, project: str, of: Request) -> Trained:
        """The training job whose model is served; of one that is waited for, what its manifest promises."""
        if self._options.trained is None:
            return self.promised(name, project, of)
        found = self._options.trained(name, project, of)
        return found._replace(body=self.promised(name, project, of).body) if found.waits_for else found

    def promised(self, name: str, project: str, of: Request) -> Trained:
        """What the TrainingJob manifest of a name promises. Nothing where there is no such manifest, or it is wrong."""
        from sagespec.building.draft import Trained
        from sagespec.building.promised import promised_by

        wanted = (name, project, of.environment, of.site.region)
        beside = self._trainers(name, of.manifest, of.environment)
        found = [result.request for result in beside if result.request is not None]
        same = (job for job in found if (job.name, job.project, job.environment, job.site.region) == wanted)
        return next((promised_by(job) for job in same if not job.site.local), Trained())

    def trainer_of(self, checked: Checked) -> Checked | None:
        """The training job whose model an endpoint serves, where the manifest of `training_job` is here."""
        manifest, name = checked.manifest, checked.job.members().get("training_job")
        if name is None or self._options.alone:
            return None

        asked = (name, *_whose(manifest))
        for each in self._trainers(name, manifest.document.source.name, manifest.environment):
            trainer = each.checked
            if trainer is not None and (trainer.job.name, *_whose(trainer.manifest)) == asked:
                return trainer
        return None

    def _trainers(self, name: str, manifest: str, environment: str | None) -> list[Result]:
        """The training jobs that are described under the paths of this run, or beside a manifest: one of that name is
        among them, if there is one."""
        folder = os.path.dirname(manifest)  # noqa: PTH120
        roots = (*self.paths, *([folder or "."] if os.path.isfile(manifest) else ()))  # noqa: PTH113
        if self.givers is not None:
            roots = tuple(self.givers(manifest, name))
        key = (environment or None, *roots)
        if key not in self._jobs:
            from sagespec.building.draft import Trained

            inputs = self._options.inputs._replace(environment=key[0])
            options = self._options._replace(
                inputs=inputs, trained=lambda *_: Trained(), archive_at=None, only=(), alone=True
            )
            results = self._run(options, roots)
            trainer = kind_named("TrainingJob").model
            self._jobs[key] = [each for each in results if each.checked and isinstance(each.checked.job, trainer)]
        return self._jobs[key]


def _whose(manifest: Manifest) -> tuple[Any, str | None]:
    """(project, environment)"""
    return manifest.settings.get("project"), manifest.environment
