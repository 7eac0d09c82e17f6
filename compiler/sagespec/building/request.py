"""A request: the API calls that a manifest asks for, whatever their things will be called, and what identifies it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple
from sagespec.base.source import value_at
from sagespec.building.tags import (
    ATTEMPT,
    DIGEST,
    ENVIRONMENT,
    FACTS,
    GIVEN,
    LONGEST_VALUE,
    NAME,
    OURS,
    PROJECT,
    tag_list,
)

if TYPE_CHECKING:  # a draft is judged without prices as a rule
    from sagespec.building.cost import Prices

JOB = "<sagespec:job>"
"""Stands for the job's name in a body that has none yet."""
FIRST = "<sagespec:first-job>"
"""Stands for the name of the request's first attempt, which later attempts go on from."""

NO_DIGEST = "0" * 64
"""Stands for a digest that nobody has taken yet."""

Member = tuple[str, ...]
"""Where a member stands in a body."""


class Destination(NamedTuple):
    """Where a job will run."""

    region: str
    """Empty where nothing says it: then no draft can be sealed."""
    account: str | None
    local: bool = False
    """Whether the service is this machine."""


class Upload(NamedTuple):
    """Something local that must lie in S3 before the job is created."""

    kind: str
    """`code` or `data`."""
    path: FilePath
    uri: str
    """An object for code; a prefix that ends in a slash for data."""
    sha256: str
    size: int
    files: int
    content: Any = None
    """What can write the bytes (an archive's `Contents`)."""


class Naming(str, Enum):
    """How the thing that a call creates is called."""

    CONTENT = "content"
    """`<name>-<digest>`: another content is another thing."""
    STABLE = "stable"
    """`<name>`: the thing stays, and its content changes."""


class _Call(NamedTuple):
    operation: str
    """`CreateTrainingJob`."""
    name_member: str
    """The member that holds the name: `TrainingJobName`."""
    template: Mapping[str, Any]
    """The body without name and tags, with `JOB`, `FIRST` and `name_of(operation)` where names belong."""
    naming: Naming = Naming.CONTENT
    live: tuple[Member, ...] = ()
    """Members that can be changed after the creation, so that they are not part of its identity; `*` is every item of a
    list."""
    scope: str = ""
    """What sets it apart from an equal call: the environment. Empty without one."""


class Call(_Call):
    """One operation of the API."""

    @lazy
    def digest(self) -> str:
        """SHA-256 of what is asked for, in hexadecimal."""
        return digest_of(self.template, self.live, self.scope)


def name_of(operation: str) -> str:
    """Stands in a template for the name of what another call of the request creates."""
    return f"<sagespec:name:{operation}>"


class Serving(NamedTuple):
    """What the manifest of something that stays says of its life, beside its calls."""

    keep_previous: int = 1
    """How many configurations that it no longer asks for are kept, for going back."""
    scaling: str = "manifest"
    """Who owns the counts and weights of the instances: `manifest`, or `external` (an autoscaler)."""
    training_job: str = ""
    """The TrainingJob manifest whose model it serves; empty where the manifest names the model itself."""
    model_of: str = ""
    """The training job whose model it serves, as far as one has completed."""
    kms_key: str = ""
    """What the repacked model is encrypted with; empty for SSE-KMS with the account's own key."""
    waits_for: str = ""
    """What must be there before it can be made, in words; empty where nothing is missing."""
    image: str = ""
    """What is waited for will be served by this, as far as that is known."""
    changing: tuple[Call, ...] = ()
    """What the manifest says of the calls that change it in place, beside the names in them."""


class _Request(NamedTuple):
    kind: str
    """The manifest's `kind`."""
    manifest: str
    """The manifest's file, as people call it."""
    name: str
    calls: tuple[Call, ...]
    """In the order in which they are made; a template may name what an earlier one creates."""
    tags: Mapping[str, str]
    site: Destination
    uploads: tuple[Upload, ...] = ()
    project: str = "default"
    environment: str = ""
    """Of the defaults, as `--env` chose it: the same manifest in another environment is another job."""
    on_change: str = "refuse"
    retry: str = "infrastructure"
    max_attempts: int = 3
    role_by_name: bool = False
    """The manifest names the role without an account: apply asks IAM whether there is one."""
    prices: Prices | None = None
    """What things cost where it runs, as far as the defaults say."""
    serving: Serving = Serving()


class Request(_Request):
    """What one manifest asks for, ready to be sent. Equal digests ask for the same."""

    @property
    def template(self) -> Mapping[str, Any]:
        """The first call's."""
        return self.calls[0].template

    def with_template(self, template: Mapping[str, Any]) -> Request:
        """The same with another body for the first call."""
        first, *others = self.calls
        return self._replace(calls=(first._replace(template=template), *others))

    @lazy
    def digest(self) -> str:
        """SHA-256 of all that is asked for, in hexadecimal: that of the last call which is named by its content, as the
        names of what earlier ones create stand in it."""
        return self._content.digest

    @lazy
    def _content(self) -> Call:
        """The last call that is named by its content."""
        return next((call for call in reversed(self.named_calls) if call.naming is Naming.CONTENT), self.calls[-1])

    @lazy
    def named_calls(self) -> tuple[Call, ...]:
        """The calls, with the names of what earlier ones create in their templates."""
        known: dict[str, str] = {}
        made = []
        for call in self.calls:
            named = call._replace(template=filled_in(call.template, known)) if known else call
            known[name_of(call.operation)] = self._name(named, 1)
            made.append(named)
        return tuple(made)

    def _name(self, call: Call, attempt: int) -> str:
        if call.naming is Naming.STABLE:
            return self.name
        first = f"{self.name}-{call.digest[:10]}"
        return first if attempt == 1 else f"{first}-r{attempt}"

    def job_name(self, attempt: int = 1) -> str:
        """What the last call creates is called, for whose sake the others are made: a training job, or an endpoint.

        At most 63 characters, as the manifest's name has at most 48.
        """
        return self._name(self.named_calls[-1], attempt)

    @lazy
    def content_name(self) -> str:
        """What the last call that is named by its content creates is called: the configuration of an endpoint."""
        return self._name(self._content, 1)

    def name_made_by(self, operation: str) -> str:
        """What a call creates is called. KeyError: the request has no such call."""
        return {call.operation: self._name(call, 1) for call in self.named_calls}[operation]

    def body(self, attempt: int = 1) -> dict[str, Any]:
        """What the first call is made with: the caller's own."""
        return self._body(self.named_calls[0], attempt)

    def bodies(self, attempt: int = 1) -> dict[str, dict[str, Any]]:
        """Operation → body, in the order of the calls."""
        return {call.operation: self._body(call, attempt) for call in self.named_calls}

    def _body(self, call: Call, attempt: int) -> dict[str, Any]:
        name, first = self._name(call, attempt), self._name(call, 1)
        body: dict[str, Any] = filled_in(call.template, {JOB: name, FIRST: first})
        return {call.name_member: name, **body, "Tags": tag_list(self._tags(call, attempt))}

    def _tags(self, call: Call, attempt: int) -> dict[str, str]:
        """A lone call makes an attempt; what several calls make lasts, and what is named by content is known by its own
        digest: an earlier content of the manifest may have made it."""
        if len(self.calls) == 1:
            return self.all_tags(attempt)
        own = call.digest if call.naming is Naming.CONTENT else self.digest
        return {**self.lasting_tags, DIGEST: own}

    def sent(self) -> Mapping[str, Any]:
        """What is sent: the body of the one call, or operation → body of several."""
        return self.body() if len(self.calls) == 1 else self.bodies()

    def samples(self, named: Collection[str] | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """(operation, body) of every call, as long as the real ones are, without taking any digest.

        Args:
            named: the members in which placeholders may stand; None for all.
        """
        name = f"{self.name}-{NO_DIGEST[:10]}"
        names = {JOB: name, FIRST: name, **{name_of(call.operation): name for call in self.calls[:-1]}}
        tags = tag_list({**self.lasting_tags, DIGEST: NO_DIGEST, **({ATTEMPT: "1"} if len(self.calls) == 1 else {})})
        for call in self.calls:
            yield call.operation, {call.name_member: name, **named_in(call.template, names, named), "Tags": tags}
        for call in self.serving.changing:
            yield call.operation, {call.name_member: self.name or name, **named_in(call.template, names, named)}

    def all_tags(self, attempt: int = 1) -> dict[str, str]:
        """The author's tags and ours. One of ours names the author's, so that a tag that somebody else has put on the
        job is distinguished from one that the manifest no longer has."""
        if len(self.calls) > 1:
            return self._tags(self.named_calls[-1], attempt)
        return {**self.lasting_tags, DIGEST: self.digest, ATTEMPT: str(attempt)}

    @property
    def lasting_tags(self) -> dict[str, str]:
        """The tags that are the same whatever the content, and for every attempt."""
        given = " ".join(key for key in self.tags if not key.startswith(OURS) and " " not in key)
        return {
            **self.tags,
            **({GIVEN: given} if given and len(given) <= LONGEST_VALUE else {}),
            PROJECT: self.project,
            **({ENVIRONMENT: self.environment} if self.environment else {}),
            NAME: self.name,
        }

    def tag_changes(self, present: Mapping[str, str], attempt: int) -> tuple[dict[str, str], list[str]]:
        """What to add and what to remove so that a job's tags are as wanted; foreign tags stay.

        Which attempt a job is, and which commit it came from, are facts about it, not what it asks for.
        """
        wanted = {key: value for key, value in self.all_tags(attempt).items() if key not in FACTS}
        ours = {key for key in present if key.startswith(OURS) and key not in FACTS}
        ours.update(present.get(GIVEN, "").split(" "))
        add = {key: value for key, value in wanted.items() if present.get(key) != value}
        return add, sorted(key for key in ours & set(present) if key not in wanted)

    def live(self) -> dict[str, Any]:
        """The members that can still be changed after the creation."""
        return live_members(self.template, self.calls[0].live)


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)


def digest_of(template: Mapping[str, Any], live: Sequence[Member], scope: str = "") -> str:
    """Identity of a body without name and tags: the same for any order of its members, and for what can change live.

    Args:
        scope: what sets it apart from an equal body elsewhere.
    """
    import hashlib  # a draft is judged without it

    fixed: Any = template
    for path in live:
        fixed = _without(fixed, path)
    text = _CANONICAL.encode(fixed) + (f"\n{scope}" if scope else "")
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _without(value: Any, path: Member) -> Any:
    """A value without one of its members."""
    step, *rest = path
    if step == "*" and isinstance(value, list):
        return [_without(item, tuple(rest)) for item in value]
    if not isinstance(value, dict) or step not in value:
        return value
    if not rest:
        return {key: item for key, item in value.items() if key != step}
    inner = _without(value[step], tuple(rest))
    return value if inner is value[step] else {**value, step: inner}


def live_members(body: Mapping[str, Any], live: Sequence[Member]) -> dict[str, Any]:
    """Those of a body's members that can be changed after the creation, by their last names."""
    return {path[-1]: value for path in live if (value := value_at(body, path)) is not None}


def named_in(template: Mapping[str, Any], names: Mapping[str, str], members: Collection[str] | None) -> dict[str, Any]:
    """A template with names instead of the placeholders in some members (None: in all of them); the others are shared
    with it."""
    some = template if members is None else {name: template[name] for name in members if name in template}
    return {**template, **filled_in(some, names)}


def filled_in(value: Any, names: Mapping[str, str]) -> Any:
    """A value with names instead of the placeholders that stand for them; lists and maps are copies."""
    if isinstance(value, str):
        return _named(value, names) if OURS in value else value
    if isinstance(value, list):
        return [filled_in(item, names) for item in value]
    if isinstance(value, dict):
        filled = value.copy()
        for key, item in value.items():
            if not isinstance(item, str):
                filled[key] = filled_in(item, names)
            elif OURS in item:  # few of them: a call for each would cost the most
                filled[key] = _named(item, names)
        return filled
    return value


def _named(text: str, names: Mapping[str, str]) -> str:
    for placeholder, name in names.items():
        text = text.replace(placeholder, name)
    return text
