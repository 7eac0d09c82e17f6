"""The shape of a manifest: what a JSON Schema can say about it."""

from sagespec.kinds.training_job.model.channel import Channel, ShuffleConfig
from sagespec.kinds.training_job.model.job import LEGACY_FIELDS, RENAMED, Job, Mode
from sagespec.kinds.training_job.model.parts import Distribution, InstanceGroup, MetricDefinition

__all__ = [
    "LEGACY_FIELDS",
    "RENAMED",
    "Channel",
    "Distribution",
    "InstanceGroup",
    "Job",
    "MetricDefinition",
    "Mode",
    "ShuffleConfig",
]
