"""What becomes of a training job after its creation."""

from __future__ import annotations

from sagespec.kinds.lifecycle import Lifecycle, Nature

LIVE = (
    ("ResourceConfig", "KeepAlivePeriodInSeconds"),
    ("ProfilerConfig",),
    ("ProfilerRuleConfigurations",),
    ("RemoteDebugConfig",),
)
"""Members that UpdateTrainingJob can change, so that they are not part of a request's identity.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateTrainingJob.html
"""

LIFECYCLE = Lifecycle(
    kind="TrainingJob",
    nature=Nature.RUNS,
    noun="training job",
    decisions={
        None: ("create", "create"),
        "InProgress": ("keep", "on_change"),
        "Stopping": ("wait", "wait"),
        "Completed": ("keep", "create"),
        "Stopped": ("stopped", "create"),
        "Failed": ("on_failure", "create"),
        "Deleting": ("wait", "create"),
    },
    settled=frozenset({"Completed", "Failed", "Stopped"}),
)
"""What to do about the newest attempt, by its status: (of the same digest, of another digest)."""
