"""Names of training jobs: the manifests that give them, and the endpoints that serve what those jobs have trained."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from sagespec.base.source import Path, Place
from sagespec.checking.claims import Holder
from sagespec.kinds import KINDS
from sagespec.lsp.judgements import Judgements
from sagespec.lsp.scene import Scene, item_at
from sagespec.reading.render import is_defaults
from sagespec.reading.syntax.document import Document

SERVED = "training_job"


def jobs_given(judgements: Judgements, document: Document) -> tuple[str, ...]:
    """The names that a training job's manifest gives, several with a matrix; what it says, while it is wrong."""
    place = document.value_place(("name",))
    if place is None or _kind(document.data) != "TrainingJob":
        return ()
    given = [each.job for each in judgements.jobs("TrainingJob") if _stands_at(each, place)]
    return tuple(given) or (str(item_at(document.data, ("name",))),)


def jobs_served(scene: Scene, document: Document) -> Iterator[tuple[Path, str]]:
    """(where it stands, the job's name) of everything in a document that names a job to serve."""
    data: Any = document.data
    paths: list[Path] = [(SERVED,)]
    if is_defaults(document):
        environments = item_at(data, ("environments",))
        tops: list[Path] = [(), *(("environments", name) for name in _names(environments))]
        paths = [(*top, *section, SERVED) for top in tops for section in ((), ("Endpoint",))]
    elif _kind(data) != "Endpoint":
        return
    for path in paths:
        value = item_at(data, path)
        if isinstance(value, str) and "{{" in value and not is_defaults(document):
            job = scene.job(document)
            value = None if job is None else item_at(job.manifest.data, path)
        if isinstance(value, str) and document.value_place(path) is not None:
            yield path, value


def holder_of(judgements: Judgements, name: str) -> Holder | None:
    """The manifest that gives a training job its name; None where no manifest in sight does."""
    return next((each for each in judgements.jobs("TrainingJob") if each.job == name), None)


def files_about_jobs(judgements: Judgements) -> tuple[str, ...]:
    """Every manifest and every defaults document in sight."""
    known = [each for each in judgements.known.items() if each[1].is_ours]
    read = {path for _, each in known for path in each.was_read if path.endswith("sagespec.yaml")}
    return tuple(sorted({path for path, _ in known} | read))


def _stands_at(holder: Holder, place: Place) -> bool:
    same = os.path.abspath(holder.file) == os.path.abspath(place.source.name)  # noqa: PTH100
    return same and holder.line == place.span.line


def _kind(data: Any) -> str:
    stated = item_at(data, ("kind",))
    return stated if isinstance(stated, str) and stated in KINDS else "TrainingJob"


def _names(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, Mapping) else ()
