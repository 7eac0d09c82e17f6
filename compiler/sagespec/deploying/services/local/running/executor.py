"""What runs a job's program: a process of this machine, or docker. The supervisor knows only this interface."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sagespec.deploying.services.local.folder import HostFolder
from sagespec.deploying.services.local.running.processes import Command, ProcessEnding

RunOne = Callable[[Command], ProcessEnding]


class Executor(Protocol):
    """The steps of a job that depend on what runs it, in their order."""

    def start(self, report: Callable[[str], None]) -> None:
        """Gets what the job needs of this machine; `report` takes what takes long."""
        ...

    def visible_folder(self, host: str) -> HostFolder:
        """A host's folder as its program sees it."""
        ...

    def prepare(self, run: RunOne) -> None:
        """Does what comes after the data and before the program; `run` runs a command of the job's own."""
        ...

    def commands(self) -> list[Command]:
        """What is to be run together; asked again for every new run."""
        ...

    def why_failed(self, ending: ProcessEnding) -> str:
        """The FailureReason of a run in which a program failed."""
        ...

    def clean_up(self) -> None:
        """Leaves nothing behind outside of the job's results."""
        ...
