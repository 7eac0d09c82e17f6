"""Manifests that were made out of something else, and what is still to be filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sagespec.base.errors import SagespecError
from sagespec.base.named import NamedTuple
from sagespec.kinds import kind_named
from sagespec.reading.syntax.writer import Path, yaml_text

VERSION = "sagespec/v1"


class UnreadableProgram(SagespecError):
    """There is no training job and no endpoint to be found in what was given."""


class FilledArgument(NamedTuple):
    """What has become of one argument, or of one member of a request."""

    name: str
    outcome: str
    """`taken`, `changed` or `not taken`."""
    how: str = ""
    """The field that has it; how it was changed; why it was not taken."""


class Remark(NamedTuple):
    """What was seen outside of the jobs."""

    where: str
    text: str
    left: bool = True
    """A manifest lacks something because of it."""

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


@dataclass(frozen=True)
class ManifestDraft:
    """The manifest of one job, or of one endpoint."""

    data: Mapping[str, Any]
    """Without apiVersion and kind; fields in any order."""
    notes: Mapping[Path, str] = field(default_factory=dict)
    """What stood there before, where that is not certain: each is for its reader to fill in."""
    remarks: tuple[str, ...] = ()
    """What could not be brought over."""
    comments: Mapping[Path, str] = field(default_factory=dict)
    """What stood there before, where nothing is left to do."""
    arguments: tuple[FilledArgument, ...] = ()
    where: str = ""
    """Where the job is started: `line 12`, `cell 3, line 2`."""
    kind: str = "TrainingJob"

    @property
    def complete(self) -> bool:
        return not self.notes and not self.remarks

    @property
    def left(self) -> Iterator[str]:
        """What its reader has to do, a line each."""
        for path, note in self.notes.items():
            yield f"{self.data['name']}: fill in {'.'.join(map(str, path))}, which {note}"
        for remark in self.remarks:
            yield f"{self.data['name']}: {remark}"

    @property
    def text(self) -> str:
        """The manifest as YAML, fields in the model's order."""
        remarks = "".join(f"# {remark}\n" for remark in self.remarks)
        order = ["name", "matrix", *kind_named(self.kind).model.fields]
        head = {"apiVersion": VERSION, "kind": self.kind}
        fields = {name: self.data[name] for name in sorted(self.data, key=order.index)}
        return remarks + yaml_text({**head, **fields}, {**self.comments, **self.notes})


@dataclass(frozen=True)
class Imported:
    """All that was found in one source."""

    drafts: Sequence[ManifestDraft]
    remarks: Sequence[Remark] = ()

    def __iter__(self) -> Iterator[ManifestDraft]:
        return iter(self.drafts)

    def __len__(self) -> int:
        return len(self.drafts)

    @property
    def complete(self) -> bool:
        return all(draft.complete for draft in self.drafts) and not any(one.left for one in self.remarks)

    @property
    def text(self) -> str:
        return "---\n".join(draft.text for draft in self.drafts)

    @property
    def left(self) -> Iterator[str]:
        """What its reader has to do or should know, a line each."""
        for draft in self.drafts:
            yield from draft.left
        yield from map(str, self.remarks)


def moved(draft: ManifestDraft, prefix: str) -> ManifestDraft:
    """The manifest for another folder.

    Args:
        prefix: the way from that folder to the one in which its paths begin.
    """

    def path(value: Any) -> Any:
        stays = not isinstance(value, str) or "://" in value or value.startswith(("/", "~", "{{"))
        return value if stays else f"{prefix}/{value.removeprefix('./')}"

    data = dict(draft.data)
    if isinstance(data.get("model_data"), str):
        data["model_data"] = path(data["model_data"])
    first = "source_dir" if "source_dir" in data else "entry_point"
    if first in data:
        data[first] = path(data[first])
    if isinstance(data.get("dependencies"), list):
        data["dependencies"] = [path(one) for one in data["dependencies"]]
    channels = data.get("channels")
    if isinstance(channels, dict):
        one = {"path": path(channels["path"])} if isinstance(channels.get("path"), str) else {}
        data["channels"] = {
            **{
                name: {**channel, "path": path(channel["path"])}
                if isinstance(channel, dict) and "path" in channel
                else channel
                for name, channel in channels.items()
            },
            **one,
        }
    return replace(draft, data=data)


def job_name(text: str) -> str:
    """A text as a manifest's name: the letters that are allowed, at most 48."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", text).strip("-")[:48].rstrip("-") or "job"


def named_apart(drafts: Sequence[ManifestDraft]) -> list[ManifestDraft]:
    """The same, no two of one name and kind."""
    own = {(draft.kind, str(draft.data["name"])) for draft in drafts}
    taken: set[tuple[str, str]] = set()
    result: list[ManifestDraft] = []
    for draft in drafts:
        name = made = str(draft.data["name"])
        number = 1
        while (draft.kind, made) in taken or (number > 1 and (draft.kind, made) in own):
            number += 1
            made = f"{name[:44]}-{number}"
        taken.add((draft.kind, made))
        result.append(replace(draft, data={**draft.data, "name": made}))
    return result


def literal(value: Any) -> Any:
    """A value whose texts mean themselves, where a manifest would take `{{` for the begin of an expression."""
    if isinstance(value, str):
        return value.replace("{{", '{{ "{{" }}')
    if isinstance(value, list):
        return [literal(item) for item in value]
    if isinstance(value, Mapping):
        return {key: literal(item) for key, item in value.items()}
    return value
