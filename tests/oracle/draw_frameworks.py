"""Draws manifests of the other frameworks: the same ones every time. What is shared with TensorFlow's is in draw.py.

Most families hold what one framework's estimator decides; `random` draws everything at once, so that a sample may be
wrong in several ways. What the SDK lets through although the service or the container cannot do it is in `lax`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle, islice
from random import Random
from typing import Any

import draw
from draw import CPU, GPU, MWMS, PS, SMDDP, SMDP, Manifest, dress, grouped, model_parallel, partition, words

FRAMEWORKS = ("pytorch", "huggingface", "sklearn", "xgboost", "mxnet", "chainer")
VERSION = {"huggingface": "transformers_version"}
TABLES = {
    "compiler": {"pytorch": "pytorch-training-compiler", "huggingface": "huggingface-training-compiler"},
    "smp": {"pytorch": "pytorch-smp"},
    "neuron": {"pytorch": "pytorch-neuron"},
}
UNKNOWN = ("0.1", "9.9.9", "3.0", "1.13.0", "2.99", "1.0-9")
BIG = words("ml.p3.16xlarge ml.p3dn.24xlarge ml.p4d.24xlarge ml.p4de.24xlarge ml.p5.48xlarge ml.g5.12xlarge")
TYPES = [*CPU, *GPU, *BIG, *words("ml.p2.xlarge ml.g6.2xlarge ml.c7i.large ml.r6i.large")]
DDP = {"pytorchddp": {"enabled": True}}
TORCH = {"torch_distributed": {"enabled": True}}
XLA = {"pytorchxla": {"enabled": True}}
STRATEGIES: list[dict] = [
    PS,
    {"parameter_server": {"enabled": False}},
    {"parameter_server": {}},
    {"mpi": {"enabled": True}},
    {"mpi": {"enabled": False}},
    {"mpi": {"enabled": True, "processes_per_host": 8}},
    {"mpi": {"enabled": True, "custom_mpi_options": "-x NCCL_DEBUG=INFO"}},
    {"mpi": {"enabled": True, "processes_per_host": 2, "custom_mpi_options": "-x NCCL_DEBUG=INFO"}},
]
OF_TORCH: list[dict] = [
    DDP,
    {"pytorchddp": {"enabled": False}},
    {"pytorchddp": {"enabled": True, "custom_mpi_options": "-verbose"}},
    TORCH,
    {"torch_distributed": {"enabled": False}},
    SMDDP,
    {"smdistributed": {"dataparallel": {"enabled": True, "custom_mpi_options": "-verbose"}}},
    {"smdistributed": {"dataparallel": {"enabled": False}}},
    model_parallel({"partitions": 2}),
    {**TORCH, **SMDDP},
    {"torch_distributed": {"enabled": False}, **SMDDP},
    {"torch_distributed": {"enabled": False}, "mpi": {"enabled": True}},
    {"multi_worker_mirrored_strategy": {"enabled": False}},
    {"pytorchddp": {"enabled": False}, "mpi": {"enabled": True}},
]


class Table:
    """One framework's images, as the SDK's table has them."""

    def __init__(self, framework: str, name: str | None = None) -> None:
        from sagemaker import image_uris

        config = image_uris.config_for_framework(name or framework)
        self.framework = framework
        self.table = config.get("training", config)
        self.versions = [*self.table.get("version_aliases", {}), *self.table["versions"]]

    def row(self, version: str) -> dict:
        return self.table["versions"][self.table.get("version_aliases", {}).get(version, version)]

    def bases(self, version: str) -> list:
        """What may stand under a version, written as long as it."""
        row = self.row(version)
        long = version in self.table["versions"]
        return list(
            [key for key in row if key.startswith(("pytorch", "tensorflow"))] if long else row["version_aliases"]
        )

    def pairs(self) -> list:
        """(version, what stands under it or None)."""
        if self.framework != "huggingface":
            return [(version, None) for version in self.versions]
        return [(version, base) for version in self.versions for base in self.bases(version)]

    def image(self, version: str, base: str | None) -> dict:
        row = self.row(version)
        return row[row["version_aliases"].get(base, base)] if base else row

    def pythons(self, version: str, base: str | None = None) -> list:
        return draw.pythons(self.image(version, base)) or ["py3"]

    def regions(self, version: str, base: str | None = None) -> list:
        return draw.registries(self.image(version, base), self.pythons(version, base)[-1])

    def types(self, version: str, base: str | None = None) -> list:
        processors = self.table.get("processors") or self.image(version, base).get("processors") or ["cpu", "gpu"]
        found = [*(CPU if "cpu" in processors else ()), *(GPU if "gpu" in processors else ())]
        return found or ["ml.trn1.2xlarge", "ml.trn1.32xlarge"]


def job(table: Table, version: str | None, base: str | None, python: str | None, where: str, of: str) -> Manifest:
    manifest = draw.plain(None, python, where, of)
    manifest["framework"] = table.framework
    if version is not None:
        manifest[VERSION.get(table.framework, "framework_version")] = version
    if base is not None:
        name = "pytorch" if base.startswith("pytorch") else "tensorflow"
        manifest[name + "_version"] = base[len(name) :]
    return manifest


def fitting(rng: Random, table: Table, version: str, base: str | None = None) -> Manifest:
    """A job that there is an image for."""
    where, of = rng.choice(table.regions(version, base)), rng.choice(table.types(version, base))
    return job(table, version, base, table.pythons(version, base)[-1], where, of)


def alone(manifest: Manifest) -> Manifest:
    """scikit-learn trains on one instance."""
    return dict(manifest, instance_count=1) if manifest.get("framework") == "sklearn" else manifest


EXTRAS = [extra for extra in draw.SDK_2 if extra not in (draw.model_dir, draw.traffic)]


def traffic(rng: Random, manifest: Manifest) -> None:
    manifest["encrypt_inter_container_traffic"] = rng.choice([True, False])


EXTRAS.append(traffic)


def grid(rng: Random, tables: dict) -> Iterator[Manifest]:
    """Every version and alias with every Python; those that exist are dressed up."""
    for table in tables.values():
        for version, base in table.pairs():
            regions, types = cycle(table.regions(version, base)), cycle(table.types(version, base))
            for python in draw.PYTHONS:
                manifest = job(table, version, base, python, next(regions), next(types))
                yield alone(dress(rng, manifest, EXTRAS, 0.35))


def region(rng: Random, tables: dict) -> Iterator[Manifest]:
    """Every set of registries in every region."""
    everywhere = sorted(
        {where for table in tables.values() for pair in table.pairs() for where in table.regions(*pair)}
    )
    for table in tables.values():
        sets = {
            json.dumps(table.image(*pair).get("registries") or table.regions(*pair), sort_keys=True): pair
            for pair in table.pairs()
        }
        for pair in sets.values():
            for where in everywhere:
                manifest = job(table, *pair, table.pythons(*pair)[-1], where, rng.choice(table.types(*pair)))
                yield dress(rng, manifest, [draw.hyperparameters, draw.output], 0.4)


def instance(rng: Random, tables: dict) -> Iterator[Manifest]:
    """Families of instances over versions."""
    kinds = [*TYPES, *words(draw.MODERN), *words(draw.P2), *words("ml.trn1.2xlarge ml.inf1.xlarge ml.inf2.xlarge")]
    for framework, table in tables.items():
        for of in kinds:
            neuron = of.startswith(("ml.trn", "ml.inf"))
            pairs = [pair for pair in table.pairs() if not (neuron and framework == "pytorch")]
            if framework == "xgboost" and of.startswith("ml.inf"):
                continue  # lax: the SDK does not look
            for pair in rng.sample(pairs, min(3, len(pairs))):
                yield job(table, *pair, table.pythons(*pair)[-1], rng.choice(table.regions(*pair)), of)
        for pair in table.pairs() if framework == "pytorch" else ():
            if pair[0].startswith("1.6"):
                for python in ("py3", "py36"):
                    for of in ("ml.p4d.24xlarge", "ml.p4de.24xlarge", "ml.p3.2xlarge", "ml.c5.4xlarge"):
                        yield job(table, *pair, python, "us-east-1", of)


def distribution(rng: Random, tables: dict) -> Iterator[Manifest]:
    """Every strategy on every version."""
    for framework in ("pytorch", "huggingface", "mxnet"):
        table = tables[framework]
        strategies = STRATEGIES if framework == "mxnet" else [*STRATEGIES, *OF_TORCH]
        for pair in table.pairs():
            for strategy in rng.sample(strategies, min(len(strategies), 14)):
                manifest = fitting(rng, table, *pair)
                if framework != "mxnet" and any(name in json.dumps(strategy) for name in ("ddp", "parallel", "torch")):
                    manifest["instance_type"] = rng.choice([*SMDP, *rng.sample(TYPES, 2)])
                    if "cpu" not in (table.table.get("processors") or ()) and manifest["instance_type"] in CPU:
                        manifest["instance_type"] = "ml.g4dn.xlarge"
                manifest.update(distribution=strategy, instance_count=rng.choice([1, 2, 4]))
                yield dress(rng, manifest, [draw.hyperparameters, draw.output, draw.isolation], 0.3)
    for framework in ("pytorch", "huggingface"):
        table = tables[framework]
        for pair in table.pairs()[-12:]:
            for of in ("ml.p5.48xlarge", "ml.p4d.24xlarge", "ml.g5.2xlarge", "ml.p3.16xlarge"):
                for strategy in (TORCH, SMDDP, DDP):
                    manifest = job(table, *pair, table.pythons(*pair)[-1], "us-east-1", of)
                    yield dict(manifest, distribution=strategy, instance_count=2)
            for of, strategy in (
                ("ml.p4d.24xlarge", MWMS),
                ("ml.g5.2xlarge", XLA),
                ("ml.p4d.24xlarge", {**DDP, **SMDDP}),
            ):
                if framework == "huggingface" and "pytorchddp" in strategy:
                    continue  # lax: the SDK starts one of them
                manifest = job(table, *pair, table.pythons(*pair)[-1], "us-east-1", of)
                yield dict(manifest, distribution=strategy, instance_count=2)
    for entry in ("train.sh", "train.py"):
        manifest = job(tables["pytorch"], "2.6.0", None, "py312", "us-east-1", "ml.p4d.24xlarge")
        yield dict(manifest, distribution=TORCH, entry_point=entry)


def compiler(rng: Random, tables: dict) -> Iterator[Manifest]:
    """Training Compiler and its images."""
    configs = [{}, {"enabled": True}, {"enabled": False}, {"enabled": True, "debug": True}]
    types = ["ml.p3.2xlarge", "ml.p3dn.24xlarge", "ml.g4dn.xlarge", "ml.p4d.24xlarge", "ml.g5.2xlarge"]
    wrong = ["ml.m5.xlarge", "ml.p2.xlarge", "ml.g6.xlarge", "ml.p4de.24xlarge", "ml.p5.48xlarge"]
    for framework, name in TABLES["compiler"].items():
        table = Table(framework, name)
        for pair in table.pairs():
            for of in [*types, *wrong]:
                manifest = job(table, *pair, table.pythons(*pair)[-1], rng.choice(table.regions(*pair)), of)
                manifest["compiler_config"] = rng.choice(configs)
                yield dress(rng, manifest, [draw.hyperparameters, draw.output], 0.3)
            for strategy in (
                XLA,
                {"pytorchxla": {"enabled": False}},
                SMDDP,
                TORCH,
                DDP,
                PS,
                {"mpi": {"enabled": True}},
            ):
                manifest = job(
                    table, *pair, table.pythons(*pair)[-1], rng.choice(table.regions(*pair)), "ml.p3.16xlarge"
                )
                yield dict(manifest, compiler_config={}, distribution=strategy, instance_count=2)
            manifest = job(table, *pair, table.pythons(*pair)[-1], rng.choice(table.regions(*pair)), "ml.p3.2xlarge")
            yield dict(manifest, compiler_config={}, instance_count=2)
            yield dict(grouped(manifest, ["ml.p3.2xlarge"]), compiler_config={})
            yield dict(manifest, compiler_config={}, py_version="py36")
        for pair in tables[framework].pairs():
            manifest = fitting(rng, tables[framework], *pair)
            yield dict(manifest, compiler_config={}, instance_type="ml.p3.2xlarge")
    own = image_of(draw.plain(None, None, "us-west-2", "ml.p3.2xlarge"))
    yield dict(own, framework="pytorch", compiler_config={})


def neuron(rng: Random, tables: dict) -> Iterator[Manifest]:
    """PyTorch on Trainium."""
    table = Table("pytorch", "pytorch-neuron")
    for version in ("1.11", "1.11.0"):
        for where in table.regions("1.11.0"):
            of = rng.choice(["ml.trn1.2xlarge", "ml.trn1.32xlarge", "ml.trn1n.32xlarge"])
            manifest = job(table, version, None, "py38", where, of)
            manifest.update(rng.choice([{}, {"distribution": TORCH, "instance_count": 2}]))
            yield dress(rng, manifest, [draw.hyperparameters, draw.output, draw.checkpoints], 0.4)
        for strategy in (PS, {"mpi": {"enabled": True}}, SMDDP, DDP, {**TORCH, **PS}, {}):
            yield dict(job(table, version, None, "py38", "us-east-1", "ml.trn1.2xlarge"), distribution=strategy)
        yield job(table, version, None, "py39", "us-east-1", "ml.trn1.2xlarge")
        yield job(table, version, None, "py38", "sa-east-1", "ml.trn1.2xlarge")


def smp(rng: Random, tables: dict) -> Iterator[Manifest]:
    """The model parallel library v2, in images of its own."""
    table = Table("pytorch", "pytorch-smp")
    library = {"modelparallel": {"enabled": True, "parameters": {"tensor_parallel_degree": 8}}}
    for version in [*table.versions, "2.6.0", "1.13.1", "2.0.0"]:
        known = version in table.versions
        python = table.pythons(version)[-1] if known else "py310"
        for of in ("ml.p4d.24xlarge", "ml.p4de.24xlarge", "ml.p5.48xlarge"):
            where = rng.choice(table.regions(version)) if known else "us-east-1"
            manifest = job(table, version, None, python, where, of)
            yield dict(manifest, distribution={**TORCH, "smdistributed": library}, instance_count=2)
            given = {"torch_distributed": {"enabled": False}, "smdistributed": library}
            yield dict(manifest, distribution=given, instance_count=2)
            yield dict(manifest, distribution={**TORCH, "smdistributed": {"modelparallel": {"enabled": False}}})


def group(rng: Random, tables: dict) -> Iterator[Manifest]:
    """Heterogeneous clusters."""
    mpi = {"mpi": {"enabled": True, "processes_per_host": 1}}
    for framework, table in tables.items():
        for pair in rng.sample(table.pairs(), min(12, len(table.pairs()))):
            if "gpu" not in json.dumps(table.table.get("processors") or table.image(*pair).get("processors") or "gpu"):
                continue  # lax: the SDK does not look at the groups' processors
            types = rng.choice([["ml.p3.2xlarge"], ["ml.c5.4xlarge", "ml.p3.16xlarge"], ["ml.p3.16xlarge"]])
            manifest = grouped(fitting(rng, table, *pair), types)
            if framework in ("pytorch", "huggingface") and rng.random() < 0.7:
                named = {"instance_groups": ["ab"[len(types) - 1]]}
                manifest["distribution"] = rng.choice(
                    [mpi, {**mpi, **named}, {**PS, **named}, {**mpi, "instance_groups": ["c"]}]
                )
            yield dress(rng, manifest, [draw.hyperparameters, draw.output], 0.3)


def image_of(manifest: Manifest) -> Manifest:
    where = manifest["region"]
    host = "{}.dkr.ecr.{}.amazonaws.com{}".format(draw.ACCOUNT, where, ".cn" if where.startswith("cn-") else "")
    return {
        name: value for name, value in dict(manifest, image_uri=host + "/custom:latest").items() if name != "framework"
    }


def image(rng: Random, tables: dict) -> Iterator[Manifest]:
    """Images of one's own: with a framework, with its version beside it, and with neither."""
    for framework in (*tables, None) * 14:
        where = rng.choice(["us-west-2", "eu-central-1", "us-gov-west-1", "cn-north-1"])
        manifest = image_of(draw.plain(None, None, where, rng.choice(CPU + GPU)))
        if framework is not None:
            manifest["framework"] = framework
            version, base = rng.choice(tables[framework].pairs())
            if rng.random() < 0.6:
                python = tables[framework].pythons(version, base)[-1]
                manifest = dict(
                    job(tables[framework], version, base, python, where, manifest["instance_type"]),
                    image_uri=manifest["image_uri"],
                )
        elif rng.random() < 0.3:
            manifest = {name: value for name, value in manifest.items() if name not in ("entry_point", "source_dir")}
        extras = EXTRAS if framework or "entry_point" in manifest else [draw.hyperparameters, draw.output, draw.labels]
        made = alone(dress(rng, manifest, extras, 0.25))
        if "framework" not in made and "source_dir" not in made:  # the SDK sends what Python prints, and we JSON
            given = made.get("hyperparameters", {})
            kept = {name: value for name, value in given.items() if not isinstance(value, (dict, list))}
            made.update({"hyperparameters": kept} if given else {})
        yield made


def together(rng: Random, tables: dict) -> Iterator[Manifest]:
    """Everything that goes with everything."""
    for table in tables.values():
        for pair in islice(cycle(rng.sample(table.pairs(), len(table.pairs()))), 60):
            manifest = fitting(rng, table, *pair)
            yield alone(dress(rng, manifest, [*EXTRAS, draw.own_command, draw.private_registry], 0.5))


def random(rng: Random, tables: dict) -> Iterator[Manifest]:
    """Anything at all, right or wrong."""
    for _ in range(1500):
        framework = rng.choice([*tables, "pytorch", "huggingface"])
        table = tables[framework]
        version, base = rng.choice(table.pairs())
        python = rng.choice([table.pythons(version, base)[-1]] * 8 + list(draw.PYTHONS))
        where = rng.choice(
            ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", rng.choice(table.regions(version, base))]
        )
        of = rng.choice(TYPES)
        if rng.random() < 0.06:
            version = rng.choice(UNKNOWN)
        if base is not None and rng.random() < 0.1:
            base = rng.choice([None, "pytorch2.99", *(pair[1] for pair in rng.sample(table.pairs(), 3))])
        manifest = job(table, version, base, python, where, of)
        manifest["instance_count"] = rng.choice([1, 1, 2, 3, 4])
        if framework in ("pytorch", "huggingface") and rng.random() < 0.6:
            manifest["distribution"] = rng.choice([TORCH, TORCH, DDP, SMDDP, PS, {"mpi": {"enabled": True}}])
        if framework == "mxnet" and rng.random() < 0.4:
            manifest["distribution"] = rng.choice(STRATEGIES)
        yield dress(rng, manifest, EXTRAS, 0.3)


def lax(rng: Random, tables: dict) -> Iterator[Manifest]:
    """What the SDK lets through although it ignores it, or asks for what is not there: refused by the product alone."""
    for framework in ("sklearn", "xgboost", "chainer"):
        table = tables[framework]
        version = table.versions[-1]
        manifest = job(table, version, None, table.pythons(version)[-1], "us-east-1", "ml.m5.xlarge")
        yield dict(manifest, distribution={"mpi": {"enabled": True}})
        yield dict(manifest, compiler_config={})
    for table in tables.values():
        version, base = table.pairs()[-1]
        of = table.types(version, base)[-1]
        manifest = job(table, version, base, table.pythons(version, base)[-1], "us-east-1", of)
        yield dict(manifest, model_dir="s3://models/dir")
    table = tables["pytorch"]
    for version in ("1.12.1", "1.10.2", "1.9"):  # the image would be of 1.11
        yield job(table, version, None, "py38", "us-east-1", "ml.trn1.2xlarge")
    for version in ("1.12.1", "2.0.0", "2.1.0"):  # the image would be for inference
        for of in words(draw.GRAVITON)[:2]:
            yield job(table, version, None, table.pythons(version)[-1], "us-east-1", of)
    for strategy in (
        {"mpi": {"enabled": True, "processes_per_host": 0}},
        {"horovod": {"enabled": True}},
        {**TORCH, **PS},
    ):
        yield dict(job(table, "2.6.0", None, "py312", "us-east-1", "ml.g5.2xlarge"), distribution=strategy)
    for strategy in ({"torch_distributed": {"enabled": True}}, {"multi_worker_mirrored_strategy": {"enabled": True}}):
        yield dict(job(tables["mxnet"], "1.9", None, "py38", "us-east-1", "ml.m5.xlarge"), distribution=strategy)
    yield job(tables["xgboost"], "1.7-1", None, "py3", "us-east-1", "ml.inf1.xlarge")
    for framework in ("sklearn", "xgboost", "chainer"):
        manifest = image_of(fitting(rng, tables[framework], tables[framework].versions[-1]))
        yield alone(dict(manifest, framework=framework, compiler_config={}, instance_type="ml.p3.2xlarge"))


def idle(rng: Random, tables: dict) -> Iterator[Manifest]:
    """Strategies that are off, for estimators that have none; the model parallel library beside torch_distributed."""
    for framework in ("sklearn", "xgboost", "chainer", "mxnet"):
        table = tables[framework]
        for pair in rng.sample(table.pairs(), 4):
            for off in ({"mpi": {"enabled": False, "processes_per_host": 2}}, {"parameter_server": {"enabled": False}}):
                manifest = dress(rng, fitting(rng, table, *pair), [draw.hyperparameters, draw.output], 0.3)
                yield alone(dict(manifest, distribution=off))
    library = {"modelparallel": {"enabled": True, "parameters": {"partitions": 2}}}
    table = tables["huggingface"]
    for pair in rng.sample(table.pairs(), 8):
        for torch in ({}, {"enabled": False}):
            manifest = job(table, *pair, table.pythons(*pair)[-1], "us-east-1", "ml.p4d.24xlarge")
            yield dict(manifest, distribution={"torch_distributed": torch, "smdistributed": library}, instance_count=2)


FAMILIES = (grid, region, instance, distribution, compiler, neuron, smp, group, image, together, random, lax, idle)


def samples() -> Iterator[Any]:
    """(id, manifest), in their order."""
    tables = {framework: Table(framework) for framework in FRAMEWORKS}
    for family in FAMILIES:
        for place, manifest in enumerate(family(Random("frameworks " + family.__name__), tables)):
            name = f"fw-{family.__name__}-{place}"
            role = f"arn:{partition(manifest['region'])}:iam::{draw.ACCOUNT}:role/SageMakerRole"
            yield name, dict(manifest, name=name, role=role)
