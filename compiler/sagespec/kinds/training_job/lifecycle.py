"""What becomes of a training job after its creation."""

from __future__ import annotations

LIVE = (
    ("ResourceConfig", "KeepAlivePeriodInSeconds"),
    ("ProfilerConfig",),
    ("ProfilerRuleConfigurations",),
    ("RemoteDebugConfig",),
)
"""Members that UpdateTrainingJob can change, so that they are no part of a request's identity.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateTrainingJob.html
"""
