"""What becomes of each job of a run, and what the run is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from sagespec.base.diagnostic import Diagnostic, in_order
from sagespec.base.named import NamedTuple
from sagespec.checking.check import Checked
from sagespec.reading.render import Inputs, Manifest

if TYPE_CHECKING:  # imported where a request is made
    from sagespec.building.draft import Trained
    from sagespec.building.request import Request


class Result(NamedTuple):
    """What became of one job of one manifest (or of a manifest that describes none that can be read)."""

    manifest: str
    diagnostics: tuple[Diagnostic, ...] = ()
    name: str | None = None
    rendered: Manifest | None = None
    """The manifest with everything filled in; None where nothing could be read."""
    checked: Checked | None = None
    """None when it was refused."""
    request: Request | None = None
    """None when it was refused, or only validated."""
    ends: bool = False
    """Nothing behind it in the file could be read."""
    rest: Callable[[], Result] | None = None
    """Asks the service for what its request lacks: only once all manifests of a run are right."""

    @property
    def is_right(self) -> bool:
        return self.checked is not None

    @property
    def files(self) -> tuple[str, ...]:
        """Where its values were written, the manifest first; none where nothing could be read."""
        layers = () if self.rendered is None else self.rendered.layers
        return tuple(dict.fromkeys(layer.document.source.name for layer in layers))

    def summary(self) -> ResultSummary:
        return ResultSummary(self.manifest, self.diagnostics, self.name, self.is_right, self.ends, self.files)


class ResultSummary(NamedTuple):
    """Of a result what there is to print, without what it was made of: no more than findings keep their texts."""

    manifest: str
    diagnostics: tuple[Diagnostic, ...]
    name: str | None
    is_right: bool
    ends: bool
    files: tuple[str, ...]


class Options(NamedTuple):
    """What one run is asked for, besides its paths."""

    inputs: Inputs = Inputs()
    allowed: Collection[str] = ()
    """Rules that say nothing (`--allow`)."""
    build: bool = True
    """Seal requests; otherwise only judge what they would be."""
    local: bool = False
    """The jobs are to run on this machine."""
    account: str | None = None
    """The account, where no manifest says it."""
    ask_account: Callable[[str], str] | None = None
    """Asks the service in a region for the account, when neither does: the way of plan and apply."""
    may_ask: bool = False
    """The service may be asked at once: other manifests have been judged already."""
    trained: Callable[[str, str, Request], Trained] | None = None
    """Finds the training job whose model is served: the way of plan and apply. Without it, what the manifest of that
    job promises is taken."""
    archive_at: Callable[[str, Request], str] | None = None
    """Says what the content of a model's archive is known by: the way of plan and apply."""
    every_environment: bool = True
    """Without an environment, manifests that are only judged are judged in all that their defaults declare."""
    only: Collection[str] = ()
    """Patterns of names (`sweep-*`): manifests of other names are passed over."""
    alone: bool = False
    """What manifests have to do with one another is not looked at."""


def merged(found: Mapping[str, Result]) -> Result:
    """One job's results in several environments as one: what is found in some of them says in which."""
    first, *others = found.values()
    if not others:
        return first
    where: dict[Diagnostic, list[str]] = {}
    for environment, result in found.items():
        for diagnostic in result.diagnostics:
            where.setdefault(diagnostic, []).append(environment)
    diagnostics = [
        each
        if len(names) == len(found) or _stands_in_environment(each, found[names[0]])
        else each._replace(message=f"{each.message} ({_environments(names)})")
        for each, names in where.items()
    ]
    refused = next((result for result in found.values() if result.checked is None), first)
    return refused._replace(diagnostics=in_order(diagnostics))


def _stands_in_environment(found: Diagnostic, result: Result) -> bool:
    """Whether a finding's place says already which environment it is about."""
    layers = () if result.rendered is None else result.rendered.layers
    sections = (layer.document.where(layer.prefix) for layer in layers if layer.prefix[:1] == ("environments",))
    return any(place.source == found.place.source and place.span.encloses(found.span) for place in sections)


def _environments(names: Collection[str]) -> str:
    return f"environment{'s' * (len(names) > 1)} {', '.join(names)}"
