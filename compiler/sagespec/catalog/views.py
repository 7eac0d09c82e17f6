"""Typed views of the catalogue's rows: releases, images, instances, regions, limits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Literal

from sagespec.base.named import NamedTuple

Mode = Literal["legacy", "script"]
Processor = Literal["cpu", "gpu", "trn", "inf"]


class Image(NamedTuple):
    """Where the image of one version and Python lies: a repository, and per region the account that has it."""

    repository: str
    registries: Mapping[str, str]
    tags: Mapping[str, str]
    """Processor → the tag, in which `{version}`, `{base}` and `{python}` stand for what was asked for."""


class Release(NamedTuple):
    """What one version of a framework can do. Ask it; never compare version numbers."""

    framework: str
    """Its name in a manifest: `pytorch`."""
    name: str
    """Its name in a sentence: `PyTorch 2.1`."""
    version: str
    """As it was asked for: an alias (`1.6`) stays one, because the image tag carries it."""
    full_version: str
    images: Mapping[str, Image]
    """By Python (`py2`, `py37` …), for script mode; of versions before script mode, for legacy mode."""
    strategies: tuple[str, ...] = ()
    """Distribution strategies, in the SDK's spelling (`mpi`, `smdistributed.dataparallel` …)."""
    idle: tuple[str, ...] = ()
    """Of these, the ones that the SDK sends and the container does not know."""
    released: date | None = None
    patches_end: date | None = None
    """The day after which AWS patches the images no more; None where no source gives one."""
    legacy_image: Image | None = None
    """Of legacy mode, where there is one; its Python is `py2`."""
    legacy_mode: bool = False
    """The legacy containers exist, which call `model_fn` and its like."""
    script_mode: bool = True
    keras_distributed: bool = True
    """`keras_model_fn` works on several instances."""
    input_functions_may_return_functions: bool = False
    legacy_hyperparameters: Mapping[str, str] = MappingProxyType({})
    """What the legacy container itself reads: name → type (`int`, `bool`, `dict`)."""
    training_metrics: bool = False
    """EnableSageMakerMetricsTimeSeries is on unless somebody turns it off."""
    training_compiler: bool = False
    """The SDK takes a `compiler_config`."""
    p2_instances: bool = True
    heterogeneous_clusters: bool = True
    shell: str = ""
    """The shell (`dash`, `bash`) that reads the command line in the container, unquoted; empty where none does."""
    program_arguments: bool = True
    """A program that is not Python gets the hyperparameters as arguments."""
    keras: int = 2
    """The generation of Keras that TensorFlow comes with."""
    missing_modules: Sequence[str] = ()
    """Modules that older images hold and this one does not."""
    s3_file_system: bool = True
    """TensorFlow itself opens s3://…; otherwise only after `import tensorflow_io`."""
    debugger: bool = True
    """The image holds what `debugger_hook_config` needs."""
    requirements_installed: bool = True
    """The container of script mode installs requirements.txt even without a setup.py."""

    @property
    def pythons(self) -> tuple[str, ...]:
        """The Pythons that images exist for, the oldest first."""
        return tuple(self.images)

    @property
    def python3(self) -> str | None:
        """The one Python 3, if there is exactly one."""
        found = [python for python in self.images if python.startswith("py3")]
        return found[0] if len(found) == 1 else None


class Instance(NamedTuple):
    """One training instance type."""

    name: str
    """With the service's prefix: `ml.g5.xlarge`."""
    vcpus: int
    memory_gib: float
    accelerator: Literal["cpu", "gpu", "neuron"]
    accelerator_model: str | None
    accelerator_count: int
    accelerator_memory_gib: float
    """Of one accelerator; 0 where there is none."""
    nvme_gb: int
    """Local storage; 0 means that an EBS volume is attached."""
    efa: bool
    burstable: bool
    arch: Literal["x86_64", "arm64"]
    retired: bool
    """EC2 describes the type no more, although the API still lists it."""

    @property
    def family(self) -> str:
        return family_of(self.name)

    @property
    def size(self) -> str:
        return self.name.rpartition(".")[2]

    @property
    def gpus(self) -> int:
        return self.accelerator_count if self.accelerator == "gpu" else 0

    @property
    def has_local_storage(self) -> bool:
        """Then the volume's size is ignored and a volume key is refused.

        Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
        """
        return self.nvme_gb > 0

    @property
    def is_accelerated(self) -> bool:
        return self.accelerator != "cpu"

    @property
    def is_neuron(self) -> bool:
        """Trainium or Inferentia, for which few frameworks have training images."""
        return self.accelerator == "neuron"

    @property
    def is_graviton(self) -> bool:
        return is_graviton(self.family)


class Region(NamedTuple):
    """One region that SageMaker is in."""

    name: str
    partition: str
    """As in ARNs: `aws`, `aws-cn`, `aws-us-gov` …"""
    dns_suffix: str


class Limit(NamedTuple):
    """One documented number or list, and where it is documented."""

    value: int
    source: str


class NoImage(LookupError):
    """There is no such image. The subclass and `part` say which part of what was asked for cannot be had."""

    part = "image"

    def __init__(self, value: str, choices: tuple[str, ...] = (), why: str = "") -> None:
        self.value = value
        self.choices = choices
        """What could be asked for instead; empty when that is another question."""
        super().__init__(why or f"no image for {self.part} {value!r}")


class NoVersion(NoImage):
    part = "version"


class NoPython(NoImage):
    part = "python"


class NoRegion(NoImage):
    part = "region"


class NoProcessor(NoImage):
    part = "processor"


def family_of(instance_type: str) -> str:
    """`g5` of `ml.g5.xlarge`; empty for what is not an instance type."""
    parts = instance_type.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == "ml" else ""


def is_graviton(family: str) -> bool:
    """Whether the family's name says so: a g among the letters behind the generation (`m6g`, `c7gn`).

    Source: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
    """
    found = re.match(r"[a-z]+[0-9]+([a-z]*)", family)
    return found is not None and "g" in found[1]
