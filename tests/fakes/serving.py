"""A folder with one endpoint's manifest that people edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from fakes.fixtures import Aws

FIELDS: dict[str, Any] = {
    "apiVersion": "sagespec/v1",
    "kind": "Endpoint",
    "name": "mnist",
    "framework_version": "2.19",
    "model_data": "s3://bucket/mnist/model.tar.gz",
    "role": "arn:aws:iam::123456789012:role/SageMakerRole",
    "region": "us-west-2",
    "instance_type": "ml.m5.xlarge",
    "initial_instance_count": 1,
}


class Serving:
    """The manifest, and what apply makes of it in processes or in this one."""

    def __init__(self, aws: Aws, folder: Path) -> None:
        self.aws, self.folder = aws, folder
        self.file = folder / "endpoint.yaml"
        (folder / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nproject: vision\n")

    def write(self, **over: Any) -> None:
        fields = {key: value for key, value in {**FIELDS, **over}.items() if value is not None}
        self.file.write_text(yaml.safe_dump(fields, sort_keys=False))

    def model(self, variant: str, **over: Any) -> None:
        """Another model: a variable of its container says which."""
        self.write(env={"VARIANT": variant}, **over)
