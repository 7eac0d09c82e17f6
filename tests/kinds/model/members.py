"""Which members of CreateModel each field sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

MEMBERS: Mapping[str, Sequence[str]] = {
    "name": ["ModelName"],
    "tags": ["Tags"],
    "role": ["ExecutionRoleArn"],
    "image_uri": ["PrimaryContainer.Image"],
    "model_data": ["PrimaryContainer.ModelDataUrl"],
    "container_mode": ["PrimaryContainer.Mode"],
    "subnets": ["VpcConfig.Subnets"],
    "env": ["PrimaryContainer.Environment"],
}

ELSEWHERE: Mapping[str, str] = {
    "apiVersion": "the manifest language: nothing is sent",
    "kind": "the manifest language: nothing is sent",
    "region": "where the model is",
    "training_job": "nothing is sent",
    "account_id": "a part of a role that is not an ARN",
    "request": "merged last into the request, member by member",
}
