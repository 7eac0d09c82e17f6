"""The training jobs that are described beside an endpoint, or under the paths of the same run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sagespec.catalog import near_name
from sagespec.checking.check import Checked
from sagespec.checking.claims import Holder, Key
from sagespec.kinds import Kind, kind_named
from sagespec.pipeline.results import Options, Result
from sagespec.reading.render import Manifest

if TYPE_CHECKING:  # imported where a request is made
    from sagespec.building.draft import Trained
    from sagespec.building.request import Request
    from sagespec.pipeline.compiler import Compiler


class Beside:
    """Those of one run: they are compiled when an endpoint first asks for one."""

    def __init__(self, options: Options, compiler: Callable[[Options], Compiler]) -> None:
        """
        Args:
            compiler: makes one for a run of its own.
        """
        self.paths: tuple[str, ...] = ()
        """Those of the run."""
        self.named: Callable[[str, str], Sequence[tuple[Key, Holder]]] | None = None
        """(manifest, name that it asks for) → the names of the training jobs that are in sight, each with the file that
        gives it; where somebody knows them already."""
        self._options = options
        self._compiler = compiler
        self._runs: dict[tuple[str | None, ...], tuple[list[Result], Sequence[tuple[Key, Holder]]]] = {}

    def trained(self, name: str, project: str, of: Request) -> Trained:
        """The training job whose model is served; of one that is waited for, what its manifest promises."""
        from sagespec.building.draft import Trained

        if self._options.trained is None:  # which job of this machine is served, nobody can promise
            return Trained() if of.site.local else self.promised(name, project, of)
        found = self._options.trained(name, project, of)
        return found._replace(body=self.promised(name, project, of).body) if found.waits_for else found

    def promised(self, name: str, project: str, of: Request) -> Trained:
        """What the TrainingJob manifest of a name promises. Nothing where there is no such manifest, or it is wrong."""
        from sagespec.building.draft import Trained
        from sagespec.building.promised import promised_by

        wanted = (name, project, of.environment, of.site.region)
        beside, _ = self._in_sight(name, of.manifest, of.environment)
        found = [result.request for result in beside if result.request is not None]
        same = (job for job in found if (job.name, job.project, job.environment, job.site.region) == wanted)
        return next((promised_by(job) for job in same), Trained())

    def trainer_of(self, manifest: Manifest, endpoint: Any, kind: Kind) -> Checked | None:
        """The training job whose model an endpoint serves, where the manifest of `training_job` is here, without
        errors."""
        name = endpoint.members().get(kind.serves)
        if name is None or self._options.alone:
            return None

        asked = (name, *_whose(manifest))
        for each in self._in_sight(name, manifest.document.source.name, manifest.environment)[0]:
            trainer = each.checked
            if trainer is not None and (trainer.job.name, *_whose(trainer.manifest)) == asked:
                return trainer
        return None

    def meant_trainer(self, manifest: Manifest, name: str) -> str | None:
        """The training job in sight whose name was probably meant; None where one is called so, or nothing is near."""
        if self._options.alone:
            return None
        _, named = self._in_sight(name, manifest.document.source.name, manifest.environment)
        if any(holder.job == name for _, holder in named):
            return None
        project, environment = manifest.settings.get("project", "default"), manifest.environment
        return near_name(name, [holder.job for key, holder in named if key[1:3] == (str(project), environment)])

    def _in_sight(
        self, name: str, manifest: str, environment: str | None
    ) -> tuple[list[Result], Sequence[tuple[Key, Holder]]]:
        """(the training jobs of a name that are described under the paths of this run, or beside a manifest; the names
        of all, wrong manifests included)"""
        roots = (*self.paths, *self._folder_of(manifest))
        known = None if self.named is None else self.named(manifest, name)
        if known is not None:
            roots = tuple(dict.fromkeys(holder.file for _, holder in known if holder.job == name))
        key = (environment or None, *roots)
        if key not in self._runs:
            from sagespec.building.draft import Trained

            inputs = self._options.inputs._replace(environment=key[0])
            options = self._options._replace(
                inputs=inputs, trained=lambda *_: Trained(), archive_at=None, only=(), alone=True
            )
            compiler, trainer = self._compiler(options), kind_named("TrainingJob").model
            results = compiler.run(roots)
            jobs = [each for each in results if each.checked and isinstance(each.checked.job, trainer)]
            self._runs[key] = jobs, [each for each in compiler.claims.holders.items() if each[0][0] == "TrainingJob"]
        jobs, named = self._runs[key]
        return [each for each in jobs if each.name == name], named if known is None else known

    def _folder_of(self, manifest: str) -> tuple[str, ...]:
        """That of a manifest, where its jobs are not under the paths of the run anyway: one that was found below a
        folder has them all in sight, and endpoints of many folders then look through the same ones."""
        if not os.path.isfile(manifest):  # noqa: PTH113
            return ()
        folder = os.path.dirname(manifest) or "."  # noqa: PTH120
        found = manifest not in self.paths and any(_lies_in(folder, path) for path in self.paths)
        return () if found else (folder,)


def _lies_in(folder: str, path: str) -> bool:
    outer = os.path.abspath(path)  # noqa: PTH100 - pathlib takes its time
    return os.path.join(os.path.abspath(folder), "").startswith(os.path.join(outer, ""))  # noqa: PTH100, PTH118


def _whose(manifest: Manifest) -> tuple[Any, str | None]:
    """(project, environment)"""
    return manifest.settings.get("project"), manifest.environment
