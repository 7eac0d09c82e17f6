"""How several instances train together."""

from typing import Annotated

from sagespec.kinds.types import Count, JsonValue
from sagespec.reading.constraints import Limits
from sagespec.reading.part import Part, field


class Strategy(Part):
    enabled: bool = field("Switches the strategy on.", False)


class ParameterServer(Strategy):
    pass


class Mpi(Strategy):
    processes_per_host: Count | None = field(
        "Processes on each instance; the container takes the number of GPUs when left out.", None
    )
    custom_mpi_options: str | None = field("More options for mpirun.", None)


class MultiWorkerMirroredStrategy(Strategy):
    pass


class DataParallel(Strategy):
    custom_mpi_options: str | None = field("More options for mpirun.", None)


class ModelParallel(Strategy):
    parameters: dict[str, JsonValue] | None = field(
        "Parameters of the library, such as partitions and microbatches.", None
    )


class SmDistributed(Part):
    dataparallel: DataParallel | None = field("SageMaker's distributed data parallel library.", None)
    modelparallel: ModelParallel | None = field("SageMaker's model parallel library.", None)


class Distribution(Part):
    """How several instances train together: the SDK's dictionary."""

    parameter_server: ParameterServer | None = field("Asynchronous training with parameter servers.", None)
    mpi: Mpi | None = field("Processes started by MPI (Horovod).", None)
    multi_worker_mirrored_strategy: MultiWorkerMirroredStrategy | None = field(
        "tf.distribute.MultiWorkerMirroredStrategy.", None
    )
    smdistributed: SmDistributed | None = field("SageMaker's own libraries.", None)
    instance_groups: Annotated[list[str], Limits(min_length=1)] | None = field(
        "The groups of a heterogeneous cluster that train.", None
    )

    def enabled(self) -> list[str]:
        """The strategies that are switched on, in the SDK's words."""
        smd = self.smdistributed
        strategies = {
            "parameter_server": self.parameter_server,
            "mpi": self.mpi,
            "multi_worker_mirrored_strategy": self.multi_worker_mirrored_strategy,
            "smdistributed.dataparallel": smd.dataparallel if smd else None,
            "smdistributed.modelparallel": smd.modelparallel if smd else None,
        }
        return [name for name, strategy in strategies.items() if strategy is not None and strategy.enabled]
