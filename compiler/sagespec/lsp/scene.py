"""What the pipeline makes of a text that is being written: its jobs, partial as they are, and what follows."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from sagespec.base.diagnostic import Rejected, Severity
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path, Source
from sagespec.checking.context import Context
from sagespec.kinds import Kind, kind_of, vocabulary_of
from sagespec.lsp.offers import cursor
from sagespec.lsp.protocol.texts import TextDocument
from sagespec.lsp.workspace import Workspace, shown
from sagespec.pipeline import OUR_KINDS, Compiler, Options
from sagespec.reading.binding import bind
from sagespec.reading.discovery import may_be_ours
from sagespec.reading.part import Unknown
from sagespec.reading.render import Layer, Manifest, environments_of, is_defaults, is_ours, render
from sagespec.reading.syntax.document import Document

if TYPE_CHECKING:
    from sagespec.building.draft import Draft

FoundError = tuple[str, Path, str]
"""(rule, field, message) of an error."""


def source_of(document: TextDocument) -> Source:
    path = document.path or document.uri
    return Source(shown(path) if document.path else path, document.text, FilePath(path).parent)


def concerns_us(document: TextDocument) -> bool:
    """Whether a document is a manifest or defaults, or on the way to it: of other YAML nothing is said at all."""
    name = document.path or document.uri
    return name.endswith((".yaml", ".yml")) and may_be_ours(document.text, OUR_KINDS)


class SceneJob(NamedTuple):
    """The first job of a document, in the first environment that holds; it may be partial."""

    compiler: Compiler
    manifest: Manifest
    kind: Kind
    context: Context

    def about(self, *names: str) -> Any:
        """What follows from the manifest (`model.server`), by the names under which rules are shown it; None where a
        field that decides it is wrong, and for another kind."""
        found: Any = self.context
        try:
            for name in names:
                found = getattr(found, name, None)
        except Unknown:
            return None
        return found

    def draft(self) -> Draft:
        """What would be sent, as far as the fields are right."""
        return self.compiler.drafted(self.manifest, self.kind)

    def errors_of(self, data: dict[str, Any]) -> frozenset[FoundError]:
        """The errors of other data: everything that `validate` would say of the job by itself."""
        result = self.compiler.manifest(self.manifest._replace(data=data, problems=()), self.kind)
        return frozenset(
            (each.rule, each.field, each.message)
            for each in result.diagnostics
            if each.severity is Severity.ERROR and each.rule not in _OF_SEVERAL
        )


_OF_SEVERAL = frozenset({"duplicate-name", "name-in-two-files"})
"""What a job that is tried twice would be reported for."""


class Scene:
    """One text, and the jobs that it describes."""

    def __init__(self, workspace: Workspace, source: Source) -> None:
        self.source = source
        self.compiler = Compiler(Options(workspace.inputs, build=False), workspace.knowledge, workspace.files())
        self.compiler.beside.named = workspace.jobs_in_sight

    def documents(self) -> list[Document]:
        """Those of ours; the lines that are not YAML are left out."""
        return [each for each in cursor.documents(self.source) if is_ours(each) or is_defaults(each)]

    def defaults(self) -> tuple[Document, ...]:
        """The Defaults documents above it, nearest first; none where one of them cannot be read."""
        try:
            return self.compiler.defaults.above(self.source.folder)
        except Rejected:
            return ()

    def job(self, document: Document) -> SceneJob | None:
        """None of a Defaults document, and of one whose kind is not known."""
        if is_defaults(document) or not isinstance(document.data, dict):
            return None
        kind = kind_of(document.data)
        if kind is None:
            return None
        manifest = self._manifest(document, kind)
        bound = bind(manifest, kind.model)
        context = self.compiler.context(bound.model, manifest, kind)
        return SceneJob(self.compiler, bound.manifest, kind, context)

    def _manifest(self, document: Document, kind: Kind) -> Manifest:
        above = self.defaults()
        inputs = self.compiler.options.inputs
        environment = inputs.environment or next(iter(environments_of(above)), None)
        for layers in (above, ()):
            try:
                within = inputs._replace(environment=environment if layers else None)
                return next(iter(render(document, layers, within, vocabulary_of(kind.name))))
            except Rejected:
                continue
        data: Any = document.data
        return Manifest(document, (Layer(document),), data)


def with_value(data: Any, path: Path, value: Any) -> Any:
    """The data with another value at `path`; maps on the way are made where there is none."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(data) if isinstance(data, list) else []
        items += [None] * (step + 1 - len(items))
        items[step] = with_value(items[step], rest, value)
        return items
    members = dict(data) if isinstance(data, dict) else {}
    members[step] = with_value(members.get(step), rest, value)
    return members


def item_at(data: Any, path: Collection[str | int]) -> Any:
    """The value at a path; None where there is none."""
    for step in path:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data
