"""A plan as a file: what a reviewer approves is what apply does, byte for byte, or it refuses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from sagespec import __version__
from sagespec.base.errors import SagespecError
from sagespec.building.archive import ArchiveError
from sagespec.building.request import Upload
from sagespec.catalog import digest
from sagespec.deploying.planning.jobs.planner import Change, Plan, PlanOptions
from sagespec.deploying.planning.jobs.reruns import Rerun
from sagespec.deploying.planning.plain import from_plain, to_plain

KIND = "sagespec plan"
VERSION = 4
_NAMED = f'"{KIND}"'.encode()
_HEAD = 256
"""Bytes of a file in which it says what it is, as we write it."""
_AGAIN = "make the plan again: sagespec plan PATH… --out FILE"


class PlanFileError(SagespecError):
    """A file is not a plan, or one that does not hold any more. Says what to do."""

    def __init__(self, message: str, hint: str = _AGAIN) -> None:
        super().__init__(message, hint)


@dataclass(frozen=True)
class SavedPlan:
    """A plan, and what was asked for beside the manifests."""

    plan: Plan
    options: PlanOptions


def is_plan_file(path: str) -> bool:
    """Whether a file claims to be a plan: a manifest never does. A tool may have sorted or spaced it otherwise."""
    try:
        with FilePath(path).open("rb") as file:
            if not file.read(_HEAD).lstrip().startswith(b"{"):
                return False
            file.seek(0)
            text = file.read()
        if _NAMED not in text:
            return False
        content = json.loads(text)
    except (OSError, ValueError, RecursionError):
        # What is cut short is a plan all the same, if it begins like one.
        return _begins_like_a_plan(path)
    return isinstance(content, dict) and content.get("kind") == KIND


def _begins_like_a_plan(path: str) -> bool:
    try:
        with FilePath(path).open("rb") as file:
            return _NAMED in file.read(_HEAD)
    except (OSError, ValueError):
        return False


def to_text(plan: Plan, options: PlanOptions) -> str:
    """The file's content: everything that is needed to create the jobs, and digests of what is not in it.

    The same plan is the same text. Paths are written relative to the working directory where they lie below it.
    """
    content = {
        "kind": KIND,
        "version": VERSION,
        "tool": __version__,
        "catalog": digest(),
        "options": to_plain(options._replace(named=None)),
        "account": plan.account,
        "notes": list(plan.notes),
        "offline": plan.offline,
        "jobs": [_job(change) for change in plan.changes],
    }
    return json.dumps({**content, "sha256": _sha256(content)}, indent=1, ensure_ascii=False) + "\n"


def from_text(text: str, name: str) -> SavedPlan:
    """The plan of a file.

    Args:
        name: the file's, for messages.

    Raises:
        PlanFileError: it is not a plan, was changed by hand, or was made by another sagespec or with other facts.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise PlanFileError(f"{name} is cut short or is not JSON") from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise PlanFileError(f"{name} is not a plan")
    if content.get("version") != VERSION:
        raise PlanFileError(f"{name} is a plan of version {content.get('version')!r}; this sagespec reads {VERSION}")
    if content.pop("sha256", None) != _sha256(content):
        raise PlanFileError(f"{name} was changed after it was written")
    if content.get("tool") != __version__:
        raise PlanFileError(f"{name} was made by sagespec {content.get('tool')}; this is {__version__}")
    if content.get("catalog") != digest():
        raise PlanFileError(f"{name} was made with other facts about SageMaker than this sagespec has")
    try:
        plan = Plan(
            tuple(map(_change, content["jobs"])), content["account"], tuple(content["notes"]), content["offline"]
        )
        return SavedPlan(plan, _named(plan, from_plain(PlanOptions, content["options"])))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanFileError(f"{name} is not a whole plan: {error}") from None


def unlike(plan: Plan) -> Iterator[str]:
    """Which local files are no longer what was planned, in words. Reads and hashes all of them."""
    for upload in dict.fromkeys(upload for change in plan.changes for upload in _uploads(change)):
        try:
            same = upload.content.sha256 == upload.sha256
        except ArchiveError as error:
            yield f"{upload.path}: {error.message}"
            continue
        if not same:
            yield f"{upload.path}: the {upload.kind} is not what was planned ({upload.sha256[:10]}…)"


def _uploads(change: Change) -> Sequence[Upload]:
    return change.request.uploads if change.request is not None else ()


def _sha256(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _job(change: Change) -> dict[str, Any]:
    """A change; and what it comes to, so that neither can be altered without the other."""
    return {
        "job_name": change.job_name,
        "digest": change.request.digest if change.request is not None else None,
        **to_plain(change),
    }


def _change(data: Mapping[str, Any]) -> Change:
    given = {name: value for name, value in data.items() if name not in ("job_name", "digest")}
    change: Change = from_plain(Change, given)
    if change.request is not None and change.request.digest != data["digest"]:
        raise ValueError(f"the digest of {change.request.name} is not that of its request")
    if change.job_name != data["job_name"]:
        raise ValueError(f"{data['job_name']} is not the name of its request")
    return change


def _named(plan: Plan, options: PlanOptions) -> PlanOptions:
    """The options, with the attempts by name that `--rerun` meant when the plan was made."""
    again = [change for change in plan.changes if change.rerun and change.request is not None and change.attempt > 1]
    if not options.rerun:
        return options
    names = frozenset(change.request.job_name(change.attempt - 1) for change in again if change.request is not None)
    return options._replace(named=Rerun(names, next((change.rerun for change in plan.changes if change.rerun), "")))
