"""What a kind of manifest is: a value that the generic stages are given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from sagespec.base.named import NamedTuple
from sagespec.base.source import Path, value_at
from sagespec.kinds.lifecycle import Lifecycle
from sagespec.reading.part import Part

if TYPE_CHECKING:  # what makes requests: imported where one is made
    from sagespec.building.cost import Bill
    from sagespec.building.draft import Draft, DraftInputs
    from sagespec.building.request import Request
    from sagespec.catalog import Facts
    from sagespec.checking.context import Context
    from sagespec.checking.rule import RuleSet
    from sagespec.reading.render import Manifest


FieldOf: TypeAlias = "Callable[[str, Sequence[str | int]], str | None]"
"""(operation, member of its request) → the field that sets it."""


def field_by(members: Mapping[str, Sequence[str]]) -> FieldOf:
    """That of a table of members: the field with the longest fitting path."""

    def field_of(operation: str, member: Sequence[str | int]) -> str | None:
        names = [step for step in member if isinstance(step, str)]
        for length in range(len(names), 0, -1):
            path = ".".join(names[:length])
            fits = {path, f"{operation}.{path}"}
            found = next((field for field, own in members.items() if not fits.isdisjoint(own)), None)
            if found is not None:
                return found
        return None

    return field_of


class Snippet(NamedTuple):
    """A whole manifest to start from, as an editor offers it."""

    description: str
    """What it makes, in a sentence."""
    body: Mapping[str, Any]
    """The manifest, and nothing that it can do without; `${1:text}` is a place to type over.

    Source of the form: https://code.visualstudio.com/docs/languages/json#_define-snippets-in-json-schemas
    """

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest, with the texts that stand at such places."""
        return dict(json.loads(re.sub(r"\$\{\d+:(.*?)\}", r"\1", json.dumps(self.body))))


ROLE = "${9:arn:aws:iam::123456789012:role/SageMakerRole}"
"""A role in a snippet."""


class Kind(NamedTuple):
    """Everything that is true of one kind of manifest alone."""

    name: str
    """What stands under `kind:`."""
    model: type[Part]
    """The fields, and what their values may be."""
    rules: RuleSet
    """What may be wrong with a manifest beyond the types of its values."""
    context: Callable[..., Context]
    """What a rule is shown besides its subject, made as `Context` is."""
    members: Mapping[str, Sequence[str]]
    """Field → the members of the API that it sets; the first is the one that it is for."""
    elsewhere: Mapping[str, str]
    """Field that sets no member of its own → what it is for."""
    field_of: FieldOf
    overrides: Mapping[str, Path]
    """Operation → where the manifest overrides members of its request."""
    role_member: Path
    """Where the role stands in `request:`, where that gives one."""
    draft: Callable[[Any, Manifest, DraftInputs], Draft]
    """What would be sent for a model (which may be partial)."""
    lifecycle: Lifecycle
    """What becomes of it in the service."""
    bill: Callable[[Request, Facts, int], Bill]
    """What a request may cost at most, from an attempt on."""
    snippet: Snippet
    """What editors offer to start from."""
    serves: str = ""
    """The field that names a TrainingJob manifest whose model it serves; empty of a kind that serves none."""
    called: str = ""
    """What other tools call such a thing: words in small letters, without marks."""

    def sent(self, field: str, request: Request) -> Any:
        """What a request has where a field lands; None where it has nothing there, or the field lands nowhere."""
        steps = next(iter(self.members.get(field, ())), "").split(".")
        bodies: dict[str, Any] = {call.operation: call.template for call in request.calls}
        return value_at(bodies if steps[0] in bodies else request.template, steps)
