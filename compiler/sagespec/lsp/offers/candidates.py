"""What may be written in a field, before it is tried whether it would be accepted here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path as FilePath
from typing import Any

from sagespec.base.named import NamedTuple
from sagespec.base.source import Path
from sagespec.catalog import Facts, Framework, Instance, Release, api_members
from sagespec.catalog.serving import (
    SERVERS,
    Server,
    served_by_another,
    served_on_graviton,
    served_versions,
    servers_of,
)
from sagespec.kinds import kind_named
from sagespec.lsp.offers.schema import part_of, shape_at
from sagespec.lsp.scene import SceneJob, item_at
from sagespec.reading.discovery import PASSED_OVER
from sagespec.reading.shape import bare, expected

MOST_FILES = 500
"""Names that one folder offers."""


class Candidate(NamedTuple):
    """One value, and what an editor shows beside it."""

    value: Any
    detail: str = ""
    document: str = ""
    kind: str = "value"
    outdated: bool = False
    opens: bool = False
    """A folder: more can be typed behind it."""


def candidates(job: SceneJob, path: Path, typed: str) -> Iterator[Candidate]:
    """The values of the field at a path, in the order in which they are offered."""
    source = SOURCES.get(_field_of(job, path))
    if source is not None:
        yield from (each for each in source(job, typed) if typed.casefold() in str(each.value).casefold())
    if job.kind.overrides and path[:1] == ("request",):
        yield from _of_api(job, path)
    if path[:1] == ("hyperparameters",) and len(path) == 2:
        options = [option for name, option, _ in script_arguments(job) if name == path[1]]
        yield from (Candidate(value, kind="enum") for option in options for value in option.choices or ())


def _field_of(job: SceneJob, path: Path) -> str:
    """The field that a value, or an item of its list, is of; empty of a map's keys, which may be called anything."""
    while path and not isinstance(path[-1], str):
        path = path[:-1]
    shape = shape_at(job.kind.model, path[:-1])
    part = None if shape is None else part_of(shape)
    return str(path[-1]) if path and part is not None and path[-1] in part.fields else ""


def of_shape(shape: Any) -> Iterator[Candidate]:
    """The values that a type lists itself."""
    inner = bare(shape)
    yield from (Candidate(value, kind="enum") for value in expected(inner))
    if inner["type"] == "bool":
        yield from (Candidate(value, kind="enum") for value in (True, False))


def hardware(instance: Instance) -> str:
    """`4 vCPU, 16 GB, one A10G, 24 GB`."""
    parts = [f"{instance.vcpus} vCPU", f"{instance.memory_gib:g} GB"]
    if instance.accelerator_count:
        model = instance.accelerator_model or instance.accelerator
        count = "one" if instance.accelerator_count == 1 else str(instance.accelerator_count)
        parts += [
            f"{count} {model}",
            f"{sold_as(instance.accelerator_memory_gib)} GB{'' if count == 'one' else ' each'}",
        ]
    if instance.nvme_gb:
        parts.append(f"{instance.nvme_gb:,} GB NVMe")
    return ", ".join(part for part in parts if not part.startswith("0 "))


def sold_as(gib: float) -> int:
    """The memory of an accelerator in GB, as its maker calls it: EC2 gives what is usable of it in GiB (22.4 of 24)
    where that is not a whole number, and the maker's number where it is."""
    return int(gib) if gib == int(gib) else round(gib * 1.073_741_824)


@cache
def types_of(kind_name: str) -> tuple[str, ...]:
    """The instance types that the API's model lists for a kind."""
    kind = kind_named(kind_name)
    path = next(iter(kind.members.get("instance_type", ())), "")
    for operation in kind.overrides:
        for name, member in api_members(operation).items():
            if name.replace("[]", "") == path.removeprefix(f"{operation}."):
                return member.enum
    return ()


def _instances(job: SceneJob, _typed: str) -> Iterator[Candidate]:
    facts = job.context.facts
    known = facts.instances
    for name in types_of(job.kind.name) or known:
        instance = known.get(name)
        retired = instance is not None and instance.retired
        yield Candidate(name, hardware(instance) if instance is not None else "", outdated=retired)
    yield Candidate("local", "this machine")
    yield Candidate("local_gpu", "this machine, with its GPUs")


def _versions_of(name: str | None) -> Callable[[SceneJob, str], Iterator[Candidate]]:
    """The versions of a framework, the newest first; of the manifest's own for None."""

    def versions(job: SceneJob, _typed: str) -> Iterator[Candidate]:
        facts = job.context.facts
        if is_served(job):
            known = dict.fromkeys(each for server in _servers(job) for each in served_versions(server))
            known |= dict.fromkeys(served_by_another() if "tensorflow-serving" in _servers(job) else ())
            known |= dict.fromkeys(served_on_graviton() if "tensorflow-serving" in _servers(job) else ())
            for version in sorted(known, key=_number, reverse=True):
                yield Candidate(version, servers_text(version))
            return
        framework = facts.framework(name) if name else _framework_of(job)
        if framework is None:
            return
        spelt = dict.fromkeys(version.partition("+")[0] for version in framework.versions())
        for version in sorted(spelt, key=_number, reverse=True):
            yield _version(framework, version, facts.today)

    return versions


def is_served(job: SceneJob) -> bool:
    """Whether a server runs, rather than a training script: versions are the server's then."""
    return "endpoint_type" in job.kind.model.fields


def _servers(job: SceneJob) -> tuple[Server, ...]:
    stated = job.manifest.data.get("endpoint_type")
    return tuple(server for server in SERVERS if server == stated) or tuple(SERVERS)


def servers_text(version: str) -> str:
    """`TensorFlow Serving, also for Graviton`; empty of a version that has no server."""
    on_x86 = servers_of(version)
    if version not in served_on_graviton():
        return on_x86
    return f"{on_x86}, also for Graviton" if on_x86 else "TensorFlow Serving, for Graviton only"


def _framework_of(job: SceneJob) -> Framework | None:
    """The manifest's framework, although other fields of it may be wrong."""
    stated = job.manifest.data.get("framework") or ("tensorflow" if job.kind.name == "TrainingJob" else None)
    return job.context.facts.framework(stated) if isinstance(stated, str) else None


def _version(framework: Framework, version: str, today: date) -> Candidate:
    release = framework.release(version)
    if release is None:
        return Candidate(version)
    ended = release.patches_end is not None and release.patches_end < today
    return Candidate(version, release_text(release, today), outdated=ended)


def release_text(release: Release, today: date) -> str:
    """What a version is like, in a line."""
    parts = [", ".join(release.pythons)]
    if release.legacy_mode:
        parts.append("legacy mode" + (" and script mode" if release.script_mode else ""))
    if release.patches_end is not None:
        ended = release.patches_end < today
        parts.append(f"{'out of patch since' if ended else 'patched until'} {release.patches_end.isoformat()}")
    return "; ".join(part for part in parts if part)


def _number(version: str) -> tuple[tuple[int, ...], str]:
    digits = version.partition("-")[0].partition("+")[0].split(".")
    return tuple(int(digit) if digit.isdigit() else 0 for digit in digits), version


def _pythons(job: SceneJob, _typed: str) -> Iterator[Candidate]:
    if job.about("model", "server") == "python":
        yield Candidate("py2")
    release = job.about("image_release")
    yield from (Candidate(python) for python in (release.pythons if release is not None else ()))


def _frameworks(job: SceneJob, _typed: str) -> Iterator[Candidate]:
    facts: Facts = job.context.facts
    for name in facts.frameworks:
        framework = facts.framework(name)
        yield Candidate(name, framework.title if framework is not None else "")


def _regions(job: SceneJob, _typed: str) -> Iterator[Candidate]:
    yield from (Candidate(region.name, region.partition) for region in job.context.facts.regions.values())


def _groups(job: SceneJob, _typed: str) -> Iterator[Candidate]:
    groups = job.manifest.data.get("instance_groups")
    for group in groups if isinstance(groups, list) else ():
        name = group.get("instance_group_name") if isinstance(group, dict) else None
        if isinstance(name, str):
            yield Candidate(name, str(group.get("instance_type", "")))


def _files(
    *endings: str, folders_only: bool = False, in_source: bool = False
) -> Callable[[SceneJob, str], Iterator[Candidate]]:
    """Files and folders beside the manifest, or in its source folder, along what is typed so far."""

    def files(job: SceneJob, typed: str) -> Iterator[Candidate]:
        folder = job.context.folder
        source = job.manifest.data.get("source_dir")
        if in_source and isinstance(source, str):
            folder = folder / source
        begun, slash, _ = typed.rpartition("/")
        yield from _listed(folder / begun, f"{begun}{slash}", endings, folders_only)

    return files


def _listed(folder: FilePath, before: str, endings: tuple[str, ...], folders_only: bool) -> Iterator[Candidate]:
    try:
        with os.scandir(folder) as scan:
            entries = sorted(scan, key=lambda entry: entry.name)[:MOST_FILES]
    except (OSError, ValueError):
        return
    for entry in entries:
        hidden = entry.name.startswith(".") or entry.name in PASSED_OVER
        if not hidden and entry.is_dir():
            yield Candidate(f"{before}{entry.name}", kind="folder", opens=True)
        elif not hidden and not folders_only and entry.name.endswith(endings or ("",)):
            yield Candidate(f"{before}{entry.name}", kind="file")


def _of_api(job: SceneJob, path: Path) -> Iterator[Candidate]:
    found = api_member(job, path)
    yield from (Candidate(value, kind="enum") for value in (found.enum if found is not None else ()))


def api_member(job: SceneJob, path: Path) -> Any:
    """The member of the API that a path below `request:` overrides; None where there is none."""
    for operation, at in job.kind.overrides.items():
        if path[: len(at)] == at and len(path) > len(at):
            return api_members(operation).get(_api_path(path[len(at) :]))
    return None


def api_names(job: SceneJob, path: Path) -> Iterator[Any]:
    """The members that may stand in a map below `request:`."""
    for operation, at in job.kind.overrides.items():
        if path == at[: len(path)] and len(path) < len(at):
            yield from ((at[len(path)], None),)
        elif path[: len(at)] == at:
            prefix = _api_path(path[len(at) :])
            begin = f"{prefix}." if prefix else ""
            for name, member in api_members(operation).items():
                inner = name.removeprefix(begin)
                if name.startswith(begin) and not member.read_only and inner and not set(inner) & set(".[{"):
                    yield inner, member


def _api_path(path: Path) -> str:
    text = ""
    for step in path:
        text += "[]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _routings(_job: SceneJob, _typed: str) -> Iterator[Candidate]:
    from sagespec.kinds.endpoint.rules.capacity import STRATEGIES

    yield from (Candidate(strategy, kind="enum") for strategy in STRATEGIES)


def _memory_sizes(_job: SceneJob, _typed: str) -> Iterator[Candidate]:
    yield from (Candidate(size, f"{size // 1_024} GB") for size in range(1_024, 6_145, 1_024))


SOURCES: Mapping[str, Callable[[SceneJob, str], Iterator[Candidate]]] = {
    "framework": _frameworks,
    "framework_version": _versions_of(None),
    "transformers_version": _versions_of("huggingface"),
    "pytorch_version": _versions_of("pytorch"),
    "tensorflow_version": _versions_of("tensorflow"),
    "py_version": _pythons,
    "instance_type": _instances,
    "region": _regions,
    "entry_point": _files(".py", ".sh", in_source=True),
    "source_dir": _files(folders_only=True),
    "dependencies": _files(),
    "requirements_file": _files(".txt", in_source=True),
    "path": _files(),
    "instance_groups": _groups,
    "routing_strategy": _routings,
    "memory_size_in_mb": _memory_sizes,
}
"""Field → where its values come from, beside those that its type lists."""


def settings_of_server(job: SceneJob) -> Iterator[tuple[str, str]]:
    """(environment variable, what it holds) of what the serving container reads when it starts."""
    from sagespec.kinds.endpoint.rules.server import FRACTIONS, NUMBERS, TRUTHS, WORDS

    if is_served(job) and job.manifest.data.get("endpoint_type", "tensorflow-serving") != "python":
        yield from ((name, "true or false") for name in sorted(TRUTHS))
        yield from ((name, "a whole number") for name in sorted(NUMBERS))
        yield from ((name, "a number") for name in sorted(FRACTIONS))
        yield from ((name, ", ".join(words)) for name, words in sorted(WORDS.items()))


def script_arguments(job: SceneJob) -> Iterator[tuple[str, Any, Any]]:
    """(hyperparameter, option, script) of everything that the script takes on its command line."""
    line = job.about("command_line")
    if line is None:
        return
    for option in line.takes.options:
        name = option.name.lstrip("-")
        if option.flags and name not in ("help", "model_dir", "model-dir"):
            yield name, option, line.script


def script_channels(job: SceneJob) -> Iterator[tuple[str, Any]]:
    """(channel, the script that names it) of everything that the script reads."""
    read = job.about("read")
    if read is None:
        return
    for name in {**read.asks.channels, **read.asks.folders}:
        yield (name.lower() if name in read.asks.channels else name), read.script


def described_value(job: SceneJob, path: Path) -> str:
    """What this very value is: hardware, a version; empty where there is nothing to add."""
    value, name = item_at(job.manifest.data, path), str(path[-1]) if path else ""
    facts: Facts = job.context.facts
    if name == "instance_type" and isinstance(value, str):
        instance = facts.instance(value)
        return "" if instance is None else f"{value}: {hardware(instance)}"
    if name == "framework_version" and isinstance(value, str) and is_served(job):
        servers = servers_text(value)
        return f"TensorFlow {value}: {servers}" if servers else ""
    if name == "framework_version" and isinstance(value, str):
        framework = _framework_of(job)
        release = None if framework is None else framework.release(value)
        return "" if release is None else f"{release.name}: {release_text(release, facts.today)}"
    if name in SECONDS and isinstance(value, int) and not isinstance(value, bool):
        return duration(value)
    if name == "region" and isinstance(value, str) and facts.region(value) is not None:
        return f"{value}: partition {facts.regions[value].partition}"
    return ""


SECONDS = frozenset({"max_run", "max_wait", "keep_alive_period_in_seconds"})


def duration(seconds: int) -> str:
    """`1 h 30 min`."""
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = []
    for unit, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts) or "0 s"
