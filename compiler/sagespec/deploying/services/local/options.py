"""How this machine runs a job, beside what the request says of it."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import Any

from sagespec.deploying.services.local.running.processes import GRACE

EXECUTORS = ("process", "docker")


@dataclass(frozen=True)
class LocalOptions:
    """Kept in the job's folder, for the supervisor."""

    executor: str = "process"
    """One of `EXECUTORS`."""
    provision: bool = False
    """Whether the script runs in an environment with the TensorFlow version of the request's image."""
    python: str = sys.executable
    """The Python that runs the script, where none is provisioned."""
    interrupt: int = 0
    """How often the spot instance is taken away."""
    grace: float = GRACE
    """Seconds from SIGTERM to SIGKILL."""

    def plain(self) -> dict[str, Any]:
        return asdict(self)
