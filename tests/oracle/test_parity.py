"""What compiles, and to what, is held against the recorded answers of the SageMaker Python SDK (tests/oracle)."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import validator_for

import sagespec
from conftest import REPOSITORY
from oracle.comparing import IN_THE_CONTAINER, LAX, ORACLE, comparable, differences
from sagespec.catalog import frameworks

SDKS = {"v1": "1.16.3", "v2": "2.257.7"}
SHOWN = 10
"""Samples that a failure tells about."""

TENSORFLOW = frameworks.of_name("tensorflow")

NEWER: Mapping[str, set[str]] = {
    "tensorflow": {"2.21", "2.21.0"},
    "pytorch": {"2.9", "2.9.0", "2.10", "2.10.0", "2.11", "2.12", "2.13", "2.14"},
    "huggingface": {"5.3", "5.3.0"},
    "sklearn": {"1.4-2-py312", "1.9-0"},
    "xgboost": {"3.2-0"},
}
"""Versions of the catalogue that SDK 2 does not know."""
YOUNGER = {"me-west-1", "eu-isoe-west-1", "eusc-de-east-1"}
"""Regions that it does not know."""

Sample = dict[str, Any]
Outcome = tuple[dict[str, Any] | None, list[str]]
"""A request, or what stands against it."""


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    with gzip.open(ORACLE / "samples.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def others() -> list[Sample]:
    """Of the other frameworks."""
    with gzip.open(ORACLE / "frameworks.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(
    scope="module", params=[pytest.param(4, id="a-quarter"), pytest.param(1, id="all", marks=pytest.mark.slow)]
)
def of_others(
    request: pytest.FixtureRequest, others: list[Sample], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, Outcome]:
    """Of every fourth, which shows a fault of any kind, and of all mistakes; of all of them in the slow tests."""
    chosen = [each for number, each in enumerate(others) if number % request.param == 0 or LAX in each["id"]]
    return compiled(chosen, tmp_path_factory.mktemp("others"))


@pytest.fixture(scope="module")
def outcomes(samples: list[Sample], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    return compiled(samples, tmp_path_factory.mktemp("parity"))


def compiled(samples: Iterable[Sample], folder: Path) -> Mapping[str, Outcome]:
    """Every sample's outcome by its id: all compiled in one run, as files beside the code that they name."""
    for name in ("code", "libs"):
        shutil.copytree(ORACLE / name, folder / name)
    shutil.copy(ORACLE / "code" / "train.py", folder)
    paths = []
    for sample in samples:
        path = folder / f"{sample['id']}.yaml"
        path.write_text(json.dumps(sample["manifest"], indent=1, ensure_ascii=False), encoding="utf-8")
        paths.append(path)
    found: dict[str, Outcome] = {}
    for result in sagespec.compile(paths, allow=IN_THE_CONTAINER):
        body = result.request.body() if result.request else None
        said = [f"{each.rule}: {each.message}" for each in result.diagnostics]
        found.setdefault(Path(result.manifest).stem, (body, said))
    return found


# What is compared


def against(sample: Sample, outcome: Outcome) -> list[str]:
    """What is not as the SDK has it; nothing when it agrees."""
    body, diagnostics = outcome
    if "error" in sample:
        return [f"the SDK refuses this: {' '.join(sample['error'].split())}"] if body is not None else []
    if body is None:
        return ["the SDK accepts this, we do not:", *diagnostics]
    want, got = (comparable(each, sample["manifest"]) for each in (sample["request"], body))
    same = json.dumps(want, sort_keys=True) == json.dumps(got, sort_keys=True)  # most are, which is seen at once
    return [] if same else list(differences(want, got))


def agree(chosen: Iterable[Sample], outcomes: Mapping[str, Outcome]) -> None:
    """Fails with the number of samples that disagree, and the reasons of the first ones."""
    found = [(each["id"], against(each, outcomes[each["id"]])) for each in chosen if each["id"] in outcomes]
    assert len(found) > 20
    wrong = [(name, lines) for name, lines in found if lines]
    if wrong:
        shown = ["\n    ".join([name, *lines[:6]]) for name, lines in wrong[:SHOWN]]
        pytest.fail("\n".join([f"{len(wrong)} of {len(found)} disagree with the SDK", *shown]), pytrace=False)


def of(samples: Iterable[Sample], sdk: str, answer: str) -> list[Sample]:
    return [sample for sample in samples if sample["sdk"] == sdk and answer in sample and LAX not in sample["id"]]


# Tests


@pytest.mark.parametrize("sdk", SDKS, ids=SDKS.get)
def test_a_request_is_member_for_member_what_the_sdk_sends(
    samples: list[Sample], outcomes: Mapping[str, Outcome], sdk: str
) -> None:
    chosen = of(samples, sdk, "request")
    assert len(chosen) >= 300
    agree(chosen, outcomes)


def test_the_editors_schema_takes_every_sample_that_compiles(
    samples: list[Sample], outcomes: Mapping[str, Outcome], others: list[Sample], of_others: Mapping[str, Outcome]
) -> None:
    text = (REPOSITORY / "schemas" / "training-job.schema.json").read_text(encoding="utf-8")
    schema = validator_for(json.loads(text))
    compiled = {**outcomes, **of_others}
    fine = [sample for sample in (*samples, *others) if compiled.get(sample["id"], (None, []))[0] is not None]
    assert len(fine) >= 1_000
    refused = [sample for sample in fine if not schema.is_valid(sample["manifest"])]
    # what the container's shell would break compiles here because it was allowed
    assert [each["id"] for each in refused if not any(map(breaks, each["manifest"]["hyperparameters"].values()))] == []


def breaks(value: object) -> bool:
    return isinstance(value, str) and "\n" in value


@pytest.mark.parametrize("sdk", SDKS, ids=SDKS.get)
def test_what_the_sdk_refuses_is_refused(samples: list[Sample], outcomes: Mapping[str, Outcome], sdk: str) -> None:
    chosen = of(samples, sdk, "error")
    assert len(chosen) >= 80
    agree(chosen, outcomes)


def test_what_the_sdk_lets_through_by_mistake_is_refused(
    samples: list[Sample], outcomes: Mapping[str, Outcome]
) -> None:
    """It ignores a misspelt strategy, a number of processes that is 0; it takes an image that cannot train."""
    lax = [sample["id"] for sample in samples if LAX in sample["id"] and "request" in sample]
    assert len(lax) >= 15
    assert [name for name in lax if outcomes[name][0] is not None] == []


def test_the_samples_cover_the_catalogue(samples: list[Sample]) -> None:
    """Every release with each of its Pythons, each alias, every region that has an image, legacy mode where it is."""
    sent = [sample["manifest"] for sample in samples if "request" in sample]
    jobs = {(each.get("framework_version"), each.get("py_version")) for each in sent}
    legacy = {each["framework_version"] for each in sent if "training_steps" in each}
    releases = [each for each in TENSORFLOW.releases.values() if each.full_version not in NEWER["tensorflow"]]
    images = [image for each in releases for image in (*each.images.values(), each.legacy_image) if image is not None]

    pairs = {(each.full_version, python) for each in releases if each.script_mode for python in each.pythons}
    assert pairs - jobs == set()
    assert {each.full_version for each in releases if each.legacy_mode} - legacy == set()
    assert set(TENSORFLOW.aliases) - NEWER["tensorflow"] - {version for version, _ in jobs} == set()
    assert {name for image in images for name in image.registries} - {each["region"] for each in sent} == set()


def test_the_samples_try_every_release_with_pythons_that_it_does_not_have(samples: list[Sample]) -> None:
    sent = [sample["manifest"] for sample in samples if "error" in sample]
    refused = {(each.get("framework_version"), each.get("py_version")) for each in sent}
    releases = [each for each in TENSORFLOW.releases.values() if each.full_version not in NEWER["tensorflow"]]
    every = {python for each in releases for python in each.pythons}
    lacking = {(each.full_version, python) for each in releases for python in every - {*each.pythons}}
    assert lacking - refused == set()


# The other frameworks


def test_a_request_of_another_framework_is_what_the_sdk_sends(
    others: list[Sample], of_others: Mapping[str, Outcome]
) -> None:
    chosen = of(others, "v2", "request")
    assert len(chosen) >= 3_500
    agree(chosen, of_others)


def test_what_the_sdk_refuses_of_another_framework_is_refused(
    others: list[Sample], of_others: Mapping[str, Outcome]
) -> None:
    chosen = of(others, "v2", "error")
    assert len(chosen) >= 3_000
    agree(chosen, of_others)


def test_what_the_sdk_lets_through_of_another_framework_by_mistake_is_refused(
    others: list[Sample], of_others: Mapping[str, Outcome]
) -> None:
    """A distribution that nothing reads, an image of another version than was asked for, an image for inference."""
    lax = [sample["id"] for sample in others if LAX in sample["id"] and "request" in sample]
    assert len(lax) >= 20
    assert [name for name in lax if of_others[name][0] is not None] == []


@pytest.mark.parametrize("name", [name for name in frameworks.names() if name != "tensorflow"])
def test_the_samples_cover_every_version_python_and_region_of_a_framework_that_the_sdk_knows(
    others: list[Sample], name: str
) -> None:
    framework = frameworks.of_name(name)
    sent = [sample["manifest"] for sample in others if sample["manifest"].get("framework") == name]
    versions = {each[framework.version_field] for each in sent if framework.version_field in each}
    regions = {each["region"] for each in sent}
    own = {version.partition("+")[0] for version in framework.versions()}
    images = [image for release in framework.releases.values() for image in release.images.values()]
    assert own - versions - NEWER.get(name, set()) == set()
    assert {region for image in images for region in image.registries} - regions - YOUNGER == set()
