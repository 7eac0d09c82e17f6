"""What UpdateTrainingJob can change of a job, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sagespec.building.request import Request

if TYPE_CHECKING:
    from sagespec.deploying.planning.observed import Observed

KEEP_ALIVE = "KeepAlivePeriodInSeconds"


def live_changes(request: Request, newest: Observed) -> tuple[dict[str, Any], dict[str, str]]:
    """What can be changed now; and what can be changed at another time, with that time."""
    present = dict(newest.live)
    if KEEP_ALIVE not in present and (newest.ended or KEEP_ALIVE not in request.live()):
        present[KEEP_ALIVE] = newest.body.get("ResourceConfig", {}).get(KEEP_ALIVE)
    now, later = {}, {}
    for name, wanted in _wanted(request, present).items():
        possible, when = CHANGEABLE[name]
        if wanted == present.get(name):
            continue
        if possible(newest):
            now[name] = wanted
        elif not newest.ended:
            later[name] = when
    return now, later


def _wanted(request: Request, present: Mapping[str, Any]) -> dict[str, Any]:
    """The members as they are asked for. Who asks for no warm pool any more wants the one to end that is billed."""
    wanted = request.live()
    if present.get(KEEP_ALIVE):
        wanted.setdefault(KEEP_ALIVE, 0)
    return wanted


def _has_warm_pool(seen: Observed) -> bool:
    return seen.body.get("WarmPoolStatus", {}).get("Status") in ("Available", "InUse")


# When each live member can be changed; an unknown state is tried.
# Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateTrainingJob.html
CHANGEABLE: Mapping[str, tuple[Callable[[Observed], bool], str]] = {
    KEEP_ALIVE: (
        lambda seen: seen.status == "Completed" and _has_warm_pool(seen),
        "once it has completed and keeps a warm pool",
    ),
    "ProfilerConfig": (lambda seen: seen.status == "InProgress", "while it runs"),
    "ProfilerRuleConfigurations": (lambda seen: seen.status == "InProgress", "while it runs"),
    "RemoteDebugConfig": (
        lambda seen: seen.status == "InProgress" and seen.secondary in ("", "Downloading", "Training"),
        "while it downloads or trains",
    ),
}
