"""A manifest that was made out of something else, and what is still to be filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sagespec.base.errors import SagespecError
from sagespec.kinds.training_job.model import Job
from sagespec.reading.yamltext import Path, yaml_text

HEAD = {"apiVersion": "sagespec/v1", "kind": "TrainingJob"}


class Unreadable(SagespecError):
    """There is no training job to be found in what was given."""


@dataclass(frozen=True)
class Draft:
    """One job's manifest."""

    data: Mapping[str, Any]
    """Without apiVersion and kind; fields in any order."""
    notes: Mapping[Path, str] = field(default_factory=dict)
    """What stood there before, where that is not certain: each is for its reader to fill in."""
    remarks: tuple[str, ...] = ()
    """What could not be brought over."""

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
        fields = sorted(self.data, key=list(Job.fields).index)
        return remarks + yaml_text({**HEAD, **{name: self.data[name] for name in fields}}, self.notes)


def job_name(text: str) -> str:
    """A text as a manifest's name: the letters that are allowed, at most 48."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", text).strip("-")[:48].rstrip("-") or "job"


def literal(value: Any) -> Any:
    """A value whose texts mean themselves, where a manifest would take `{{` for the begin of an expression."""
    if isinstance(value, str):
        return value.replace("{{", '{{ "{{" }}')
    if isinstance(value, list):
        return [literal(item) for item in value]
    if isinstance(value, Mapping):
        return {key: literal(item) for key, item in value.items()}
    return value
