"""A training job that exists, as DescribeTrainingJob or a CreateTrainingJob body shows it → a manifest.

What fields can say is said in fields. The manifest is then compiled, and whatever the job has otherwise goes under
`request:`, so that compiling it gives the job's own request again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from sagespec.building import api_check as api
from sagespec.building.request import FIRST, JOB
from sagespec.building.tags import tags_in
from sagespec.catalog import Facts
from sagespec.importing.draft import FilledArgument, ManifestDraft, UnreadableProgram, literal
from sagespec.importing.requests.compiled import compiled
from sagespec.importing.requests.described import DescribedJob
from sagespec.importing.requests.members import IDLE, Body, decoded, top_members, without_defaults
from sagespec.kinds import kind_named
from sagespec.kinds.training_job.members import field_of

HINT = "give what `aws sagemaker describe-training-job` prints, or a CreateTrainingJob request"


def from_description(body: Body, facts: Facts, tags: Mapping[str, str] | None = None) -> ManifestDraft:
    """The manifest of a training job.

    Args:
        body: the answer of DescribeTrainingJob, or the body of CreateTrainingJob.
        tags: the job's, which DescribeTrainingJob does not show.

    Raises:
        UnreadableProgram: this is not a training job.
    """
    for violation in api.check({name: value for name, value in body.items() if name in top_members() | {"Tags"}}):
        if violation.kind in ("type", "required"):
            path = ".".join(map(str, violation.path))
            raise UnreadableProgram(f"this is not a training job: {path} {violation.message}", HINT)
    if not body["AlgorithmSpecification"].get("TrainingImage"):
        raise UnreadableProgram(
            "the job runs an algorithm by its name, and a manifest names an image",
            "write the manifest with any image_uri, and under request: what AlgorithmSpecification holds",
        )
    shown = tags_in(body.get("Tags", ())) if tags is None else tags
    data = literal(DescribedJob(body, facts, shown).fields())
    data, made = compiled(kind_named("TrainingJob"), data, facts)
    override = dict(_override(_known(body), _known(made.request.template), ()))
    data = {**data, **({"request": literal(override)} if override else {})}
    return ManifestDraft(data, arguments=tuple(_arguments(_known(body), data, override)))


def _arguments(wanted: Body, data: Mapping[str, Any], override: Mapping[str, Any]) -> Iterator[FilledArgument]:
    """What has become of each member."""
    for path in _leaves(wanted, ()):
        name = ".".join(map(str, path))
        field = _field(tuple(str(step) for step in path if not isinstance(step, int)))
        if _is_in(path, override):
            yield FilledArgument(name, "changed", "under request:")
        elif field in data:
            yield FilledArgument(name, "taken", str(field))
        else:
            yield FilledArgument(name, "taken", "what a manifest makes by itself")


@lru_cache(maxsize=10_000)
def _field(member: tuple[str, ...]) -> str | None:
    return field_of(member)


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, Mapping | list) and value:
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _leaves(item, (*path, key))
    else:
        yield path


def _is_in(path: tuple[str | int, ...], override: Any) -> bool:
    for step in path:
        if not isinstance(override, Mapping):
            return True
        if step not in override:
            return False
        override = override[step]
    return True


def _known(body: Body) -> dict[str, Any]:
    """The members of a request, without those that the service shows of every job and those that a manifest makes."""
    own = {name: body[name] for name in body if name in top_members() - {"TrainingJobName", "Tags", "ProfilerConfig"}}
    profiler = body.get("ProfilerConfig") or {}
    if profiler.get("DisableProfiler") or "S3OutputPath" in profiler:
        own["ProfilerConfig"] = profiler
    result: dict[str, Any] = without_defaults(own, ())
    if "HyperParameters" in result:
        result["HyperParameters"] = _without_names(result["HyperParameters"], body.get("TrainingJobName"))
    return result


def _without_names(given: Mapping[str, str], name: str | None) -> dict[str, str]:
    """Hyperparameters with the job's name taken out of those that the compiler puts it into."""
    result = {}
    for key, text in given.items():
        if key in IDLE and decoded(text) == IDLE[key]:
            continue
        if key in ("sagemaker_job_name", "model_dir", "checkpoint_path"):
            for own in filter(None, (name, FIRST)):
                text = text.replace(own, JOB)
        result[key] = text
    return result


def _override(wanted: Body, built: Body, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """What `request:` must say so that `built` becomes `wanted`: null takes a member out."""
    for name in (*wanted, *(name for name in built if name not in wanted)):
        want, have = wanted.get(name), built.get(name)
        if want == have or (path == ("HyperParameters",) and _same(want, have)):
            continue
        if isinstance(want, Mapping) and isinstance(have, Mapping):
            inner = dict(_override(want, have, (*path, name)))
            if inner:
                yield name, inner
        else:
            yield name, want


def _same(want: str | None, have: str | None) -> bool:
    """Whether a script gets the same of two hyperparameters, however their JSON is spaced."""
    return want is not None and have is not None and decoded(want) == decoded(have)
