"""How several instances train together."""

from typing import Annotated, ClassVar

from sagespec.kinds import other_names
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


class PyTorchDdp(Strategy):
    custom_mpi_options: str | None = field("More options for mpirun.", None)


class TorchDistributed(Strategy):
    pass


class PyTorchXla(Strategy):
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

    other_names: ClassVar[str] = other_names.DISTRIBUTION

    parameter_server: ParameterServer | None = field("Asynchronous training with parameter servers.", None)
    mpi: Mpi | None = field("Processes started by MPI (Horovod).", None)
    multi_worker_mirrored_strategy: MultiWorkerMirroredStrategy | None = field(
        "tf.distribute.MultiWorkerMirroredStrategy.", None
    )
    pytorchddp: PyTorchDdp | None = field("PyTorch's DistributedDataParallel, started by MPI.", None)
    torch_distributed: TorchDistributed | None = field("PyTorch's own launcher, torchrun.", None)
    pytorchxla: PyTorchXla | None = field("PyTorch XLA, with SageMaker Training Compiler.", None)
    smdistributed: SmDistributed | None = field("SageMaker's own libraries.", None)
    instance_groups: Annotated[list[str], Limits(min_length=1)] | None = field(
        "The groups of a heterogeneous cluster that train.", None
    )

    def enabled(self) -> list[str]:
        """The strategies that are switched on, in the SDK's words."""
        return [name for name, strategy in self._strategies().items() if strategy.enabled]

    def written(self) -> list[str]:
        """The strategies that the author wrote; a library of SageMaker's that is switched off is not written."""
        return [name for name, strategy in self._strategies().items() if "." not in name or _is_asked_for(strategy)]

    def _strategies(self) -> dict[str, Strategy]:
        smd = self.smdistributed
        strategies = {name: getattr(self, name) for name in _OWN}
        strategies |= {name: getattr(smd, library) if smd else None for name, library in _LIBRARIES.items()}
        return {name: strategy for name, strategy in strategies.items() if strategy is not None}


def _is_asked_for(library: Strategy) -> bool:
    return library.enabled or "enabled" not in library.fields_set


_OWN = (
    *("parameter_server", "mpi", "multi_worker_mirrored_strategy"),
    *("pytorchddp", "torch_distributed", "pytorchxla"),
)
_LIBRARIES = {f"smdistributed.{name}": name for name in ("dataparallel", "modelparallel")}
STRATEGIES = (*_OWN, *_LIBRARIES)
"""Strategies of which a container runs one, in the SDK's words."""
TOGETHER = (
    {"mpi", "smdistributed.modelparallel"},
    {"torch_distributed", "smdistributed.modelparallel"},
    {"torch_distributed", "smdistributed.dataparallel"},
)
"""Those that may stand beside each other: a library of SageMaker's is started by another strategy."""
