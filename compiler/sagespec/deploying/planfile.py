"""A plan as a file: what a reviewer approves is what apply does, byte for byte, or it refuses."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path as FilePath
from typing import Any

from sagespec import __version__
from sagespec.building.archive import ArchiveError, Contents, Ignored, Member
from sagespec.building.cost import Prices
from sagespec.building.dataset import Dataset
from sagespec.building.request import Call, Naming, Request, Site, Upload
from sagespec.catalog import digest
from sagespec.deploying.planner import Action, Change, Plan, Seen, Wish

KIND = "sagespec plan"
VERSION = 1
_HEAD = 256
"""Characters of a file in which it says what it is."""
_AGAIN = "make the plan again: sagespec plan PATH… --out FILE"


class PlanFileError(Exception):
    """A file is no plan, or one that does not hold any more. Says what to do."""

    def __init__(self, message: str, hint: str = _AGAIN) -> None:
        self.message = message
        self.hint = hint
        super().__init__(message)


@dataclass(frozen=True)
class SavedPlan:
    """A plan, and what was asked for beside the manifests."""

    plan: Plan
    wish: Wish


def is_plan_file(path: str) -> bool:
    """Whether a file claims to be a plan: a manifest never does."""
    try:
        with FilePath(path).open("rb") as file:
            return f'"kind": "{KIND}"'.encode() in file.read(_HEAD)
    except OSError:
        return False


def to_text(plan: Plan, wish: Wish) -> str:
    """The file's content: everything that is needed to create the jobs, and digests of what is not in it.

    The same plan is the same text. Paths are written relative to the working directory where they lie below it.
    """
    content = {
        "kind": KIND,
        "version": VERSION,
        "tool": __version__,
        "catalog": digest(),
        "wish": asdict(wish),
        "jobs": [_change(change) for change in plan.changes],
    }
    return json.dumps({**content, "sha256": _sha256(content)}, indent=1, ensure_ascii=False) + "\n"


def from_text(text: str, name: str) -> SavedPlan:
    """The plan of a file.

    Args:
        name: the file's, for messages.

    Raises:
        PlanFileError: it is no plan, was changed by hand, or was made by another sagespec or with other facts.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise PlanFileError(f"{name} is cut short or is no JSON") from None
    if not isinstance(content, dict) or content.get("kind") != KIND:
        raise PlanFileError(f"{name} is no plan")
    if content.get("version") != VERSION:
        raise PlanFileError(f"{name} is a plan of version {content.get('version')!r}; this sagespec reads {VERSION}")
    if content.pop("sha256", None) != _sha256(content):
        raise PlanFileError(f"{name} was changed after it was written")
    if content.get("tool") != __version__:
        raise PlanFileError(f"{name} was made by sagespec {content.get('tool')}; this is {__version__}")
    if content.get("catalog") != digest():
        raise PlanFileError(f"{name} was made with other facts about SageMaker than this sagespec has")
    try:
        return SavedPlan(Plan(tuple(map(_to_change, content["jobs"]))), Wish(**content["wish"]))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PlanFileError(f"{name} is no whole plan: {error}") from None


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


# Values → plain data ------------------------------------------------------------------------------------------------


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.action.value,
        "reason": change.reason,
        "attempt": change.attempt,
        "job_name": change.job_name,
        "live": dict(change.live),
        "request": _request(change.request) if change.request is not None else None,
        "seen": _seen(change.seen) if change.seen is not None else None,
    }


def _request(request: Request) -> dict[str, Any]:
    plain = ("kind", "manifest", "name", "project", "on_change", "retry", "max_attempts", "role_by_name")
    return {
        **{name: getattr(request, name) for name in plain},
        "digest": request.digest,
        "calls": [asdict(call) for call in request.calls],
        "tags": dict(request.tags),
        "site": asdict(request.site),
        "prices": asdict(request.prices) if request.prices is not None else None,
        "uploads": [_upload(upload) for upload in request.uploads],
    }


def _seen(seen: Seen) -> dict[str, Any]:
    """What a decision rests on; the rest is looked at again before it is acted on."""
    names = ("job_name", "name", "status", "secondary", "digest", "attempt", "project")
    return {name: getattr(seen, name) for name in names}


def _upload(upload: Upload) -> dict[str, Any]:
    plain = ("kind", "uri", "sha256", "size", "files")
    content = upload.content
    members = (
        [[one.name, _path(one.path), one.size, one.executable, one.is_folder] for one in content.members]
        if isinstance(content, Contents)
        else [[name, _path(path), size] for name, path, size in content.files]
    )
    ignored = [[one.name, one.rule] for one in content.ignored] if isinstance(content, Contents) else []
    return {
        **{name: getattr(upload, name) for name in plain},
        "path": _path(upload.path),
        "members": members,
        "ignored": ignored,
    }


def _path(path: FilePath) -> str:
    here = FilePath.cwd()
    whole = FilePath(os.path.normpath(here / path))
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else whole.as_posix()


# Plain data → values ------------------------------------------------------------------------------------------------


def _to_change(data: Mapping[str, Any]) -> Change:
    request = _to_request(data["request"]) if data["request"] is not None else None
    seen = Seen(**data["seen"]) if data["seen"] is not None else None
    change = Change(Action(data["action"]), str(data["reason"]), request, int(data["attempt"]), seen, data["live"])
    if change.job_name != data["job_name"]:
        raise ValueError(f"{data['job_name']} is not the name of its request")
    return change


def _to_request(data: Mapping[str, Any]) -> Request:
    given = {name: value for name, value in data.items() if name != "digest"}
    given["calls"] = tuple(map(_to_call, data["calls"]))
    given["site"] = Site(**data["site"])
    given["prices"] = Prices(**data["prices"]) if data["prices"] is not None else None
    given["uploads"] = tuple(map(_to_upload, data["uploads"]))
    request = Request(**given)
    if request.digest != data["digest"]:
        raise ValueError(f"the digest of {request.name} is not that of its request")
    return request


def _to_call(data: Mapping[str, Any]) -> Call:
    live = tuple(tuple(path) for path in data["live"])
    return Call(**{**data, "naming": Naming(data["naming"]), "live": live})


def _to_upload(data: Mapping[str, Any]) -> Upload:
    given = {name: value for name, value in data.items() if name not in ("members", "ignored")}
    path = FilePath(data["path"])
    content: Any
    if data["kind"] == "code":
        members = (Member(name, FilePath(file), size, bool(x), bool(d)) for name, file, size, x, d in data["members"])
        content = Contents(tuple(members), tuple(Ignored(name, rule) for name, rule in data["ignored"]))
    else:
        content = Dataset(path, (), tuple((name, FilePath(file), size) for name, file, size in data["members"]))
    return Upload(**{**given, "path": path}, content=content)
