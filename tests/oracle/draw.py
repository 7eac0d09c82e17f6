"""Draws the sampled manifests: the same ones every time, each wrong in one way at most.

What is drawn is valid by the service's own rules, so that an answer of the SDK is the only thing that can speak
against it. The families of samples are the functions at the end; their names begin the samples' ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from random import Random
from typing import Any

ACCOUNT = "123456789012"
PYTHONS = ("py2", "py3", "py36", "py37", "py38", "py39", "py310", "py311", "py312", "py313", None)
UNKNOWN_VERSIONS = ("1.3", "1.13.0", "2.4.0", "2.7.0", "2.9.1", "2.15", "2.15.0", "2.17", "2.20", "3.0", "2.19.1")

Manifest = dict
Sample = Any  # (id, manifest)


def words(text: str) -> list:
    return text.split()


# What the installed SDK knows


def table() -> dict:
    """SDK 2's own table of TensorFlow training images."""
    from sagemaker import image_uris

    return image_uris.config_for_framework("tensorflow")["training"]


def pythons(row: dict) -> list:
    """The Pythons of one version's row; where they differ in more than the name, each has a row of its own."""
    return row.get("py_versions") or [name for name in row if name.startswith("py")]


def registries(row: dict, python: str) -> list:
    return sorted(row.get(python, row)["registries"])


CLASSIC = words("""
    ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-north-1
    eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-gov-west-1 us-west-1 us-west-2
""")
"""Regions that SDK 1.16.3 has the right registry for; for younger ones it names an image that is not there."""
PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "us-iso-": "aws-iso",
}
NO_DEBUGGER = words("""
    us-iso-east-1 us-isob-east-1 ap-southeast-3 ap-southeast-4 eu-south-2 me-central-1 ap-south-2 eu-central-2
    us-gov-east-1
""")
"""Where SDK 2 refuses Debugger and the profiler."""


def partition(region: str) -> str:
    return next((name for start, name in PARTITIONS.items() if region.startswith(start)), "aws")


# Instance types

CPU = words("ml.m4.2xlarge ml.m5.xlarge ml.c4.xlarge ml.c5.4xlarge ml.r5.large ml.t3.large ml.m5.24xlarge")
GPU = words("ml.p3.2xlarge ml.p3.16xlarge ml.g4dn.xlarge ml.g5.2xlarge ml.p4d.24xlarge")
MODERN = """
    ml.r5d.4xlarge ml.c5n.xlarge ml.m6i.xlarge ml.c6i.xlarge ml.r6i.large ml.m7i.large ml.c7i.large
    ml.p3dn.24xlarge ml.p4de.24xlarge ml.p5.48xlarge ml.p5en.48xlarge ml.g6.xlarge ml.g6e.xlarge ml.g5.48xlarge
    ml.t3.medium
"""
P2 = "ml.p2.xlarge ml.p2.8xlarge ml.p2.16xlarge"
NEURON = "ml.trn1.2xlarge ml.trn1n.32xlarge ml.trn2.48xlarge ml.inf1.xlarge ml.inf2.xlarge"
GRAVITON = "ml.c6g.xlarge ml.m6g.large ml.c7g.large ml.r6g.large ml.c6gn.xlarge"
SMDP = ["ml.p3.16xlarge", "ml.p3dn.24xlarge", "ml.p4d.24xlarge", "ml.p4de.24xlarge"]
NO_NVME = words("ml.m4.2xlarge ml.m5.xlarge ml.c4.xlarge ml.c5.4xlarge ml.r5.large ml.p3.2xlarge")
V1_TYPES = words("""
    ml.c4.xlarge ml.c5.xlarge ml.m4.xlarge ml.m5.large ml.p2.xlarge ml.p2.8xlarge ml.p3.2xlarge ml.p3.16xlarge
    ml.c5.18xlarge ml.m4.16xlarge
""")


# A manifest


def plain(version: str | None, python: str | None, region: str, instance_type: str = "ml.m5.xlarge") -> Manifest:
    manifest = {
        "apiVersion": "sagespec/v1",
        "kind": "TrainingJob",
        "framework": "tensorflow",
        "framework_version": version,
        "py_version": python,
        "entry_point": "train.py",
        "source_dir": "code",
        "role": f"arn:{partition(region)}:iam::{ACCOUNT}:role/SageMakerRole",
        "region": region,
        "instance_type": instance_type,
        "instance_count": 1,
    }
    return {name: value for name, value in manifest.items() if value is not None}


VALUES = {
    "batch-size": [32, 512, 1],
    "learning-rate": [0.1, 0.001, 1e-05, 3e-05, 2.5e-10, 1.0],
    "optimizer": ["adam", "sgd"],
    "big": [1099511627776, 2**53 + 1, 10**30, -(2**63)],
    "augment": [True, False],
    "none": [None],
    "empty": ["", [], {}],
    "layers": [[64, 32], [], [[1, 2], [3]], [None, True, "x"]],
    "nested": [{"a": 1, "b": "x"}, {"a": {"b": {"c": [1, {"d": None}]}}}],
    "note": ['ünïcode "quoted" text', "日本語", "naïve — “dash”", "emoji 🚀", "tab\there", "two\nlines", "back\\slash"],
    "looks-like": ["1e-3", "yes", "null", "010", "1:30", "true", "3.10", "{}"],
    "path": ["s3://b/k", "/opt/ml/input"],
    "beta_1": [0.9, 0.0, -0.5],
    "zero": [0, -1, 0.0],
    "x": [1],
    "dotted.name": ["a b", "-v", "--flag"],
    "UPPER": ["A"],
    "spaces in value": [" lead", "trail ", "  "],
    "ümlaut": [1],
}


def hyperparameters(rng: Random, manifest: Manifest) -> None:
    names = rng.sample(sorted(VALUES), rng.randrange(0, 9))
    manifest["hyperparameters"] = {name: rng.choice(VALUES[name]) for name in names}


def network(rng: Random, manifest: Manifest) -> None:
    manifest["subnets"] = rng.choice([["subnet-0a1b2c3d"], ["subnet-0a1b2c3d", "subnet-4e5f6a7b"]])
    manifest["security_group_ids"] = rng.choice([["sg-0a1b2c3d"], ["sg-0a1b2c3d", "sg-0123456789abcdef0"]])


def mode(rng: Random, manifest: Manifest) -> None:
    manifest["input_mode"] = rng.choice(["File", "Pipe", "FastFile"])


def location(rng: Random) -> str:
    return "s3://data-{}{}".format(rng.randrange(10), rng.choice(["", "/", "/train", "/a/b/", "/x/y=z/k_1.csv"]))


def s3_channel(rng: Random, default_mode: str, modes: tuple = ("File", "Pipe", "FastFile")) -> dict:
    """An S3 channel that the service takes: what needs Pipe mode only in Pipe mode, and so on."""
    channel: dict = {"s3_data": location(rng)}
    if rng.random() < 0.5:
        channel["input_mode"] = rng.choice(modes)
    effective = channel.get("input_mode", default_mode)
    if rng.random() < 0.4:
        channel["distribution"] = rng.choice(["FullyReplicated", "ShardedByS3Key"])
    if rng.random() < 0.4:
        channel["content_type"] = rng.choice(["text/csv", "application/tfrecord", "application/x-recordio"])
    if rng.random() < 0.3:
        channel["shuffle_config"] = {"seed": rng.choice([0, 1, 454584, 2**40])}
    if effective == "Pipe":
        if rng.random() < 0.4:
            channel["compression"] = rng.choice(["Gzip", "None"])
        if rng.random() < 0.4:
            channel["record_wrapping"] = rng.choice(["RecordIO", "None"])
        if rng.random() < 0.4:
            channel["s3_data_type"] = "AugmentedManifestFile"
            channel["attribute_names"] = rng.choice([["source-ref", "label"], ["source-ref"]])
    elif rng.random() < 0.2:
        channel["compression"] = "None"
    if "s3_data_type" not in channel and rng.random() < 0.3:
        channel["s3_data_type"] = "S3Prefix" if effective == "FastFile" else rng.choice(["S3Prefix", "ManifestFile"])
    return channel


def file_system(rng: Random) -> dict:
    channel = {
        "file_system_id": rng.choice(["fs-0123456789abcdef0", "fs-01234567"]),
        "file_system_type": "EFS",
        "directory_path": rng.choice(["/data/set", "/"]),
    }
    if rng.random() < 0.5:
        channel.update(file_system_type="FSxLustre", directory_path="/fsx/train")
    if rng.random() < 0.6:
        channel["file_system_access_mode"] = rng.choice(["ro", "rw"])
    if rng.random() < 0.4:
        channel["content_type"] = "application/tfrecord"
    return channel


CHANNEL_NAMES = ("train", "validation", "test", "eval", "training", "aux_1", "model-in", "a.b")


def channels(rng: Random, manifest: Manifest) -> None:
    default = manifest.get("input_mode", "File")
    form = rng.randrange(6)
    if form == 0:
        manifest["channels"] = location(rng)
    elif form == 1:
        manifest["channels"] = s3_channel(rng, default)
    elif form == 2 and "subnets" in manifest and default == "File":
        manifest["channels"] = file_system(rng)
    else:
        manifest["channels"] = {}
        for name in rng.sample(CHANNEL_NAMES, rng.randrange(1, 5)):
            lustre = "subnets" in manifest and default == "File" and rng.random() < 0.3
            short = location(rng) if rng.random() < 0.4 else s3_channel(rng, default)
            manifest["channels"][name] = file_system(rng) if lustre else short


def output(rng: Random, manifest: Manifest) -> None:
    manifest["output_path"] = rng.choice(
        [
            "s3://artifacts",
            "s3://artifacts/",
            "s3://artifacts/out",
            "s3://artifacts/out/",
            "s3://artifacts/deep/er/path",
        ]
    )


def compression(rng: Random, manifest: Manifest) -> None:
    manifest["disable_output_compression"] = rng.choice([True, False])


def keys(rng: Random, manifest: Manifest) -> None:
    key = "arn:{}:kms:{}:{}:key/12345678-90ab-cdef-1234-567890abcdef".format(
        partition(manifest["region"]), manifest["region"], ACCOUNT
    )
    manifest["output_kms_key"] = rng.choice(["alias/my-key", key, "12345678-90ab-cdef-1234-567890abcdef"])
    if manifest.get("instance_type") in NO_NVME:
        manifest["volume_kms_key"] = key


def code(rng: Random, manifest: Manifest) -> None:
    if rng.random() < 0.6:
        manifest["code_location"] = rng.choice(["s3://code", "s3://code/", "s3://code/prefix", "s3://code/pre/fix/"])
    form = rng.randrange(4)
    if form == 0:
        manifest.pop("source_dir", None)
    elif form == 1:
        manifest["source_dir"] = "s3://code/src/sourcedir.tar.gz"
    if form != 1 and rng.random() < 0.5:
        manifest["dependencies"] = rng.choice([["libs/common"], ["libs"], []])


def time_and_space(rng: Random, manifest: Manifest) -> None:
    manifest["max_run"] = rng.choice([60, 3600, 86400, 432000, 2419200])
    manifest["volume_size"] = rng.choice([1, 30, 100, 1024, 16384])


def spot(rng: Random, manifest: Manifest) -> None:
    manifest["use_spot_instances"] = True
    manifest["max_wait"] = manifest.get("max_run", 86400) + rng.choice([0, 1, 3600])


def checkpoints(rng: Random, manifest: Manifest) -> None:
    manifest["checkpoint_s3_uri"] = rng.choice(["s3://ckpt/run", "s3://ckpt", "s3://ckpt/run/"])
    if rng.random() < 0.5:
        manifest["checkpoint_local_path"] = rng.choice(["/opt/ml/checkpoints", "/opt/ml/checkpoints/tf"])


def labels(rng: Random, manifest: Manifest) -> None:
    manifest["tags"] = rng.choice(
        [{"team": "vision"}, {"cost-center": "42", "team": "vision"}, {"owner": "someone@example.com", "empty": ""}, {}]
    )


def environment(rng: Random, manifest: Manifest) -> None:
    manifest["environment"] = rng.choice(
        [{"TF_DISABLE_MKL": "1", "TF_DISABLE_POOL_ALLOCATOR": "1"}, {"A_B": ""}, {"_x": "two\nlines"}, {"U": "ünïcode"}]
    )


def metric_definitions(rng: Random, manifest: Manifest) -> None:
    loss, accuracy = {"name": "loss", "regex": r"loss: ([0-9\.]+)"}, {"name": "val:acc", "regex": "acc=(.*?);"}
    manifest["metric_definitions"] = rng.choice([[loss], [loss, accuracy]])


def log_level(rng: Random, manifest: Manifest) -> None:
    manifest["container_log_level"] = rng.choice([10, 20, 30, 40, 50])


def model_dir(rng: Random, manifest: Manifest) -> None:
    manifest["model_dir"] = rng.choice([False, "s3://models/dir", "s3://models/dir/", "/opt/ml/model"])


def sagemaker_metrics(rng: Random, manifest: Manifest) -> None:
    manifest["enable_sagemaker_metrics"] = rng.choice([True, False])


def isolation(rng: Random, manifest: Manifest) -> None:
    manifest["enable_network_isolation"] = rng.choice([True, True, False])


def traffic(rng: Random, manifest: Manifest) -> None:
    manifest["encrypt_inter_container_traffic"] = rng.choice([True, False])
    manifest["instance_count"] = 2


def reruns(rng: Random, manifest: Manifest) -> None:
    manifest["max_retry_attempts"] = rng.choice([1, 5, 30])
    if "use_spot_instances" not in manifest:
        manifest["keep_alive_period_in_seconds"] = rng.choice([0, 60, 3600])


def switches(rng: Random, manifest: Manifest) -> None:
    for name in ("enable_remote_debug", "enable_infra_check", "enable_session_tag_chaining"):
        if rng.random() < 0.5:
            manifest[name] = rng.choice([True, False])


def own_command(rng: Random, manifest: Manifest) -> None:
    if rng.random() < 0.7:
        manifest["container_entry_point"] = rng.choice([["python"], ["/bin/sh", "-c"]])
    if rng.random() < 0.7:
        manifest["container_arguments"] = rng.choice([["train.py", "--epochs", "3"], ["echo ünïcode"]])


def private_registry(rng: Random, manifest: Manifest) -> None:
    manifest["training_repository_access_mode"] = "Platform"
    if "subnets" in manifest:
        manifest["training_repository_access_mode"] = "Vpc"
        if rng.random() < 0.6:
            manifest["training_repository_credentials_provider_arn"] = "arn:{}:lambda:{}:{}:function:login".format(
                partition(manifest["region"]), manifest["region"], ACCOUNT
            )


def experiment(rng: Random, manifest: Manifest) -> None:
    given = {
        "experiment_name": "exp",
        "trial_name": "trial",
        "trial_component_display_name": "Training",
        "run_name": "r",
    }
    manifest["experiment_config"] = {name: given[name] for name in rng.sample(sorted(given), rng.randrange(1, 5))}


def training_plan(rng: Random, manifest: Manifest) -> None:
    if "use_spot_instances" not in manifest:
        manifest["training_plan"] = "arn:{}:sagemaker:{}:{}:training-plan/my-plan".format(
            partition(manifest["region"]), manifest["region"], ACCOUNT
        )


Extra = Any  # (Random, Manifest) -> None; Python 3.7 cannot say so at run time
EITHER: list[Extra] = [
    network,
    hyperparameters,
    output,
    keys,
    code,
    time_and_space,
    labels,
    metric_definitions,
    log_level,
]
"""What both releases of the SDK know."""
SDK_2: list[Extra] = [
    *EITHER,
    *(mode, channels, spot, checkpoints, environment, model_dir, sagemaker_metrics, isolation, traffic, reruns),
    *(switches, experiment, compression),
]
"""In the order in which they may be applied: each looks at what was drawn before."""


def dress(rng: Random, manifest: Manifest, extras: list, share: float) -> Manifest:
    for extra in extras:
        if rng.random() < share:
            extra(rng, manifest)
    return manifest


# Distributions

PS = {"parameter_server": {"enabled": True}}
MWMS = {"multi_worker_mirrored_strategy": {"enabled": True}}
SMDDP = {"smdistributed": {"dataparallel": {"enabled": True}}}
DISTRIBUTIONS: list[dict] = [
    {},
    PS,
    {"parameter_server": {"enabled": False}},
    {"parameter_server": {}},
    {"mpi": {"enabled": True}},
    {"mpi": {"enabled": False}},
    {"mpi": {}},
    {"mpi": {"enabled": True, "processes_per_host": 1}},
    {"mpi": {"enabled": True, "processes_per_host": 8, "custom_mpi_options": "-verbose --NCCL_DEBUG=INFO"}},
    {"mpi": {"enabled": True, "custom_mpi_options": ""}},
    {"mpi": {"enabled": False, "processes_per_host": 2, "custom_mpi_options": '-x A="b c"'}},
    {"parameter_server": {"enabled": False}, "mpi": {"enabled": True}},
    {"parameter_server": {"enabled": True}, "mpi": {"enabled": False}},
    {"multi_worker_mirrored_strategy": {"enabled": False}},
    {"multi_worker_mirrored_strategy": {}},
    {"multi_worker_mirrored_strategy": {"enabled": False}, "parameter_server": {"enabled": True}},
    {"multi_worker_mirrored_strategy": {"enabled": True}, "mpi": {"enabled": False}},
]
DATA_PARALLEL: list[dict] = [
    SMDDP,
    {"smdistributed": {"dataparallel": {"enabled": True, "custom_mpi_options": "-verbose"}}},
    {"smdistributed": {"dataparallel": {"enabled": False}}},
    {"smdistributed": {"dataparallel": {"enabled": False, "custom_mpi_options": "-verbose"}}},
    {"smdistributed": {"dataparallel": {}}},
    {"smdistributed": {"dataparallel": {"enabled": True}}, "mpi": {"enabled": False}},
]
PARAMETERS: list[dict] = [
    {},
    {"partitions": 2},
    {"partitions": 2, "microbatches": 4, "pipeline": "interleaved", "optimize": "speed"},
    {"partitions": 2, "placement_strategy": "spread", "horovod": True, "memory_weight": 0.5},
    {"partitions": 2, "auto_partition": False, "default_partition": 0},
    {"partitions": 2, "ddp": True, "ddp_port": 8000},
]
WRONG_PARAMETERS: list[dict] = [
    {"partitions": 0},
    {"partitions": 2, "pipeline": "fast"},
    {"partitions": 2, "placement_strategy": "near"},
    {"partitions": 2, "optimize": "cost"},
    {"partitions": 2, "microbatches": 0},
    {"partitions": 2, "memory_weight": 1.5},
    {"partitions": 2, "auto_partition": False},
    {"partitions": 2, "default_partition": 2, "auto_partition": False},
    {"partitions": 2, "ddp_port": 8000},
    {"partitions": 2, "ddp": True, "horovod": True},
    {"partitions": 2, "horovod": "yes"},
    {"partitions": 2, "partition_file": 7},
]


def model_parallel(parameters: dict | None, mpi: bool = True) -> dict:
    strategy: dict = {"enabled": True}
    if parameters is not None:
        strategy["parameters"] = parameters
    made: dict = {"smdistributed": {"modelparallel": strategy}}
    if mpi:
        made["mpi"] = {"enabled": True, "processes_per_host": 8}
    return made


# Observing

RULES: list[dict] = [
    {"rule_configuration_name": "LossNotDecreasing"},
    {"rule_configuration_name": "Overfit", "rule_parameters": {"rule_to_invoke": "Overfit", "patience": "5"}},
    {
        "rule_configuration_name": "Custom",
        "instance_type": "ml.t3.medium",
        "volume_size_in_gb": 10,
        "local_path": "/opt/ml/rules",
        "s3_output_path": "s3://rules/out",
    },
]
HOOKS: list[Any] = [
    {"s3_output_path": "s3://tensors/out"},
    {"s3_output_path": "s3://tensors/out", "local_path": "/opt/ml/output/tensors"},
    {"hook_parameters": {"save_interval": "100"}},
    {
        "s3_output_path": "s3://tensors",
        "collection_configurations": [{"collection_name": "losses", "collection_parameters": {"save_interval": "10"}}],
    },
    {"collection_configurations": [{"collection_name": "weights"}]},
    False,
]
PROFILERS: list[dict] = [
    {"s3_output_path": "s3://profiles/out"},
    {"s3_output_path": "s3://profiles/out", "profiling_interval_in_milliseconds": 500},
    {"profiling_interval_in_milliseconds": 60000},
    {"disable_profiler": True},
    {"disable_profiler": True, "s3_output_path": "s3://profiles/out"},
    {"disable_profiler": False, "profiling_interval_in_milliseconds": 100},
    {"s3_output_path": "s3://profiles/out", "profiling_parameters": {"DetailedProfilingConfig": '{"StartStep": 5}'}},
]


# Families of SDK 2


class Versions:
    """SDK 2's table as the families below ask for it."""

    def __init__(self) -> None:
        images = table()
        self.rows = images["versions"]
        self.aliases = images["version_aliases"]
        self.names = [name for row in self.rows for name in [*self.short(row), row]]
        self.regions = sorted(
            {region for row in self.rows.values() for python in pythons(row) for region in registries(row, python)}
        )
        self.next_region = {name: cycle(self.rotated(name)) for name in self.names}

    def short(self, full: str) -> list:
        return [alias for alias, target in self.aliases.items() if target == full]

    def row(self, name: str) -> dict:
        return self.rows[self.aliases.get(name, name)]

    def pythons(self, name: str) -> list:
        return pythons(self.row(name))

    def python_3(self, name: str) -> str:
        return self.pythons(name)[-1]

    def legacy_only(self, name: str) -> bool:
        return self.python_3(name) == "py2"

    def script(self) -> list:
        return [name for name in self.names if not self.legacy_only(name)]

    def rotated(self, name: str) -> list:
        """The version's regions, beginning elsewhere than the last version's."""
        regions = registries(self.row(name), self.python_3(name))
        start = 5 * self.names.index(name) % len(regions)
        return regions[start:] + regions[:start]

    def job(self, name: str, instance_type: str = "ml.m5.xlarge") -> Manifest:
        """A plain job on this version, in the next of its regions."""
        return plain(name, self.python_3(name), next(self.next_region[name]), instance_type)

    def at_least(self, *wanted: int) -> list:
        return [name for name in self.script() if number(name) >= wanted]

    def below(self, *wanted: int) -> list:
        return [name for name in self.script() if number(name) < wanted]


def number(version: str) -> tuple:
    return tuple(int(part) for part in version.split("."))


def grid(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Every version and alias with every Python; those that exist are dressed up."""
    types = cycle([*CPU, *GPU])
    for name in all_versions.names:
        regions = cycle(all_versions.rotated(name))
        for python in PYTHONS:
            if all_versions.legacy_only(name) and python in ("py2", None):
                continue  # legacy mode: SDK 1's half
            manifest = plain(name, python, next(regions), next(types))
            if python in all_versions.pythons(name):
                if manifest["region"] not in registries(all_versions.row(name), python):
                    manifest.update(plain(name, python, "us-east-1", manifest["instance_type"]))
                dress(rng, manifest, SDK_2, 0.35)
            yield manifest


def region(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Every set of registries in every region: the newest version of each set, on a processor and on a GPU."""
    sets = {}
    for name, row in all_versions.rows.items():
        for python in pythons(row):
            if not all_versions.legacy_only(name):
                sets[tuple(registries(row, python))] = (name, python)
    for name, python in sets.values():
        for where in all_versions.regions:
            yield dress(rng, plain(name, python, where, rng.choice([*CPU, *GPU])), [hyperparameters, output], 0.5)


def instance(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Families of instances over versions; Python 3.7 of 1.15 and 2.3 has images of its own on p4d."""
    kinds = {MODERN: all_versions.script(), P2: all_versions.below(2, 12), NEURON: all_versions.script()}
    for kind, names in {**kinds, GRAVITON: all_versions.below(2, 9)}.items():
        for instance_type in words(kind):
            for name in rng.sample(names, 3):
                yield all_versions.job(name, instance_type)
    for name in all_versions.at_least(2, 12):
        yield all_versions.job(name, "ml.p2.xlarge")
    for name in ("1.15.4", "1.15.5", "1.15", "2.3", "2.3.0", "2.3.1", "2.3.2", "2.4"):
        for instance_type in ("ml.p4d.24xlarge", "ml.p4de.24xlarge", "ml.p3.2xlarge", "ml.c5.4xlarge"):
            yield plain(name, "py37", "us-east-1", instance_type)
    for wrong in ("m5.xlarge", "p3.2xlarge"):
        yield all_versions.job("2.19", wrong)


def distribution(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Every strategy on old and new versions, and the versions that a strategy does not have."""
    for strategy in DISTRIBUTIONS:
        strategy_on = strategy.get("multi_worker_mirrored_strategy", {}).get("enabled")
        for name in rng.sample(all_versions.at_least(2, 9) if strategy_on else all_versions.script(), 4):
            manifest = all_versions.job(name, rng.choice([*CPU, *GPU]))
            manifest.update(distribution=strategy, instance_count=2)
            yield dress(rng, manifest, [hyperparameters, output, model_dir, isolation], 0.3)
    for name in all_versions.script():
        manifest = all_versions.job(name, "ml.p3.16xlarge")
        manifest.update(distribution=rng.choice([MWMS, SMDDP]), instance_count=2)
        yield manifest
    for strategy in DATA_PARALLEL:
        for name in ("2.3", "2.4.1", "2.6.2", "2.11.0"):
            manifest = all_versions.job(name, rng.choice(SMDP))
            manifest.update(distribution=strategy, instance_count=2)
            yield dress(rng, manifest, [hyperparameters, model_dir], 0.4)
    for parameters in (None, *PARAMETERS, *WRONG_PARAMETERS):
        manifest = all_versions.job(rng.choice(["2.3.1", "2.4.1", "2.6.3"]), "ml.p3.16xlarge")
        manifest["distribution"] = model_parallel(parameters)
        yield manifest
    wrong = [
        {**MWMS, "parameter_server": {"enabled": False}},
        {**MWMS, "smdistributed": {"dataparallel": {"enabled": False}}},
        {"smdistributed": {"dataparallel": {"enabled": True}, "modelparallel": {"enabled": False}}},
        {"smdistributed": {"tensorparallel": {"enabled": True}}},
        {"mpi": {"enabled": True}, "instance_groups": ["a"]},
    ]
    for strategy in wrong:
        for name in ("2.9", "2.11.0"):
            manifest = all_versions.job(name, "ml.p3.16xlarge")
            manifest.update(distribution=strategy, instance_count=2)
            yield manifest


def compiler(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Training Compiler: 2.9 to 2.11 on five families of GPUs, alone."""
    fine = ("2.9", "2.9.2", "2.10", "2.10.1", "2.11", "2.11.0")
    configs = [{}, {"enabled": True}, {"enabled": False}, {"enabled": True, "debug": True}, {"debug": True}]
    types = ["ml.p3.2xlarge", "ml.p3dn.24xlarge", "ml.g4dn.xlarge", "ml.p4d.24xlarge", "ml.g5.2xlarge"]
    for config in configs:
        for instance_type in types:
            manifest = all_versions.job(rng.choice(fine), instance_type)
            manifest["compiler_config"] = config
            yield dress(rng, manifest, [hyperparameters, output, model_dir], 0.3)
    for instance_type in ("ml.m5.xlarge", "ml.p2.xlarge", "ml.g6.xlarge", "ml.p4de.24xlarge", "ml.p5.48xlarge"):
        yield dict(all_versions.job("2.11", instance_type), compiler_config={"enabled": True})
    for name in ("2.8", "2.8.0", "2.4", "1.15.5"):
        yield dict(all_versions.job(name, "ml.p3.2xlarge"), compiler_config={"enabled": True})
    for strategy in (MWMS, SMDDP):
        manifest = all_versions.job("2.10", "ml.p3.16xlarge")
        yield dict(manifest, compiler_config={"enabled": True}, distribution=strategy, instance_count=2)
    manifest = all_versions.job("2.10")
    yield dict(grouped(manifest, ["ml.p3.2xlarge"]), compiler_config={"enabled": True})


def grouped(manifest: Manifest, types: list) -> Manifest:
    rest = {name: value for name, value in manifest.items() if name not in ("instance_type", "instance_count")}
    groups = [
        {"instance_group_name": "abcde"[place], "instance_type": instance_type, "instance_count": place + 1}
        for place, instance_type in enumerate(types)
    ]
    return dict(rest, instance_groups=groups)


def group(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Heterogeneous clusters, their channels and their distributions."""
    for name in rng.sample(all_versions.script(), 30):
        types = rng.choice(
            [["ml.c5.4xlarge"], ["ml.c5.4xlarge", "ml.p3.2xlarge"], ["ml.p3.2xlarge", "ml.m5.xlarge"], CPU[:5]]
        )
        manifest = grouped(all_versions.job(name), types)
        if rng.random() < 0.7:
            names = ["training", "validation"][: rng.randrange(1, 3)]
            groups = [one["instance_group_name"] for one in manifest["instance_groups"]]
            manifest["channels"] = {
                channel: dict(
                    s3_channel(rng, "File"), instance_groups=rng.sample(groups, rng.randrange(1, len(groups) + 1))
                )
                for channel in names
            }
        yield dress(rng, manifest, [hyperparameters, output, network, time_and_space, model_dir], 0.3)
    mpi = {"mpi": {"enabled": True, "processes_per_host": 1}}
    two, one = ["ml.c5.4xlarge", "ml.p3.16xlarge"], ["ml.p3.16xlarge"]
    cases: list[tuple] = [
        (two, {**mpi, "instance_groups": ["b"]}),
        (two, {**mpi, "instance_groups": ["a"]}),
        (two, {**SMDDP, "instance_groups": ["b"]}),
        (one, mpi),
        (one, {**mpi, "instance_groups": ["a"]}),
        (one, SMDDP),
        (two, mpi),
        (two, {**mpi, "instance_groups": ["a", "b"]}),
        (two, {**mpi, "instance_groups": ["c"]}),
        (two, {**PS, "instance_groups": ["b"]}),
        (one, PS),
        (two, {"mpi": {"enabled": False}, "instance_groups": ["b"]}),
        (one, {**mpi, "instance_groups": ["a", "a"]}),
    ]
    for types, strategy in cases:
        for name in ("2.9", "2.11.0"):
            yield dict(grouped(all_versions.job(name), types), distribution=strategy)
    for left in ("instance_type", "instance_count"):
        manifest = grouped(all_versions.job("2.19"), ["ml.c5.4xlarge"])
        manifest[left] = {"instance_type": "ml.c5.4xlarge", "instance_count": 1}[left]
        yield manifest
    for missing in ("instance_type", "instance_count"):
        manifest = all_versions.job("2.19")
        del manifest[missing]
        yield manifest


def channel(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Every form of input."""
    for name in rng.sample(all_versions.script() * 3, 150):
        manifest = all_versions.job(name)
        yield dress(rng, dress(rng, manifest, [network, mode], 0.5), [channels, isolation], 0.9)
    for given in ({"code": "s3://data/x"}, {"train": "s3://data/x", "code": {"s3_data": "s3://data/y"}}):
        yield dict(all_versions.job("2.18"), channels=given, enable_network_isolation=True)
        yield dict(all_versions.job("2.18"), channels=given)


def code_family(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Where the code comes from and goes to, and what the script is told about it."""
    for name in rng.sample(all_versions.script() * 2, 90):
        manifest = dress(rng, all_versions.job(name), [output, model_dir, isolation, keys, log_level, checkpoints], 0.5)
        code(rng, manifest)
        yield manifest
    for wrong in ({"entry_point": "missing.py"}, {"entry_point": "missing.py", "source_dir": None}):
        for name in ("1.13.1", "2.19"):
            manifest = {**all_versions.job(name), **wrong}
            yield {field: value for field, value in manifest.items() if value is not None}


def observe(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Debugger, profiler, TensorBoard, experiments, metrics."""

    def job(where: str | None = None) -> Manifest:
        name = rng.choice(all_versions.at_least(1, 14))
        for _ in all_versions.regions:
            manifest = all_versions.job(name, rng.choice(CPU + GPU))
            if manifest["region"] not in NO_DEBUGGER:
                break
        if where:
            manifest = plain(name, manifest["py_version"], where)
        return dress(rng, manifest, [output, hyperparameters], 0.4)

    for hook in HOOKS * 4:
        yield dict(job(), debugger_hook_config=hook)
    for profiler in PROFILERS * 4:
        yield dict(job(), profiler_config=profiler)
    for disabled in (True, False, True, False):
        yield dict(job(), disable_profiler=disabled)
    yield dict(job(), disable_profiler=True, profiler_config={"disable_profiler": True})
    for profiler in PROFILERS[:3]:
        yield dict(job(), disable_profiler=True, profiler_config=profiler)
    for where in NO_DEBUGGER:
        region_job = plain("2.14", "py310", where)
        yield dict(region_job, debugger_hook_config=HOOKS[0])
        yield dict(region_job, debugger_hook_config=False)
        yield dict(region_job, profiler_config=PROFILERS[1])
        yield dict(region_job, profiler_config=PROFILERS[3])
        yield dict(region_job, disable_profiler=True)
    image = "{}.dkr.ecr.{{}}.amazonaws.com/sagemaker-debugger-rules:latest".format("503895931360")
    for rule in RULES * 3:
        manifest = job("us-east-1")
        given = dict(rule, rule_evaluator_image=image.format(manifest["region"]))
        yield dict(manifest, rules=[given], debugger_hook_config={"s3_output_path": "s3://tensors/out"})
        yield dict(manifest, profiler_rules=[given], profiler_config={"s3_output_path": "s3://profiles/out"})
    yield dict(manifest, profiler_rules=[given], disable_profiler=True)
    for local in (None, "/opt/ml/output/tensorboard"):
        for _ in range(4):
            given = {"s3_output_path": "s3://boards/out", "local_path": local}
            yield dict(job(), tensorboard_output_config={key: text for key, text in given.items() if text})
    for extra in (experiment, sagemaker_metrics, metric_definitions, log_level, switches) * 6:
        manifest = job()
        extra(rng, manifest)
        yield manifest


def image(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Images of one's own, with and without a version beside them."""
    for name in (None, *rng.sample(all_versions.script(), 24), None, None):
        where = rng.choice(["us-west-2", "eu-central-1", "us-gov-west-1", "cn-north-1"])
        host = "{}.dkr.ecr.{}.amazonaws.com{}".format(ACCOUNT, where, ".cn" if where.startswith("cn-") else "")
        manifest = plain(name, all_versions.python_3(name) if name else None, where, rng.choice(CPU + GPU))
        digest = "@sha256:" + "0123456789abcdef" * 4
        manifest["image_uri"] = host + rng.choice(["/custom:latest", "/team/custom:2.19-gpu", "/custom" + digest])
        if rng.random() < 0.4:
            manifest.update(distribution=rng.choice(DISTRIBUTIONS[:13]), instance_count=2)
        yield dress(rng, manifest, [*SDK_2, own_command, private_registry], 0.25)


def command(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """The container's own command, private registries, training plans, placement."""
    for extra in (own_command, private_registry, training_plan) * 10:
        manifest = dress(rng, all_versions.job(rng.choice(all_versions.script())), [network, hyperparameters], 0.5)
        extra(rng, manifest)
        yield manifest


def together(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """Everything that goes with everything."""
    for name in rng.sample(all_versions.script() * 4, 200):
        manifest = all_versions.job(name, rng.choice(CPU + GPU))
        yield dress(rng, manifest, [*SDK_2, own_command, private_registry], 0.5)


def wrong(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """What both the SDK and the service refuse, and fits no other family."""
    for name in UNKNOWN_VERSIONS:
        yield plain(name, "py39" if name.startswith("2") else "py3", "us-east-1")
    for wide in (SMDDP, model_parallel({"partitions": 2})):
        yield dict(all_versions.job("2.11", "ml.p5.48xlarge"), distribution=wide)
    nameless = plain(None, None, "us-west-2", "ml.p3.2xlarge")
    nameless["image_uri"] = f"{ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com/custom:latest"
    yield dict(nameless, distribution=MWMS, instance_count=2)
    for left in ("subnets", "security_group_ids"):
        manifest = all_versions.job("2.19")
        network(rng, manifest)
        del manifest[left]
        yield manifest
    for name in ("1.11", "2.0", "2.1.3", "2.19"):
        manifest = all_versions.job(name)
        yield {field: value for field, value in manifest.items() if field != "framework_version"}


def lax(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """What the SDK lets through although it ignores it, or asks for what is not there: refused by the product alone."""
    for name in ("2.4", "2.19"):
        job = all_versions.job(name, "ml.g4dn.xlarge")
        yield dict(job, distribution={"mpi": {"enabled": True, "processes_per_host": 0}})
        yield dict(job, distribution={"horovod": {"enabled": True}})
        yield dict(job, distribution={"paramter_server": {"enabled": True}})
        yield dict(job, distribution={"mpi": {"enabled": True, "processes": 4}})
        yield dict(job, channels={"train": {"s3_data": "s3://data/x", "target_attribute_name": "label"}})
    for name in ("2.13", "2.13.0", "2.14.1"):
        for graviton in words(GRAVITON):
            yield plain(name, "py310", "us-east-1", graviton)


def idle(rng: Random, all_versions: Versions) -> Iterator[Manifest]:
    """What is written down and comes to nothing: empty lists and maps, strategies that are off, Debugger in vain."""
    for name in rng.sample(all_versions.script(), 12):
        job = all_versions.job(name)
        yield dress(rng, dict(job, metric_definitions=[]), [hyperparameters, output, environment], 0.3)
        yield dress(rng, dict(job, environment={}), [hyperparameters, output, metric_definitions], 0.3)
        yield dict(job, metric_definitions=[], environment={}, hyperparameters={}, tags={})
    image = "503895931360.dkr.ecr.us-east-1.amazonaws.com/sagemaker-debugger-rules:latest"
    for name in all_versions.at_least(1, 14)[:6]:
        for on in (True, False):
            job = plain(name, all_versions.python_3(name), "us-east-1")
            job.update(instance_count=2, distribution={"parameter_server": {"enabled": on}})
            yield dict(job, debugger_hook_config={"s3_output_path": "s3://tensors/out"})
            rule = dict(RULES[0], rule_evaluator_image=image)
            yield dict(job, debugger_hook_config={"s3_output_path": "s3://tensors/out"}, rules=[rule])
            yield dict(job, profiler_rules=[rule], profiler_config={"s3_output_path": "s3://profiles/out"})
    for off in ({"mpi": {"enabled": False}}, {"mpi": {"processes_per_host": 8}}, {"parameter_server": {}}):
        for types in (["ml.c5.4xlarge", "ml.p3.16xlarge"], ["ml.p3.16xlarge"]):
            yield dict(grouped(all_versions.job("2.11"), types), distribution=off)


FAMILIES_2 = {
    "grid": grid,
    "region": region,
    "instance": instance,
    "distribution": distribution,
    "compiler": compiler,
    "group": group,
    "channel": channel,
    "code": code_family,
    "observe": observe,
    "image": image,
    "command": command,
    "together": together,
    "wrong": wrong,
    "lax": lax,
    "idle": idle,
}


# Families of SDK 1

LEGACY_ONLY = words("1.4.1 1.5.0 1.6.0 1.7.0 1.8.0 1.9.0 1.10.0")
BOTH = ["1.11.0", "1.12.0"]
SHORT = [version.rpartition(".")[0] for version in [*LEGACY_ONLY, *BOTH]]


def old_channel(rng: Random, default_mode: str) -> Any:
    return location(rng) if rng.random() < 0.4 else s3_channel(rng, default_mode, ("File", "Pipe"))


def old_channels(rng: Random, manifest: Manifest) -> None:
    if rng.random() < 0.4:
        manifest["input_mode"] = rng.choice(["File", "Pipe"])
    default = manifest.get("input_mode", "File")
    if rng.random() < 0.2:
        manifest["channels"] = location(rng)
    else:
        names = rng.sample(CHANNEL_NAMES, rng.randrange(1, 4))
        manifest["channels"] = {name: old_channel(rng, default) for name in names}


SDK_1: list[Extra] = [*EITHER, old_channels]


def legacy_job(rng: Random, version: str, where: str) -> Manifest:
    manifest = plain(version, rng.choice(["py2", None]), where, rng.choice(V1_TYPES))
    manifest["training_steps"] = rng.choice([1, 100, 10000, None])
    manifest["evaluation_steps"] = rng.choice([1, 100, None])
    manifest["instance_count"] = rng.choice([1, 2, 4])
    if rng.random() < 0.3:
        manifest["checkpoint_path"] = rng.choice(["s3://ckpt/legacy", "s3://ckpt/legacy/", "s3://ckpt"])
    return manifest


def legacy(rng: Random) -> Iterator[Manifest]:
    """Legacy mode on every version that has it."""
    where = cycle(CLASSIC)
    for version in [*LEGACY_ONLY, *BOTH, *SHORT] * 14:
        manifest = dress(rng, legacy_job(rng, version, next(where)), SDK_1, 0.4)
        if rng.random() < 0.3 and manifest.get("source_dir") == "code":
            manifest["requirements_file"] = "requirements.txt"
        if rng.random() < 0.3:
            key, values = rng.choice(
                [("save_checkpoints_steps", [100]), ("keep_checkpoint_max", [3]), ("save_summary_steps", [50])]
            )
            manifest.setdefault("hyperparameters", {})[key] = rng.choice(values)
        yield manifest


def script(rng: Random) -> Iterator[Manifest]:
    """Script mode on 1.11 and 1.12, where either SDK can be asked."""
    where = cycle(CLASSIC)
    for version in [*BOTH, *SHORT[-2:]] * 24:
        manifest = plain(version, rng.choice(["py2", "py3"]), next(where), rng.choice(V1_TYPES))
        if manifest["py_version"] == "py2" and rng.random() < 0.5:
            manifest["script_mode"] = True
        if rng.random() < 0.3:
            manifest.update(distribution={"parameter_server": {"enabled": rng.choice([True, False])}}, instance_count=2)
        if rng.random() < 0.3:
            manifest["model_dir"] = rng.choice(["s3://models/dir", "/opt/ml/model"])
        yield dress(rng, manifest, SDK_1, 0.35)


def mixed(rng: Random) -> Iterator[Manifest]:
    """One legacy field in script mode, and requirements files that are not there."""
    fields = {
        "training_steps": 100,
        "evaluation_steps": 10,
        "checkpoint_path": "s3://ckpt/legacy",
        "requirements_file": "requirements.txt",
    }
    where = cycle(CLASSIC)
    for field, value in fields.items():
        for version in [*BOTH, *SHORT[-2:]]:
            yield dict(plain(version, "py3", next(where)), **{field: value})
            yield dict(plain(version, "py2", next(where)), script_mode=True, **{field: value})
    for version in [*LEGACY_ONLY, *BOTH]:
        job = dict(plain(version, "py2", next(where)), training_steps=100, evaluation_steps=10)
        for file in ("/abs/requirements.txt", "missing.txt", "train/requirements.txt"):
            yield dict(job, requirements_file=file)
        alone = dict(job, requirements_file="requirements.txt")
        del alone["source_dir"]
        yield alone
        yield dict(job, entry_point="missing.py")
        yield dict(job, instance_type="m4.xlarge")


def alone(rng: Random) -> Iterator[Manifest]:
    """Legacy mode with one channel, which has a mode of its own, and with empty lists."""
    where = cycle(CLASSIC)
    for version in [*LEGACY_ONLY, *BOTH]:
        for mode in ("File", "Pipe"):
            manifest = dress(rng, legacy_job(rng, version, next(where)), [hyperparameters, output], 0.4)
            manifest["channels"] = dict(s3_channel(rng, mode, (mode,)), input_mode=mode)
            yield manifest
            yield dict(manifest, input_mode="Pipe", metric_definitions=[])


FAMILIES_1 = {"legacy": legacy, "script": script, "mixed": mixed, "alone": alone}


def samples(half: str) -> Iterator[Sample]:
    """(id, manifest) of one half, `v1` or `v2`, in their order."""
    if half == "v1":
        families: dict = FAMILIES_1
        facts: tuple = ()
    else:
        families, facts = FAMILIES_2, (Versions(),)
    for family, draw in families.items():
        for place, manifest in enumerate(draw(Random(half + family), *facts)):
            name = f"{half}-{family}-{place}"
            yield name, dict(manifest, name=name)
