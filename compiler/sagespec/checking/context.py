"""What a rule is shown besides its subject: the whole manifest, typed; the facts; and where the manifest stands."""

from __future__ import annotations

from functools import cache
from pathlib import Path as FilePath
from typing import Any, ClassVar, TypeVar

from sagespec.base.files import Files
from sagespec.base.lazy import lazy
from sagespec.catalog import Facts, Guesses
from sagespec.checking.watching import Input, Watch, WrittenNames, watched
from sagespec.reading.part import Part
from sagespec.reading.render import DEFAULTS_NAME
from sagespec.scripts import Scripts

C = TypeVar("C", bound="Context")

INPUTS = {name: f"@{name}" for name in ("folder", "region", "account", "local")}
"""What differs between the manifests of one run, beside their fields: attribute → what `Watch` calls it."""


class Context:
    """One manifest to be judged. Reading a field whose value is wrong raises `Unknown`, and the rule says nothing."""

    shared: ClassVar[frozenset[str]] = frozenset({"script"})
    """What the run wants to know of, once it has been worked out."""

    def __init__(
        self,
        model: Part,
        facts: Facts,
        folder: FilePath,
        *,
        region: str | None,
        account: str | None,
        local: bool,
        scripts: Scripts,
        files: Files,
    ) -> None:
        """
        Args:
            model: the manifest, typed; partial where some of its values are wrong.
            folder: the manifest's: what its paths are relative to.
            region: where it will run, as far as that is known.
            local: whether it is to run on this machine.
            scripts: the scripts of the run, each read once.
            files: the file system, each thing looked for once.
        """
        self.watch: Watch | None = model.watch
        self.model = model
        self.facts = facts
        self.folder = folder
        self.region = region
        self.account = account
        self.local = local
        self.scripts = scripts
        self.files = files

    def watched(self: C) -> C:
        """The same, with a `watch` that notes what is read of it."""
        watch = Watch()
        made: C = _watched(type(self))(  # type: ignore[arg-type]
            watched(self.model, watch),
            self.facts,
            self.folder,
            region=self.region,
            account=self.account,
            local=self.local,
            scripts=self.scripts,
            files=self.files,
        )
        vars(made).update(written=WrittenNames(self.written, watch))
        return made

    def marks_project(self, folder: FilePath) -> bool:
        """Whether a folder says that a project begins there: defaults lie in it."""
        return self.files.is_file(folder / DEFAULTS_NAME)

    @lazy
    def guess(self) -> Guesses:
        """Guesses what was meant, for as many mistakes as are told."""
        return Guesses()

    @lazy
    def written(self) -> frozenset[str]:
        """What the author wrote and is known, in the words of `Subject.words`: fields; a kind may add its own."""
        return frozenset(self.model.fields_set)


@cache
def _watched(kind: type[Context]) -> Any:
    inputs: dict[str, Any] = {name: Input(name, word) for name, word in INPUTS.items()}
    return type(kind.__name__, (kind,), inputs)
