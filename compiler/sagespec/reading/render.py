"""Defaults, environments, matrix and expressions → one document per job; the origin of every value is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path as FilePath
from types import MappingProxyType
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Rejected, Severity
from sagespec.base.files import Files
from sagespec.base.lazy import lazy
from sagespec.base.named import NamedTuple
from sagespec.base.source import Path, Place
from sagespec.reading.matrix import MAX_VARIABLE, combinations, length_of
from sagespec.reading.syntax.document import Data, Document
from sagespec.reading.syntax.reader import load, read

DEFAULTS_NAME = "sagespec.yaml"
SETTINGS = ("project", "vars", "environments", "prices", "max_job_cost", "max_total_cost", "framework_versions")
"""Members of a Defaults document that are not a job's."""
_MAPS = {"environments": "{dev: {region: us-west-2}}", "vars": "{bucket: my-bucket}"}
"""Settings that are maps, as they are written."""
OWN = ("apiVersion", "kind", "name")
"""What a manifest says for itself; no default stands in for it."""
_NO_FIELDS = frozenset((*SETTINGS, *OWN, "matrix"))
MAX_EXPRESSIONS = 1_000
"""Texts with expressions in one manifest and its defaults: each takes a part of a millisecond."""
MAX_EVALUATED = 100_000
"""The same in all jobs of one matrix."""
MAX_RENDERED = 100_000
"""Characters that one expression may make."""
MAX_MADE = 10_000_000
"""Characters that all expressions of a matrix may make."""
MAX_ENVIRONMENTS = 100
"""Of one Defaults document: a manifest is judged in each."""
MAX_MATRIX = 500_000
"""Values of all jobs of one matrix."""
MAX_MATRIX_TEXT = 20_000_000
"""Characters of the keys and scalars of all jobs of one matrix."""


class Inputs(NamedTuple):
    """What comes from outside: `--env`, `--set`, environment variables, and the commit."""

    environment: str | None = None
    variables: Mapping[str, str] = MappingProxyType({})
    environ: Mapping[str, str] = MappingProxyType({})
    commit: str | None = None


class Layer(NamedTuple):
    """A document, or an environment of it: where values come from, nearest first."""

    document: Document
    prefix: Path = ()

    @property
    def data(self) -> Mapping[str, Data]:
        data: Any = self.document.data
        for step in self.prefix:
            data = data[step]
        return data if isinstance(data, dict) else {}


class Vocabulary(NamedTuple):
    """The fields of a manifest's kind, beside those of other kinds."""

    kind: str
    """Its section in a Defaults document."""
    foreign: Callable[[str], bool] = lambda _name: False
    """Whether a name that stands in a Defaults document is another kind's: a field that this one has not, or a
    section."""


class Manifest(NamedTuple):
    """One job's data, everything filled in, and where each value was written."""

    document: Document
    layers: tuple[Layer, ...]
    data: dict[str, Any]
    settings: Mapping[str, Any] = MappingProxyType({})
    """project, vars, prices and their like: what the defaults say beside the job's own fields."""
    matrix: Mapping[str, Any] = MappingProxyType({})
    problems: tuple[Diagnostic, ...] = ()
    """What is wrong with the YAML and with the expressions."""
    environment: str | None = None
    """Which of the defaults' environments lies over them."""
    unknown: frozenset[Path] = frozenset()
    """Where an expression has no value: nothing can be said of these."""
    lone: Mapping[str, str] = MappingProxyType({})
    """Field → the name that its value has, where one value stands in place of a map of such values."""

    def named(self, field: str, name: str) -> Manifest:
        """The same, where the value of a field is the one of this name, and paths lead through the name."""
        unknown = ((field, name, *path[1:]) if path[:1] == (field,) and path[1:] else path for path in self.unknown)
        return self._replace(lone={**self.lone, field: name}, unknown=frozenset(unknown))

    def origin(self, path: Path) -> tuple[Layer, Path]:
        """The layer in which `path` (or the longest part of it that is written) stands, and that part's path there."""
        for length in range(len(path), 0, -1):
            for layer in self.layers:
                inside = (*layer.prefix, *path[:length])
                if layer.document.has(inside):
                    return layer, inside
            if length == 2 and self.lone.get(str(path[0])) == path[1]:
                return self.origin((path[0], *path[2:]))
        return self.layers[0], ()

    def where(self, path: Path, *, at_key: bool = False) -> Place:
        nearest = self.layers[0]
        written = nearest.document.place((*nearest.prefix, *path), at_key=at_key) if path else None
        if written is not None:  # as most is
            return written
        layer, inside = self.origin(path)
        complete = inside[-1:] == path[-1:]
        return layer.document.where(inside, at_key=at_key and complete)

    def written(self, path: Path) -> str:
        """The scalar at `path` as typed; empty where an expression or a block of text makes the value."""
        layer, inside = self.origin(path)
        text = layer.document.written(inside) if inside[-1:] == path[-1:] else ""
        return "" if "{{" in text or text.startswith(("|", ">")) else text


class Defaults:
    """The Defaults documents above a folder; each file is read once."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._documents: dict[FilePath, Document | None] = {}
        self._above: dict[FilePath, tuple[Document, ...]] = {}

    def above(self, folder: FilePath) -> tuple[Document, ...]:
        """Nearest first, up to the repository's root (the folder that holds `.git`) or the file system's."""
        if folder not in self._above:
            whole = folder.absolute()
            here = self._read(whole / DEFAULTS_NAME)
            ends = whole.parent == whole or self._files.exists(whole / ".git")
            farther = () if ends else self.above(whole.parent)
            self._above[folder] = farther if here is None else (here, *farther)
        return self._above[folder]

    @property
    def documents(self) -> list[Document]:
        """All that have been read so far."""
        return [document for document in self._documents.values() if document is not None]

    def _read(self, path: FilePath) -> Document | None:
        if path not in self._documents:
            self._documents[path] = _defaults_of(path, self._files) if self._files.is_file(path) else None
        return self._documents[path]


def _defaults_of(path: FilePath, files: Files) -> Document | None:
    try:
        shown = path.relative_to(FilePath.cwd())
    except ValueError:
        shown = path
    documents = list(read(load(str(path), shown.as_posix(), files)))
    for document in documents:
        if isinstance(document.data, dict) and document.data.get("kind") == "Defaults":
            return document.with_problems(_no_maps(document))
    return None


def _no_maps(document: Document) -> Iterator[Diagnostic]:
    """What is wrong with the members that only Defaults have."""
    data: Any = document.data
    environments = data.get("environments")
    members: dict[Path, Any] = {("vars",): data.get("vars"), ("environments",): environments}
    for name, value in environments.items() if isinstance(environments, dict) else ():
        members["environments", name] = value
        members["environments", name, "vars"] = value.get("vars") if isinstance(value, dict) else None
    for path, value in members.items():
        if value is not None and not isinstance(value, dict):
            hint = f"write {path[0]}: {_MAPS[str(path[0])]}" if path and path[0] in _MAPS else ""
            message = f"{'.'.join(map(str, path))} must be a map"
            yield _error(document.where(path), "wrong-type", message, hint, field=path)
    if isinstance(environments, dict) and len(environments) > MAX_ENVIRONMENTS:
        message = f"{len(environments):,} environments are declared here; a project has {MAX_ENVIRONMENTS} at most"
        hint = "let what differs from job to job stand in the manifests, or in a matrix"
        path = ("environments",)
        yield _error(document.where(path), "too-many-environments", message, hint, field=path)


def environments_of(defaults: Sequence[Document]) -> tuple[str, ...]:
    """The names of the environments that some defaults declare, nearest first; of each no more than it may have."""
    declared = (above.data.get("environments") for above in defaults if isinstance(above.data, dict))
    some = (islice(names, MAX_ENVIRONMENTS) for names in declared if isinstance(names, dict))
    return tuple(dict.fromkeys(name for names in some for name in names))


def is_ours(document: Document) -> bool:
    """Whether a document of a folder is meant for us: other YAML is passed over."""
    data = document.data
    return isinstance(data, dict) and str(data.get("apiVersion", "")).startswith("sagespec/")


def is_defaults(document: Document) -> bool:
    return isinstance(document.data, dict) and document.data.get("kind") == "Defaults"


def render(
    document: Document, defaults: Sequence[Document], inputs: Inputs, vocabulary: Vocabulary
) -> Iterator[Manifest]:
    """One manifest per job that a document describes.

    Raises:
        Rejected: the document is not a map, or an expression, matrix or environment of it is wrong.
    """
    if not isinstance(document.data, dict):
        raise Rejected(
            [
                _error(
                    document.where(()),
                    "not-a-map",
                    "a manifest is a map of fields",
                    "begin with 'apiVersion: sagespec/v1'",
                )
            ]
        )
    layers = _layers(document, defaults, inputs, vocabulary.kind)
    if not defaults and not _may_hold_expressions(document) and "matrix" not in document.data:
        yield Manifest(
            document,
            layers,
            document.data,
            problems=document.problems,
            unknown=document.tagged,
            environment=inputs.environment,
        )
        return
    merged = _merge([document.data, *(_own(layer.data, vocabulary) for layer in layers[1:])])
    settings = {name: merged.pop(name) for name in SETTINGS if name in merged and name not in document.data}
    for name in OWN:
        merged.pop(name, None)
        if name in document.data:
            merged[name] = document.data[name]
    matrix = merged.pop("matrix", None)
    base = Manifest(document, layers, merged, settings, environment=inputs.environment)
    made = list(combinations(base.where, matrix))
    _refuse_weight(base, len(made))
    budget = _Budget()
    for combination in made:
        one = base._replace(matrix=combination) if combination else base
        yield _Renderer(one, inputs, budget).manifest()


def _refuse_weight(manifest: Manifest, jobs: int) -> None:
    """
    Raises:
        Rejected: so many jobs are too much together, though the document is not.
    """
    if jobs == 1:
        return
    values, characters = _weight(manifest.data)
    totals = ((jobs * values, MAX_MATRIX, "values"), (jobs * characters, MAX_MATRIX_TEXT, "characters"))
    for total, most, noun in totals:
        if total > most:
            message = f"makes {jobs:,} jobs that have {total:,} {noun} together; the most is {most:,}"
            raise Rejected([_error(manifest.where(("matrix",)), "bad-matrix", message, "split it into several files")])


def _weight(value: Any) -> tuple[int, int]:
    """(values, characters of keys and scalars) of some data."""
    if isinstance(value, str):
        return 1, len(value)
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    weights = [_weight(item) for item in items]
    keys = sum(map(len, value)) if isinstance(value, dict) else 0
    return 1 + sum(values for values, _ in weights), keys + sum(characters for _, characters in weights)


def _may_hold_expressions(document: Document) -> bool:
    """Whether `{{` may stand in its data: with escapes it is not in its text. The data as Python writes it has no other
    `{{` than its texts have: a map is not a key."""
    text = document.source.text
    return "{{" in text or ("\\" in text and "{{" in repr(document.data))


def standing_alone(
    document: Document, kinds: Iterable[str], vocabulary_of: Callable[[str], Vocabulary]
) -> Iterator[tuple[str, Manifest]]:
    """(kind, what a Defaults document says of it by itself), its environments and sections one by one.

    Expressions have no value yet. A field that several kinds have is the first one's; a kind of which nothing is said
    is not asked for its vocabulary, which takes time to import.
    """
    environments = document.data.get("environments") if isinstance(document.data, dict) else None
    names = environments if isinstance(environments, dict) else ()
    layers = [Layer(document), *(Layer(document, ("environments", name)) for name in islice(names, MAX_ENVIRONMENTS))]
    problems = (*document.problems, *_no_maps(document))
    for layer in layers:
        left = {key: value for key, value in layer.data.items() if key not in _NO_FIELDS}
        for kind in kinds:
            if left or problems:
                own = _own(left, vocabulary_of(kind))
                left = {key: value for key, value in left.items() if key not in own}
                yield kind, _alone(layer, own, problems)
                problems = ()
            section = layer.data.get(kind)
            if isinstance(section, dict):
                yield kind, _alone(Layer(document, (*layer.prefix, kind)), section)


def _alone(layer: Layer, data: Mapping[str, Any], problems: tuple[Diagnostic, ...] = ()) -> Manifest:
    unknown = frozenset(_expressions(data, ()))
    return Manifest(layer.document, (layer,), dict(data), problems=problems, unknown=unknown)


def _own(data: Mapping[str, Any], vocabulary: Vocabulary) -> Mapping[str, Any]:
    """What a Defaults document says for a kind: without other kinds' fields, and without sections."""
    return {key: value for key, value in data.items() if key in _NO_FIELDS or not vocabulary.foreign(key)}


def _expressions(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _expressions(item, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _expressions(item, (*path, position))
    elif isinstance(value, str) and "{{" in value:
        yield path


def _layers(document: Document, defaults: Sequence[Document], inputs: Inputs, kind: str) -> tuple[Layer, ...]:
    layers = [Layer(document)]
    known: set[str] = set()
    for above in defaults:
        environments = above.data.get("environments") if isinstance(above.data, dict) else None
        if isinstance(environments, dict):
            known.update(environments)
            if inputs.environment in environments and isinstance(environments[inputs.environment], dict):
                layers += _sections(Layer(above, ("environments", inputs.environment)), kind)
        layers += _sections(Layer(above), kind)
    if inputs.environment is not None and inputs.environment not in known:
        names = ", ".join(sorted(known)) or "none"
        raise Rejected(
            [
                _error(
                    document.where(()),
                    "unknown-environment",
                    f"no defaults above this manifest have an environment '{inputs.environment}'",
                    f"known: {names}",
                )
            ]
        )
    return tuple(layers)


def _sections(layer: Layer, kind: str) -> Iterator[Layer]:
    """A layer, under what it says for one kind alone."""
    if isinstance(layer.data.get(kind), dict):
        yield Layer(layer.document, (*layer.prefix, kind))
    yield layer


def _merge(layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Nearest first: maps merge, lists and scalars replace."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            if key in ("vars", "environments") and not isinstance(value, dict):
                continue  # said of the document already
            if key not in result:
                result[key] = value
            elif isinstance(result[key], dict) and isinstance(value, dict):
                result[key] = _merge([result[key], value])
    return result


def as_name(text: str) -> str:
    """A text as a job's name can be: what is not a letter or digit of ASCII becomes a hyphen (`0.1` is `0-1`)."""
    letters = "".join(c if c.isascii() and c.isalnum() else "-" for c in text)
    return "-".join(part for part in letters.split("-") if part)


class _Budget:
    """What the expressions of all jobs of a matrix have taken so far."""

    def __init__(self) -> None:
        self.evaluated = 0
        self.made = 0

    def is_spent(self) -> bool:
        return self.evaluated > MAX_EVALUATED or self.made > MAX_MADE


class _Renderer:
    """Renders the expressions of one manifest, scalar by scalar."""

    def __init__(self, manifest: Manifest, inputs: Inputs, budget: _Budget) -> None:
        self.base = manifest
        self.inputs = inputs
        self.budget = budget
        self.problems: list[Diagnostic] = []
        if any(layer.document.problems for layer in manifest.layers):
            documents = dict.fromkeys(layer.document.source for layer in manifest.layers)
            found = {layer.document.source: layer.document.problems for layer in reversed(manifest.layers)}
            self.problems += (problem for source in documents for problem in found[source])
        self.unknown: set[Path] = set(manifest.document.tagged)
        self.expressions = 0

    def manifest(self) -> Manifest:
        settings = {**self.base.settings}
        variables = {**(settings.get("vars") or {}), **self.inputs.variables}
        settings["vars"] = {name: self.variable(value, ("vars", name)) for name, value in variables.items()}
        self.base = self.base._replace(settings=settings)
        name = self.value(self.base.data.get("name"), ("name",))
        if self.base.matrix and isinstance(name, str) and "{{" in str(self.base.data["name"]):
            name = as_name(name)
        data = {**self.base.data, "name": name} if "name" in self.base.data else self.base.data
        self.names["name"] = name[:MAX_VARIABLE] if isinstance(name, str) else None  # as one, nothing else is accepted
        live = {name for layer in self.base.layers if _may_hold_expressions(layer.document) for name in layer.data}
        rendered = {key: self.value(value, (key,)) if key in live else value for key, value in data.items()}
        return self.base._replace(data=rendered, problems=tuple(self.problems), unknown=frozenset(self.unknown))

    @property
    def variables(self) -> set[Path]:
        return {("vars", name) for name in self.base.settings.get("vars") or ()}

    @lazy
    def names(self) -> dict[str, Any]:
        """What an expression may speak of."""
        return {
            "vars": self.base.settings.get("vars") or self.inputs.variables,
            "env": self.inputs.environ,
            "git": {"commit": self.inputs.commit} if self.inputs.commit else {},
            "matrix": self.base.matrix,
        }

    def value(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {key: self.value(item, (*path, key)) for key, item in value.items() if self.plain(key, path)}
        if isinstance(value, list):
            return [self.value(item, (*path, position)) for position, item in enumerate(value)]
        if isinstance(value, str) and "{{" in value:
            return self.expression(value, path)
        return value

    def variable(self, value: Any, path: Path) -> Any:
        length = length_of(value)
        if length > MAX_VARIABLE:
            return self.refused(path, f"a variable may have {MAX_VARIABLE:,} characters, not {length:,}")
        return self.value(value, path)

    def plain(self, key: str, path: Path) -> bool:
        """Whether a key is not an expression; nothing more is said of one that is."""
        if "{{" not in key:
            return True
        place = self.base.where((*path, key), at_key=True)
        self.problems.append(_error(place, "expression-in-key", "an expression may stand in a value, not in a key"))
        return False

    def expression(self, text: str, path: Path) -> Any:
        from sagespec.reading.expression import ExpressionError, evaluate

        self.expressions += 1
        self.budget.evaluated += 1
        if self.expressions > MAX_EXPRESSIONS:
            raise self.ended(path, f"there are more than {MAX_EXPRESSIONS:,} texts with expressions")
        if self.budget.is_spent():
            raise self.ended(path, "the expressions of all jobs of the matrix are too many, or make too long texts")
        broken = "|".join(re.escape(str(name)) for _, name in self.unknown & self.variables)
        if broken and re.search(rf"\bvars\b.*\b({broken})\b", text):
            self.unknown.add(path)  # what is wrong with the variable has been said
            return None
        try:
            value = evaluate(text, self.names)
        except ExpressionError as error:
            return self.refused(path, error.message, error.hint)
        length = length_of(value)
        self.budget.made += length
        if length > MAX_RENDERED:
            raise self.ended(path, f"makes a text of {length:,} characters")
        return value

    def ended(self, path: Path, message: str) -> Rejected:
        return Rejected([_error(self.base.where(path), "bad-expression", message)])

    def refused(self, path: Path, message: str, hint: str = "") -> None:
        self.unknown.add(path)
        self.problems.append(_error(self.base.where(path), "bad-expression", message, hint, field=path))


def _error(place: Place, rule: str, message: str, hint: str = "", *, field: Path = ()) -> Diagnostic:
    return Diagnostic(place, Severity.ERROR, rule, message, hint, field)
