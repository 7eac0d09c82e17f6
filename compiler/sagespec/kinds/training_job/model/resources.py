"""What a job runs on, besides plain instances."""

from typing import Annotated

from sagespec.kinds.types import Count, InstanceType
from sagespec.reading.constraints import Limits
from sagespec.reading.part import Part, field


class InstanceGroup(Part):
    instance_group_name: Annotated[str, Limits(min_length=1, max_length=64)] = field(
        "Name that channels and the distribution use."
    )
    instance_type: InstanceType = field("Type of this group's instances.")
    instance_count: Count = field("How many of them.")


class PlacementSpecification(Part):
    ultra_server_id: Annotated[str, Limits(max_length=256)] | None = field("The UltraServer.", None)
    instance_count: Count = field("Instances on it.")


class InstancePlacementConfig(Part):
    enable_multiple_jobs: bool | None = field("Lets several jobs share an UltraServer.", None)
    placement_specifications: Annotated[list[PlacementSpecification], Limits(max_length=10)] | None = field(
        "How many instances go where.", None
    )


class CompilerConfig(Part):
    """SageMaker Training Compiler."""

    enabled: bool = field("Switches the compiler on.", True)
    debug: bool = field("Dumps the compiler's intermediate files: slow.", False)
