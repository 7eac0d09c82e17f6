"""The catalogue against outside witnesses: botocore, the file system, and URIs and facts that AWS publishes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from datetime import date
from importlib import metadata
from pathlib import Path

import botocore.session
import pytest

import sagespec
from sagespec.base.files import data_folder
from sagespec.catalog import (
    NoImage,
    NoProcessor,
    NoPython,
    NoRegion,
    NoVersion,
    Release,
    digest,
    facts,
    frameworks,
    image_instance_type,
    refresh,
    tables,
)
from sagespec.catalog.refresh import image_tables, images_of
from sagespec.kinds.training_job.model.distribution import Distribution

FACTS = facts(date(2026, 11, 20))
TF = frameworks.of_name("tensorflow")
FETCHED = {
    "api": ("botocore",),
    "regions": ("botocore",),
    "instances": ("botocore", "moto"),
    **dict.fromkeys((f"images/{name}" for name in tables.frameworks()), ()),
    "registries": (),
    "unicode": (),
}
CHECK = ["-m", "sagespec.catalog.refresh", "--check", "--offline"]


def same_versions(*packages: str) -> None:
    """Skips where a package has moved on since the data were fetched: then the data are old, not wrong."""
    sources = " ".join(tables.table(name)["_source"] for name in FETCHED)
    for package in packages:
        if f"{package} {metadata.version(package)}" not in sources:
            pytest.skip(f"installed: {package} {metadata.version(package)}; the data are of {sources}")


def run(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | ({"PYTHONPATH": str(path)} if path else {})
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The catalogue as in an installed wheel, free to be spoilt."""
    package = Path(sagespec.__file__).parent
    target = tmp_path / "sagespec"
    shutil.copytree(package / "catalog", target / "catalog", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(data_folder("schemas"), target / "schemas")
    shutil.copy(package / "__init__.py", target)
    shutil.copytree(package / "base", target / "base", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


# The data files


def test_the_catalogue_is_fresh() -> None:
    same_versions("botocore", "moto")
    done = run(*CHECK)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(" was not compared: " in line for line in done.stdout.splitlines())


def test_a_source_that_cannot_be_read_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is installed that has the tables of images, and the package index has nothing."""
    same_versions("botocore", "moto")
    monkeypatch.setattr(images_of, "FOLDERS", {"no-such-package": "nowhere"})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    stale = refresh.check(None).stale
    assert [line.partition(" could not be compared: ")[0] for line in stale] == [
        str(tables.FOLDER / f"{name}.json")
        for name in (*(f"images/{each}" for each in tables.frameworks()), "registries")
    ]
    left_out = refresh.check(None, offline=True)
    assert left_out.stale == []
    assert len(left_out.left_out) >= len(stale) + 1


EDITED = "was edited by hand: its content and its _sha256 differ"


@pytest.mark.parametrize(
    "mistakes",
    [
        [
            ("catalog/data/images/tensorflow.json", "763104351884", "763104351885", EDITED),
            ("catalog/data/instances.json", '"A100"', '"A1000"', EDITED),
            ("catalog/data/api.json", '"max": 63', '"max": 64', EDITED),
            ("catalog/data/regions.json", "{", "[", "is missing, or no JSON"),
        ],
        [
            (
                "schemas/create-training-job.schema.json",
                '"maxLength": 63',
                '"maxLength": 64',
                "is not what the API model gives",
            )
        ],
    ],
    ids=["data", "schemas"],
)
def test_a_stale_file_is_named_with_the_command_that_repairs_it(
    copy: Path, mistakes: list[tuple[str, str, str, str]]
) -> None:
    same_versions("botocore", "moto")
    complaints = []
    for name, old, new, complaint in mistakes:
        file = copy / "sagespec" / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        complaints.append(f"{file} {complaint}")
    done = run(*CHECK, path=copy)
    said = done.stderr.splitlines()
    assert done.returncode == 1
    assert [each for each in complaints if each not in said] == []
    assert said[-1] == "To repair it, run: python -m sagespec.catalog.refresh"


def test_a_refresh_repairs_what_was_edited_and_leaves_the_rest_alone(copy: Path) -> None:
    same_versions("botocore", "moto")
    folder = copy / "sagespec" / "catalog" / "data"
    before = {path.name: path.read_text() for path in folder.rglob("*.json")}
    (folder / "regions.json").write_text(before["regions.json"].replace("us-east-1", "us-oest-1"))
    done = run("-m", "sagespec.catalog.refresh", path=copy)
    assert done.returncode == 0, done.stderr
    after = {path.name: path.read_text() for path in folder.rglob("*.json")}
    assert without_date(after.pop("regions.json")) == without_date(before.pop("regions.json"))
    assert after == before
    assert [path.name for path in folder.iterdir() if path.suffix not in (".json", "")] == []


def wheel(folder: Path, version: str, table: dict[str, object]) -> Path:
    """A wheel of the SDK whose every table is the same."""
    path = folder / f"sagemaker_core-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name in image_tables():
            archive.writestr(f"sagemaker/core/image_uri_config/{name}.json", json.dumps({"training": table}))
    return path


def test_the_images_come_from_the_sdks_table(copy: Path) -> None:
    same_versions("botocore", "moto")
    one, two = {"us-east-1": "111111111111"}, {"us-east-1": "222222222222"}
    versions = {
        "1.13.1": {"py2": {"registries": one, "repository": "old"}, "py3": {"registries": two, "repository": "new"}},
        "2.20.0": {"py_versions": ["py312", "py313"], "registries": two, "repository": "new"},
    }
    aliases = {"1.13": "1.13.1", "2.20": "2.20.0"}
    sdk = wheel(copy, "2.999.0", {"version_aliases": aliases, "versions": versions, "processors": ["cpu", "gpu"]})
    checked = run(*CHECK, "--sdk", str(sdk), path=copy)
    file = copy / "sagespec" / "catalog" / "data" / "images" / "tensorflow.json"
    assert checked.returncode == 1
    assert (
        f"{file} is of {tables.table('images/tensorflow')['_source']}, and sagemaker-core 2.999.0 says otherwise"
        in checked.stderr.splitlines()
    )
    assert run("-m", "sagespec.catalog.refresh", "--sdk", str(sdk), path=copy).returncode == 0
    content = json.loads(file.read_text())
    assert content.pop("_source") == "sagemaker-core 2.999.0"
    assert {name: value for name, value in content.items() if not name.startswith("_")} == {
        "aliases": aliases,
        "registries": {"set1": one, "set2": two},
        "tags": {"tag1": {"cpu": "{version}-cpu-{python}", "gpu": "{version}-gpu-{python}"}},
        "versions": {
            "1.13.1": {"py2": ["old", "set1", "tag1"], "py3": ["new", "set2", "tag1"]},
            "2.20.0": {"py312": ["new", "set2", "tag1"], "py313": ["new", "set2", "tag1"]},
        },
    }
    assert run(*CHECK, "--sdk", str(sdk), path=copy).returncode == 0


def test_a_missing_sdk_file_is_wrong_usage() -> None:
    done = run(*CHECK, "--sdk", "nowhere.whl")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("error: there is no file nowhere.whl")


def without_date(text: str) -> list[str]:
    return [line for line in text.splitlines() if '"_date"' not in line]


@pytest.mark.parametrize("name", FETCHED)
def test_a_fetched_file_begins_with_source_date_and_hash(name: str) -> None:
    content = tables.table(name)
    assert list(content)[:3] == ["_source", "_date", "_sha256"]
    assert all(package in content["_source"] for package in FETCHED[name])
    assert FACTS.fetched_on(name) == date.fromisoformat(content["_date"])


def test_the_digest_changes_with_any_data_file(copy: Path) -> None:
    code = ("-c", "from sagespec.catalog import digest; print(digest())")
    before = run(*code, path=copy).stdout
    file = copy / "sagespec" / "catalog" / "data" / "limits.json"
    file.write_text(file.read_text().replace("2419200", "2419201"))
    assert before == f"{digest()}\n"
    assert run(*code, path=copy).stdout != before


def test_nothing_is_read_and_nothing_heavy_imported_before_it_is_asked_for() -> None:
    heavy = ("botocore", "boto3", "jsonschema", "moto", "pydantic", "difflib")
    done = run(
        "-c",
        "import sys, sagespec.catalog as catalog; from sagespec.catalog.tables import table\n"
        "known = catalog.facts()\n"
        f"print(table.cache_info().currsize, [name for name in {heavy} if name in sys.modules])\n"
        "tensorflow = known.framework('tensorflow')\n"
        "tensorflow.release('2.19'); tensorflow.release('2.18'); tensorflow.release('1.4')\n"
        "print(table.cache_info().misses)",
    )
    assert done.stdout == "0 []\n2\n", done.stderr


def test_every_hand_kept_fact_names_its_source() -> None:
    limits, hardware = (tables.table(name) for name in ("limits", "hardware"))
    sources = [row["source"] for kind in ("limits", "quotas", "lists") for row in limits[kind].values()]
    sources += [row["source"] for row in limits["create_training_job"].values()]
    sources += [row["source"] for row in hardware["instances"].values()]
    assert [source for source in sources if not source.startswith("https://")] == []


PLAIN_FACTS = {"_about", "title", "estimator", "version", "tables", "facts", "since", "strategies", "alone"}
"""Of a framework's row: its names, and what only holds other facts."""


@pytest.mark.parametrize("name", tables.frameworks())
def test_every_fact_of_a_framework_is_explained_and_names_its_source(name: str) -> None:
    row = tables.table(f"frameworks/{name}")
    explained = {word for names in row["facts"] for word in names.split(", ")}
    used = {*row, *row["strategies"], *(fact for facts in row["since"].values() for fact in facts)} - PLAIN_FACTS
    used -= {
        key
        for key in ("support", "tag_suffixes", "hyperparameter_groups")
        if not row.get(key) or key == "hyperparameter_groups"
    }
    assert [source for _, source in row["facts"].values() if not source.startswith("https://")] == []
    assert (used - explained, explained - used) == (set(), set())


@pytest.mark.parametrize("name", tables.frameworks())
def test_a_framework_says_what_is_asked_of_each(name: str) -> None:
    row = tables.table(f"frameworks/{name}")
    asked = {"title", "estimator", "version", "tables", "wheel", "facts", "strategies", "since", "support"}
    assert asked - row.keys() == set()
    assert {"package"} <= row["wheel"].keys()


@pytest.mark.parametrize("name", tables.frameworks())
def test_a_framework_says_nothing_that_nobody_asks(name: str) -> None:
    """Each fact of a version is a member of a release, and each strategy is one that a manifest can have."""
    row = tables.table(f"frameworks/{name}")
    assert {fact for facts in row["since"].values() for fact in facts} <= set(Release._fields)
    fields = {f"smdistributed.{library}" for library in ("dataparallel", "modelparallel")} | set(Distribution.fields)
    assert set(row["strategies"]) <= fields
    for version in filter(None, row["since"]):
        assert frameworks.numbers(version) == tuple(map(int, version.split(".")))


# Releases


def releases_with(capability: str) -> list[str]:
    shorts = {full: short for short, full in TF.aliases.items()}
    rows = TF.releases.items()
    return [shorts[version] for version, release in rows if version in shorts and getattr(release, capability)]


ALL = [
    *("1.4", "1.5", "1.6", "1.7", "1.8", "1.9", "1.10", "1.11", "1.12", "1.13", "1.14", "1.15"),
    *("2.0", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9", "2.10", "2.11", "2.12", "2.13", "2.14"),
    *("2.16", "2.18", "2.19", "2.21"),
]


@pytest.mark.parametrize(
    ("capability", "first", "last"),
    [
        ("legacy_mode", "1.4", "1.12"),
        ("script_mode", "1.11", "2.21"),
        ("keras_distributed", "1.5", "2.21"),
        ("input_functions_may_return_functions", "1.4", "1.5"),
        ("training_metrics", "1.15", "2.21"),
        ("training_compiler", "2.9", "2.11"),
        ("p2_instances", "1.4", "2.11"),
        ("heterogeneous_clusters", "2.6", "2.21"),
    ],
)
def test_a_capability_holds_for_its_releases_and_no_others(capability: str, first: str, last: str) -> None:
    assert releases_with(capability) == ALL[ALL.index(first) : ALL.index(last) + 1]


@pytest.mark.parametrize(
    ("version", "strategies"),
    [
        ("1.10", set()),
        ("1.15.2", {"parameter_server", "mpi"}),
        ("2.3", {"parameter_server", "mpi", "smdistributed.modelparallel", "smdistributed.dataparallel"}),
        ("2.3.0", {"parameter_server", "mpi", "smdistributed.modelparallel"}),
        ("2.8.0", {"parameter_server", "mpi", "smdistributed.dataparallel"}),
        ("2.11", {"parameter_server", "mpi", "multi_worker_mirrored_strategy", "smdistributed.dataparallel"}),
        ("2.19", {"parameter_server", "mpi", "multi_worker_mirrored_strategy"}),
    ],
)
def test_the_strategies_are_those_that_the_sdk_takes_for_the_version_as_written(
    version: str, strategies: set[str]
) -> None:
    release = TF.release(version)
    assert release is not None
    assert set(release.strategies) == strategies


EVERY_VERSION = {
    "save_summary_steps": "int",
    "save_checkpoints_secs": "int",
    "save_checkpoints_steps": "int",
    "keep_checkpoint_max": "int",
    "keep_checkpoint_every_n_hours": "int",
    "log_step_count_steps": "int",
}
EXPERIMENT = {
    "eval_metrics": "dict",
    "eval_delay_secs": "int",
    "continuous_eval_throttle_secs": "int",
    "min_eval_frequency": "int",
    "delay_workers_by_global_step": "bool",
    "train_steps_per_iteration": "int",
}
EVAL_SPEC = {"start_delay_secs": "int", "throttle_secs": "int"}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.4.1", EVERY_VERSION | EXPERIMENT),
        ("1.5", EVERY_VERSION | EXPERIMENT),
        ("1.6", EVERY_VERSION | EVAL_SPEC),
        ("1.12.0", EVERY_VERSION | EVAL_SPEC),
        ("1.13", {}),
        ("2.19", {}),
    ],
)
def test_the_legacy_container_reads_the_hyperparameters_of_its_version(version: str, expected: dict[str, str]) -> None:
    release = TF.release(version)
    assert release is not None
    assert dict(release.legacy_hyperparameters) == expected


def test_every_published_version_is_a_release_and_every_alias_leads_to_one() -> None:
    assert list(TF.releases) == list(tables.table("images/tensorflow")["versions"])
    assert set(TF.aliases.values()) <= set(TF.releases)
    assert list(TF.aliases) == ALL


def test_a_release_keeps_the_version_as_it_was_written() -> None:
    short, full = TF.release("1.6"), TF.release("1.6.0")
    assert short is not None
    assert full is not None
    assert (short.version, short.full_version) == ("1.6", "1.6.0")
    assert (full.version, full.full_version) == ("1.6.0", "1.6.0")


@pytest.mark.parametrize(
    ("version", "pythons", "python3"),
    [
        ("1.4", ("py2",), None),
        ("1.13", ("py2", "py3"), "py3"),
        ("1.15.2", ("py2", "py3", "py37"), None),
        ("2.1", ("py3", "py36"), None),
        ("2.19", ("py312",), "py312"),
    ],
)
def test_python_3_is_known_where_a_version_has_exactly_one(
    version: str, pythons: tuple[str, ...], python3: str | None
) -> None:
    release = TF.release(version)
    assert release is not None
    assert (release.pythons, release.python3) == (pythons, python3)


def test_a_date_is_given_only_where_a_source_gives_one() -> None:
    newest, oldest = TF.release("2.19"), TF.release("1.4")
    assert newest is not None
    assert oldest is not None
    assert (newest.released, newest.patches_end) == (date(2025, 3, 11), date(2026, 3, 11))
    assert (oldest.released, oldest.patches_end) == (None, None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2.15", "2.16"),
        ("2.4.0", "2.4.1"),
        ("1.13.0", "1.13.1"),
        ("2.22", "2.21"),
        ("3.1", "2.1"),
        ("tensorflow-2.10", "2.10"),
        ("latest", None),
        ("", None),
        ("9" * 100_000, None),
    ],
)
def test_a_wrong_version_has_a_near_one(text: str, meant: str | None) -> None:
    assert TF.release(text) is None
    assert TF.near_version(text) == meant


# Images


@pytest.mark.parametrize(
    ("options", "uri"),
    [
        (
            ("2.19", "py312", "us-west-2", "ml.g5.xlarge", "script"),
            "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19-gpu-py312",
        ),
        (
            ("2.19.0", "py312", "cn-north-1", "ml.c5.xlarge", "script"),
            "727897471807.dkr.ecr.cn-north-1.amazonaws.com.cn/tensorflow-training:2.19.0-cpu-py312",
        ),
        (
            ("1.12.0", "py2", "us-gov-west-1", "ml.p2.xlarge", "legacy"),
            "246785580436.dkr.ecr.us-gov-west-1.amazonaws.com/sagemaker-tensorflow:1.12.0-gpu-py2",
        ),
        (
            ("1.12.0", "py2", "us-gov-west-1", "ml.p2.xlarge", "script"),
            "246785580436.dkr.ecr.us-gov-west-1.amazonaws.com/sagemaker-tensorflow-scriptmode:1.12.0-gpu-py2",
        ),
        (
            ("1.6", "py2", "eu-west-1", "ml.c4.xlarge", "legacy"),
            "520713654638.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-tensorflow:1.6-cpu-py2",
        ),
        (
            ("1.13.1", "py2", "us-east-1", "local_gpu", "script"),
            "520713654638.dkr.ecr.us-east-1.amazonaws.com/sagemaker-tensorflow-scriptmode:1.13.1-gpu-py2",
        ),
        (
            ("1.13.1", "py3", "us-east-1", "local", "script"),
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:1.13.1-cpu-py3",
        ),
        (
            ("2.3.1", "py37", "us-east-1", "ml.p4d.24xlarge", "script"),
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.3.1-gpu-py37-cu110-ubuntu18.04",
        ),
        (
            ("2.3.1", "py37", "us-east-1", "ml.p4de.24xlarge", "script"),
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.3.1-gpu-py37",
        ),
        (
            ("2.3", "py37", "us-east-1", "ml.p3.16xlarge", "script", True),
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.3-gpu-py37-cu110-ubuntu18.04-v3",
        ),
        (
            ("2.14.1", "py310", "us-isof-east-1", "ml.m5.large", "script"),
            "303241398832.dkr.ecr.us-isof-east-1.csp.hci.ic.gov/tensorflow-training:2.14.1-cpu-py310",
        ),
    ],
)
def test_an_image_has_the_sdks_uri(options: tuple[str, ...], uri: str) -> None:
    assert TF.image_uri(*options) == uri  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "error", "part", "value"),
    [
        (("2.15", "py310", "us-east-1", "ml.c5.xlarge", "script"), NoVersion, "version", "2.15"),
        (("1.10", "py2", "us-east-1", "ml.c5.xlarge", "script"), NoVersion, "version", "1.10"),
        (("1.13", "py2", "us-east-1", "ml.c5.xlarge", "legacy"), NoVersion, "version", "1.13"),
        (("1.12", "py3", "us-east-1", "ml.c5.xlarge", "legacy"), NoPython, "python", "py3"),
        (("2.1", "py2", "us-east-1", "ml.c5.xlarge", "script"), NoPython, "python", "py2"),
        (("2.19", "py312", "us-iso-east-1", "ml.c5.xlarge", "script"), NoRegion, "region", "us-iso-east-1"),
        (("1.4", "py2", "us-east-5", "ml.c5.xlarge", "legacy"), NoRegion, "region", "us-east-5"),
        (("2.19", "py312", "us-east-1", "ml.trn1.32xlarge", "script"), NoProcessor, "processor", "ml.trn1.32xlarge"),
        (("2.19", "py312", "us-east-1", "ml.inf2.xlarge", "script"), NoProcessor, "processor", "ml.inf2.xlarge"),
        (("2.19", "py312", "us-east-1", "ml.c7gn.xlarge", "script"), NoProcessor, "processor", "ml.c7gn.xlarge"),
        (("2.19", "py312", "us-east-1", "c5.xlarge", "script"), NoProcessor, "processor", "c5.xlarge"),
    ],
)
def test_an_image_that_does_not_exist_is_refused_with_the_part_that_is_wrong(
    options: tuple[str, ...], error: type[NoImage], part: str, value: str
) -> None:
    with pytest.raises(LookupError) as caught:
        TF.image_uri(*options)  # type: ignore[arg-type]
    assert type(caught.value) is error
    assert (caught.value.part, caught.value.value) == (part, value)
    assert caught.value.choices
    assert value not in caught.value.choices


def test_a_heterogeneous_cluster_runs_the_image_of_its_first_gpu_type() -> None:
    assert image_instance_type(["ml.c5.xlarge", "ml.p3.2xlarge", "ml.g5.xlarge"]) == "ml.p3.2xlarge"
    assert image_instance_type(["ml.m5.xlarge", "ml.c5.xlarge"]) == "ml.m5.xlarge"


def test_images_lie_only_in_regions_that_we_know() -> None:
    used = {
        region
        for name in tables.frameworks()
        for row in tables.table(f"images/{name}")["registries"].values()
        for region in row
    }
    assert used - set(FACTS.regions) <= {"me-west-1"}  # has images before botocore knows it


# Instances and regions


def test_the_instance_types_are_botocores() -> None:
    same_versions("botocore")
    model = botocore.session.get_session().get_service_model("sagemaker")
    assert list(FACTS.instances) == model.shape_for("TrainingInstanceType").enum


def test_the_regions_and_partitions_are_botocores() -> None:
    same_versions("botocore")
    session = botocore.session.get_session()
    live = {
        (region, partition)
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("sagemaker", partition, allow_non_regional=False)
    }
    assert {(region.name, region.partition) for region in FACTS.regions.values()} == live


def test_every_instance_has_hardware() -> None:
    for instance in FACTS.instances.values():
        assert instance.name == f"ml.{instance.family}.{instance.size}"
        assert instance.vcpus > 0
        assert instance.memory_gib > 0
        assert instance.is_accelerated == (instance.accelerator_count > 0) == (instance.accelerator_model is not None)
        assert (instance.accelerator_memory_gib > 0) == instance.is_accelerated


def test_the_hardware_of_a_gpu_instance_is_known() -> None:
    p4d = FACTS.instance("ml.p4d.24xlarge")
    assert p4d is not None
    assert (p4d.vcpus, p4d.memory_gib, p4d.gpus, p4d.accelerator_model) == (96, 1152, 8, "A100")
    assert (p4d.accelerator_memory_gib, p4d.nvme_gb, p4d.efa, p4d.arch) == (40, 8000, True, "x86_64")
    assert (p4d.burstable, p4d.retired, p4d.is_neuron, p4d.is_graviton) == (False, False, False, False)


@pytest.mark.parametrize(
    ("name", "local_storage", "gpus", "neuron", "burstable", "retired"),
    [
        ("ml.t3.medium", False, 0, False, True, False),
        ("ml.r5d.large", True, 0, False, False, False),
        ("ml.g7e.2xlarge", True, 1, False, False, False),
        ("ml.trn2.48xlarge", True, 0, True, False, False),
        ("ml.p3.8xlarge", False, 4, False, False, True),
        ("ml.p2.16xlarge", False, 16, False, False, True),
    ],
)
def test_rules_can_ask_an_instance(
    name: str, local_storage: bool, gpus: int, neuron: bool, burstable: bool, retired: bool
) -> None:
    found = FACTS.instance(name)
    assert found is not None
    asked = (found.has_local_storage, found.gpus, found.is_neuron, found.burstable, found.retired)
    assert asked == (local_storage, gpus, neuron, burstable, retired)


def test_an_unknown_name_has_a_near_one() -> None:
    assert (FACTS.instance("ml.g5.xlrage"), FACTS.near_instance("ml.g5.xlrage")) == (None, "ml.g5.xlarge")
    assert FACTS.near_instance("g5.xlarge") == "ml.g5.xlarge"
    assert FACTS.near_instance("?" * 100_000) is None
    assert (FACTS.region("eu-wset-1"), FACTS.near_region("eu-wset-1")) == (None, "eu-west-1")


def test_limits_and_lists_are_found_by_name() -> None:
    assert FACTS.limits["max_run_seconds"].value == 28 * 24 * 60 * 60
    assert FACTS.quotas["max_run_seconds"].value == 5 * 24 * 60 * 60
    assert set(FACTS.listed("regions_without_debugger")) <= set(FACTS.regions)
    assert set(FACTS.listed("dataparallel_instance_types")) - {"local_gpu"} <= set(FACTS.instances)


def test_today_is_given_and_read_from_the_clock_only_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert FACTS.today == date(2026, 11, 20)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert facts().today == date(1970, 1, 2)
    for unset in ("", "soon"):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", unset)
        before = date.today()
        assert before <= facts().today <= date.today()
