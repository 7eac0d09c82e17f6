"""Endpoints: the three requests, held against the recorded answers of the SDK and against botocore's own model."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import sagespec
from conftest import ENDPOINT
from sagespec.base.diagnostic import Diagnostic
from sagespec.pipeline import Compiler, Result
from test_parity import differences

ORACLE = Path(__file__).parent / "oracle"
HANDLER = "def handler(data, context):\n    pass\n"
CAPTURE = {"enable_capture": True, "destination_s3_uri": "s3://bucket/capture"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Code of both servers, in a folder and beside it."""
    (tmp_path / "serving").mkdir()
    for place in (tmp_path, tmp_path / "serving"):
        (place / "inference.py").write_text(HANDLER)
        (place / "train.py").write_text("def input_fn(data, content_type):\n    return data\n")
    return tmp_path


def compiled(folder: Path, over: Mapping[str, Any], name: str = "mnist.yaml") -> Result:
    """What becomes of the smallest endpoint with some fields laid over it; None takes a field out."""
    fields = {key: value for key, value in {**ENDPOINT, **over}.items() if value is not None}
    (folder / name).write_text(yaml.safe_dump(fields, sort_keys=False))
    return next(iter(Compiler().run([str(folder / name)])))


def bodies(result: Result) -> dict[str, dict[str, Any]]:
    assert result.request is not None, result.diagnostics
    return result.request.bodies()


def variant(result: Result) -> dict[str, Any]:
    [only] = bodies(result)["CreateEndpointConfig"]["ProductionVariants"]
    return dict(only)


def rules(result: Result) -> list[str]:
    return [found.rule for found in result.diagnostics]


def pointed_at(found: Diagnostic) -> str:
    """The line that a finding stands at."""
    return found.place.source.line(found.span.line).strip()


# What the SDK sends


@pytest.fixture(scope="module")
def deployments() -> list[dict[str, Any]]:
    with gzip.open(ORACLE / "deployments.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def outcomes(
    deployments: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Mapping[str, Any] | None, list[str]]]:
    """Sample → (requests, what was said of it): all compiled in one run."""
    folder = tmp_path_factory.mktemp("deployments")
    for name in ("code", "libs"):
        shutil.copytree(ORACLE / name, folder / name)
    for place in (folder, folder / "code"):
        (place / "inference.py").write_text(HANDLER)
    paths = [folder / f"{sample['id']}.yaml" for sample in deployments]
    for path, sample in zip(paths, deployments, strict=True):
        path.write_text(json.dumps({**sample["manifest"], "name": sample["id"].replace("_", "-")}), encoding="utf-8")
    return {
        Path(result.manifest).stem: (
            result.request.bodies() if result.request else None,
            [f"{each.rule}: {each.message}" for each in result.diagnostics],
        )
        for result in sagespec.compile(paths)
    }


REPACKED = re.compile(r"/(?:[^/]+|sagespec/models/[0-9a-f]{64})/model\.tar\.gz$")
"""Where a repacked model lies: the SDK's place for it, and ours."""


def comparable(sent: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The requests without names, without our own tags, and without empty lists of tags, which the SDK sends.

    Of a repacked model the bucket and the prefix count; so they do of the answers of asynchronous endpoints.
    """
    kept = json.loads(json.dumps(sent))
    for request in kept.values():
        for name in ("ModelName", "EndpointConfigName", "EndpointName"):
            request.pop(name, None)
        tags = [tag for tag in request.pop("Tags", []) if not tag["Key"].startswith("sagespec:")]
        request.update({"Tags": tags} if tags else {})
    container = kept["CreateModel"]["PrimaryContainer"]
    container.setdefault("Environment", {})
    if "entry_point" in manifest and "ModelDataUrl" in container:
        container["ModelDataUrl"] = REPACKED.sub("/REPACKED", container["ModelDataUrl"])
    for made in kept["CreateEndpointConfig"]["ProductionVariants"]:
        made.pop("ModelName")
    output = kept["CreateEndpointConfig"].get("AsyncInferenceConfig", {}).get("OutputConfig", {})
    for name, value in output.items():
        if name in ("S3OutputPath", "S3FailurePath"):
            output[name] = re.sub(r"(async-endpoint-\w+)/.*", r"\1/", value)
    return dict(kept)


STRICTER = (
    ("model_data", "entry_point"),
    ("async_inference_config", "explainer_config"),
)
"""Fields that the SDK sends together although the service refuses them."""


def test_what_the_sdk_sends_for_a_deployment_is_sent_member_for_member(
    deployments: list[dict[str, Any]], outcomes: Mapping[str, tuple[Mapping[str, Any] | None, list[str]]]
) -> None:
    accepted = [sample for sample in deployments if "requests" in sample]
    assert len(accepted) > 300
    wrong = {}
    for sample in accepted:
        sent, said = outcomes[sample["id"]]
        want = comparable(sample["requests"], sample["manifest"])
        found = said if sent is None else list(differences(want, comparable(sent, sample["manifest"])))
        wrong.update({sample["id"]: found} if found else {})
    assert not wrong, json.dumps(wrong, indent=1)


def test_what_the_sdk_refuses_is_refused(
    deployments: list[dict[str, Any]], outcomes: Mapping[str, tuple[Mapping[str, Any] | None, list[str]]]
) -> None:
    refused = [sample for sample in deployments if "error" in sample]
    assert len(refused) > 40
    assert {sample["id"]: sample["error"] for sample in refused if outcomes[sample["id"]][0] is not None} == {}
