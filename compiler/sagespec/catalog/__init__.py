"""Facts, each with its source: frameworks, AWS's algorithms, images, instances, regions, limits, the API's model."""

from sagespec.catalog.algorithms import Algorithm
from sagespec.catalog.api_model import ApiMember, api_members
from sagespec.catalog.facts import Facts, facts, image_instance_type
from sagespec.catalog.frameworks import PLAIN, Framework, Variant, processor
from sagespec.catalog.near import Guesses, near, near_instance, near_name
from sagespec.catalog.tables import digest
from sagespec.catalog.views import (
    Image,
    Instance,
    Limit,
    Mode,
    NoImage,
    NoProcessor,
    NoPython,
    NoRegion,
    NoVersion,
    Region,
    Release,
    family_of,
    is_graviton,
)

__all__ = [
    "PLAIN",
    "Algorithm",
    "ApiMember",
    "Facts",
    "Framework",
    "Guesses",
    "Image",
    "Instance",
    "Limit",
    "Mode",
    "NoImage",
    "NoProcessor",
    "NoPython",
    "NoRegion",
    "NoVersion",
    "Region",
    "Release",
    "Variant",
    "api_members",
    "digest",
    "facts",
    "family_of",
    "image_instance_type",
    "is_graviton",
    "near",
    "near_instance",
    "near_name",
    "processor",
]
