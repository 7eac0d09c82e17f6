"""The shape of a manifest: what a JSON Schema can say about it."""

from sagespec.kinds.training_job.model.channel import Channel, ShuffleConfig
from sagespec.kinds.training_job.model.distribution import Distribution
from sagespec.kinds.training_job.model.job import Job, Mode
from sagespec.kinds.training_job.model.names import LEGACY_FIELDS, RENAMED
from sagespec.kinds.training_job.model.observing import MetricDefinition
from sagespec.kinds.training_job.model.resources import InstanceGroup

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
