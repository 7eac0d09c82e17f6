"""The service on this machine: each training job is a folder laid out like a container's /opt/ml, and a supervisor.

`LocalService` is the door. It is imported when it is asked for: the supervisor, which lives in this package too, needs
nothing beyond the standard library, so that a job starts at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sagespec.deploying.services.local.service import LocalService

__all__ = ["LocalService"]


def __getattr__(name: str) -> Any:
    if name != "LocalService":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sagespec.deploying.services.local.service import LocalService

    return LocalService
