"""What a rule is shown besides its subject: the whole manifest, typed; the facts; and where the manifest stands."""

from __future__ import annotations

from pathlib import Path as FilePath

from sagespec.base.files import Files
from sagespec.base.lazy import lazy
from sagespec.catalog import Facts, Guesses
from sagespec.reading.part import Part
from sagespec.scripts import Scripts


class Context:
    """One manifest to be judged. Reading a field whose value is wrong raises `Unknown`, and the rule says nothing."""

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
        self.model = model
        self.facts = facts
        self.folder = folder
        self.region = region
        self.account = account
        self.local = local
        self.scripts = scripts
        self.files = files

    @lazy
    def guess(self) -> Guesses:
        """Guesses what was meant, for as many mistakes as are shown."""
        return Guesses()

    @lazy
    def written(self) -> frozenset[str]:
        """What the author wrote and is known, in the words of `Subject.words`: fields; a kind may add its own."""
        return frozenset(self.model.fields_set)
