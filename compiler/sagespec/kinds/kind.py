"""What a kind of manifest is: a value that the generic stages are given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sagespec.base.named import NamedTuple
from sagespec.base.source import Path
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
    field_of: Callable[[str, Sequence[str | int]], str | None]
    """(operation, member of its request) → the field that sets it."""
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
