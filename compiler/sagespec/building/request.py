"""A request: the body of CreateTrainingJob, whatever its job will be called, and the digest that identifies it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path as FilePath
from typing import Any

from sagespec.building.cost import Prices

JOB = "<sagespec:job>"
"""Stands for the job's name in a body that has none yet."""
FIRST = "<sagespec:first-job>"
"""Stands for the name of the request's first attempt, which later attempts go on from."""

OURS = "sagespec:"
"""What our tags begin with."""
GIVEN = "sagespec:tags"
"""The tag that names the tags of the manifest, with spaces between them."""
FACTS = ("sagespec:attempt", "sagespec:commit")
LONGEST_TAG = 256

LIVE = (
    ("ResourceConfig", "KeepAlivePeriodInSeconds"),
    ("ProfilerConfig",),
    ("ProfilerRuleConfigurations",),
    ("RemoteDebugConfig",),
)
"""Members that UpdateTrainingJob can change, so that they are no part of a request's identity.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateTrainingJob.html
"""


@dataclass(frozen=True)
class Site:
    """Where a job will run."""

    region: str
    account: str | None
    local: bool = False
    """Whether the service is this machine."""


@dataclass(frozen=True)
class Upload:
    """Something local that must lie in S3 before the job is created."""

    kind: str
    """`code` or `data`."""
    path: FilePath
    uri: str
    """An object for code; a prefix that ends in a slash for data."""
    sha256: str
    size: int
    files: int
    content: Any = field(default=None, compare=False, repr=False)
    """What can write the bytes (an archive's `Contents`)."""


@dataclass(frozen=True)
class Request:
    """One job, ready to be created. Equal digests ask for the same work."""

    manifest: str
    """The manifest's file, as people call it."""
    name: str
    template: Mapping[str, Any] = field(repr=False)
    """The body, with `JOB` and `FIRST` where the job's name belongs, without tags."""
    tags: Mapping[str, str]
    site: Site
    uploads: tuple[Upload, ...] = ()
    project: str = "default"
    on_change: str = "refuse"
    retry: str = "infrastructure"
    max_attempts: int = 3
    role_by_name: bool = False
    """The manifest names the role without an account: apply asks IAM whether there is one."""
    prices: Prices | None = field(default=None, compare=False, repr=False)
    """What things cost where it runs, as far as the defaults say."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the job is, in hexadecimal."""
        return digest_of(self.template)

    def job_name(self, attempt: int = 1) -> str:
        """The training job's name: at most 63 characters, as the manifest's name has at most 48."""
        first = f"{self.name}-{self.digest[:10]}"
        return first if attempt == 1 else f"{first}-r{attempt}"

    def body(self, attempt: int = 1) -> dict[str, Any]:
        """What CreateTrainingJob is called with: the caller's own."""
        made = self.__dict__.pop("_seen", None) if attempt == 1 else None
        return made or self._body(attempt)

    def seen(self) -> Mapping[str, Any]:
        """The first attempt's body, to be looked at; whoever asks for it next gets this one."""
        made: dict[str, Any] = self.__dict__.setdefault("_seen", self._body(1))
        return made

    def _body(self, attempt: int) -> dict[str, Any]:
        name, first = self.job_name(attempt), self.job_name()
        body: dict[str, Any] = _replaced(self.template, {JOB: name, FIRST: first})
        tags = [{"Key": key, "Value": value} for key, value in self.all_tags(attempt).items()]
        return {"TrainingJobName": name, **body, "Tags": tags}

    def all_tags(self, attempt: int = 1) -> dict[str, str]:
        """The author's tags and ours. One of ours names the author's, so that a tag that somebody else has put on the
        job is told from one that the manifest no longer has."""
        given = " ".join(key for key in self.tags if not key.startswith(OURS) and " " not in key)
        return {
            **self.tags,
            **({GIVEN: given} if given and len(given) <= LONGEST_TAG else {}),
            "sagespec:project": self.project,
            "sagespec:name": self.name,
            "sagespec:digest": self.digest,
            "sagespec:attempt": str(attempt),
        }

    def tag_changes(self, present: Mapping[str, str], attempt: int) -> tuple[dict[str, str], list[str]]:
        """What to add and what to remove so that a job's tags are as wanted; foreign tags stay.

        Which attempt a job is, and which commit it came from, are facts about it and no wish.
        """
        wanted = {key: value for key, value in self.all_tags(attempt).items() if key not in FACTS}
        ours = {key for key in present if key.startswith(OURS) and key not in FACTS}
        ours.update(present.get(GIVEN, "").split(" "))
        add = {key: value for key, value in wanted.items() if present.get(key) != value}
        return add, sorted(key for key in ours & set(present) if key not in wanted)

    def live(self) -> dict[str, Any]:
        """The members that a job lets one change after its creation."""
        return {path[-1]: value for path in LIVE if (value := _at(self.template, path)) is not None}


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_of(template: Mapping[str, Any]) -> str:
    """Identity of a body without name and tags: the same for any order of its members, and for what can change live."""
    fixed = dict(template)
    for path in LIVE:
        if len(path) == 1:
            fixed.pop(path[0], None)
        elif path[0] in fixed:
            fixed[path[0]] = {key: value for key, value in fixed[path[0]].items() if key != path[1]}
    return hashlib.sha256(_CANONICAL.encode(fixed).encode("utf-8", "surrogatepass")).hexdigest()


def _at(body: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = body
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        if OURS in value:
            for token, name in names.items():
                value = value.replace(token, name)
        return value
    if isinstance(value, list):
        return [_replaced(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _replaced(item, names) for key, item in value.items()}
    return value
