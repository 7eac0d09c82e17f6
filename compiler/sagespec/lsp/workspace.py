"""What an editor holds open, over what is on disk; and which judgements rest on which files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sagespec.base.files import Files, StrPath
from sagespec.base.named import NamedTuple
from sagespec.base.source import value_at
from sagespec.lsp.protocol.texts import Json, TextDocument, path_of, uri_of

if TYPE_CHECKING:
    from sagespec.catalog import Facts
    from sagespec.checking.claims import Holder, Key

MANIFEST_ENDINGS = (".yaml", ".yml")


class Settings(NamedTuple):
    """What a user may set, under `sagespec` in the editor's configuration or as initialization options."""

    environment: str | None = None
    """Which of the defaults' environments holds; every one of them in turn, where none is named."""
    variables: Mapping[str, str] = MappingProxyType({})
    """Values for `{{ vars.NAME }}`."""
    inlay_hints: bool = True
    code_lens: bool = True
    hide_schema_findings: bool = False
    """Leave out what yaml-language-server shows already by the schema."""

    @classmethod
    def read(cls, value: object, otherwise: Settings) -> Settings:
        """What a client has sent; what is missing, or of the wrong type, stays as it is."""
        given = value if isinstance(value, dict) else {}
        given = given.get("sagespec", given) if isinstance(given.get("sagespec", given), dict) else {}
        environment = given.get("environment", otherwise.environment)
        variables = given.get("variables", otherwise.variables)

        def flag(name: str, before: bool) -> bool:
            return bool(given[name]) if isinstance(given.get(name), bool) else before

        return cls(
            (environment or None) if isinstance(environment, str | None) else otherwise.environment,
            {str(k): str(v) for k, v in variables.items()} if isinstance(variables, Mapping) else otherwise.variables,
            flag("inlayHints", otherwise.inlay_hints),
            flag("codeLens", otherwise.code_lens),
            flag("hideSchemaFindings", otherwise.hide_schema_findings),
        )


class WatchedFiles(Files):
    """The file system with the editor's texts over it, which keeps note of what it was asked for."""

    def __init__(self, unsaved: Mapping[str, bytes]) -> None:
        super().__init__()
        self._unsaved = dict(unsaved)
        self._folders = {os.path.dirname(path) for path in unsaved}  # noqa: PTH120
        self.asked: set[str] = set()
        """Every path that was looked for, absolute."""
        self.was_read: set[str] = set()
        """Those whose text was read."""
        self._real: dict[str, str] = {}
        """Folder → where it really lies: one file may have a name in each of several linked folders."""

    def _note(self, path: StrPath) -> str:
        try:
            whole = os.path.abspath(path)  # noqa: PTH100
        except ValueError:
            return ""
        self.asked |= {whole, self._really(whole)}
        return whole

    def _really(self, path: str) -> str:
        folder, name = os.path.split(path)
        real = self._real.get(folder)
        if real is None:
            real = self._real[folder] = os.path.realpath(folder)
        return path if real == folder else os.path.join(real, name)  # noqa: PTH118

    def _key(self, path: StrPath) -> str:
        whole = super()._key(path)
        return whole if whole in self._unsaved else self._really(whole)

    def read(self, path: StrPath, most: int) -> bytes:
        whole = self._note(path)
        self.was_read |= {whole, self._really(whole)}
        return super().read(path, most)

    def _is_file(self, path: StrPath) -> bool:
        self._note(path)
        return super()._is_file(path)

    def _exists(self, path: StrPath) -> bool:
        self._note(path)
        return super()._exists(path)

    def _is_folder(self, path: StrPath) -> bool:
        self._note(path)
        return super()._is_folder(path)


class Client(NamedTuple):
    """What the editor can do."""

    capabilities: Mapping[str, Any] = MappingProxyType({})

    def can(self, *path: str) -> bool:
        """Whether a capability is there, and not false."""
        value = value_at(self.capabilities, path)
        return bool(value) or value == {}


class Workspace:
    """Everything that a feature is a function of, beside its parameters."""

    def __init__(self) -> None:
        self.open: dict[str, TextDocument] = {}
        """By URI, as the editor writes it."""
        self.folders: list[str] = []
        self.settings = Settings()
        self.client = Client()
        self.environ: Mapping[str, str] = os.environ
        self.knowledge: Facts | None = None
        """The catalogue as of a day; as of today for None."""
        self.is_cancelled: Callable[[], bool] = lambda: False
        """Whether the request at hand is not wanted any more: long work asks now and then."""
        self.jobs_in_sight: Callable[[str, str], Sequence[tuple[Key, Holder]]] = lambda manifest, name: ()
        """(manifest, name that it asks for) → the training jobs that `validate` sees with a manifest."""
        self.asks: list[tuple[str, Json]] = []
        """Requests that the client is sent once the one at hand is answered."""
        self._by_path: dict[str, TextDocument] = {}

    # Documents

    def put(self, document: TextDocument) -> None:
        self.open[document.uri] = document
        if document.path is not None:
            self._by_path[document.path] = document

    def take_away(self, uri: str) -> TextDocument | None:
        document = self.open.pop(uri, None)
        if document is not None and document.path is not None:
            others = [each for each in self.open.values() if each.path == document.path]  # the same, spelt otherwise
            self._by_path.pop(document.path, None)
            if others:
                self._by_path[document.path] = others[-1]
        return document

    def document(self, params: Mapping[str, Any]) -> TextDocument | None:
        """The document that a request is about; None where it is not open."""
        return self.open.get(params["textDocument"]["uri"])

    def at_path(self, path: str) -> TextDocument | None:
        return self._by_path.get(os.path.abspath(path))  # noqa: PTH100

    def uri(self, path: str) -> str:
        """A path's URI, spelt as the editor spells it where it has the file open."""
        document = self.at_path(path)
        return uri_of(path) if document is None else document.uri

    def range(self, place: Any) -> Json:
        """The range of a place, in the text that the editor has."""
        from sagespec.lsp.protocol.texts import range_of

        document = self.at_path(place.source.name)
        return range_of(place.source, place.span, 0 if document is None else document.mark)

    # What the pipeline is given

    def files(self) -> WatchedFiles:
        really = {document.real: document.content for document in self._by_path.values()}
        return WatchedFiles({**really, **{path: document.content for path, document in self._by_path.items()}})

    @property
    def inputs(self) -> Any:
        from sagespec.reading.render import Inputs  # the first answer to the client does not wait for the pipeline

        environment = self.settings.environment or self.environ.get("SAGESPEC_ENV") or None
        return Inputs(environment, self.settings.variables, self.environ, self._commit)

    @cached_property
    def _commit(self) -> str | None:
        from pathlib import Path

        from sagespec.base.repository import commit_of

        return commit_of(Path.cwd())

    # Folders

    def set_folders(self, params: Mapping[str, Any]) -> None:
        """The folders of `initialize`."""
        folders = params.get("workspaceFolders") or []
        uris = [folder["uri"] for folder in folders] or ([params["rootUri"]] if params.get("rootUri") else [])
        found = [path_of(uri) for uri in uris]
        self.folders = [path for path in found if path is not None]
        if not self.folders and params.get("rootPath"):
            self.folders = [os.path.normpath(params["rootPath"])]

    def change_folders(self, added: list[Json], removed: list[Json]) -> None:
        gone = {path_of(folder["uri"]) for folder in removed}
        new = [path_of(folder["uri"]) for folder in added]
        self.folders = [path for path in self.folders if path not in gone]
        self.folders += [path for path in new if path is not None and path not in self.folders]

    def is_inside(self, path: str) -> bool:
        """Whether a file lies in one of the folders."""
        return self._folder_of(path) is not None

    def comes_before(self, one: str, other: str) -> bool:
        """Whether `validate FOLDER` reads one file, and later the other; never of files of two folders."""
        folder = self._folder_of(one)
        return folder is not None and folder == self._folder_of(other) and _in_reading(one) < _in_reading(other)

    def is_beside(self, one: str, other: str) -> bool:
        """Whether `validate FOLDER` reads both files, or one lies beside the other or below."""
        folder = self._folder_of(one) or os.path.dirname(one)  # noqa: PTH120
        return other.startswith(folder.rstrip(os.sep) + os.sep)

    def in_reading(self, paths: Iterable[str]) -> list[str]:
        """In the order in which `validate FOLDER` reads them."""
        return sorted(paths, key=_in_reading)

    def _folder_of(self, path: str) -> str | None:
        """The folder of the workspace that a file lies in; of several, the outermost."""
        around = [folder for folder in self.folders if path.startswith(folder.rstrip(os.sep) + os.sep)]
        return min(around, key=len, default=None)

    def manifests(self, below: str = "") -> Iterator[str]:
        """Every YAML file of the folders, or of one in them, as `validate FOLDER` finds them."""
        from sagespec.reading.discovery import PASSED_OVER, Survey

        steps = below.removeprefix(self._folder_of(below) or "").split(os.sep)  # noqa: PTH206
        if any(step in PASSED_OVER or step.startswith(".") for step in steps):
            return
        for folder in [below] if below else self.folders:
            for path, why in Survey().files(folder):
                if not why:
                    yield os.path.abspath(path)  # noqa: PTH100


def _in_reading(path: str) -> list[tuple[bool, str]]:
    """What sorts paths as they are read: the files of a folder, then the folders in it."""
    *folders, name = path.split(os.sep)  # noqa: PTH206 - pathlib takes its time
    return [*((True, folder) for folder in folders), (False, name)]


def is_manifest_name(path: str | None) -> bool:
    return path is not None and path.endswith(MANIFEST_ENDINGS)


def shown(path: str) -> str:
    """A path as a person in this folder would give it: messages show it."""
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return path
    return path if relative.startswith(os.pardir) else relative
