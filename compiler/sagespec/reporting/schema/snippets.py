"""Whole manifests to start from, as editors offer them: `${1:text}` is a place to type over.

Source of the form: https://code.visualstudio.com/docs/languages/json#_define-snippets-in-json-schemas
"""

from __future__ import annotations

from typing import Any

_ROLE = "${9:arn:aws:iam::123456789012:role/SageMakerRole}"

SNIPPETS: dict[str, list[dict[str, Any]]] = {
    "TrainingJob": [
        {
            "label": "training job",
            "description": "A training job that runs a script on one instance.",
            "body": {
                "apiVersion": "sagespec/v1",
                "kind": "TrainingJob",
                "name": "${1:mnist}",
                "framework_version": "${2:2.21}",
                "entry_point": "${3:train.py}",
                "role": _ROLE,
                "region": "${4:us-west-2}",
                "instance_type": "${5:ml.m5.xlarge}",
                "instance_count": 1,
                "channels": {"train": "${6:s3://bucket/train}"},
                "output_path": "${7:s3://bucket/models}",
            },
        }
    ],
    "Endpoint": [
        {
            "label": "endpoint",
            "description": "An endpoint that serves a model from S3.",
            "body": {
                "apiVersion": "sagespec/v1",
                "kind": "Endpoint",
                "name": "${1:mnist}",
                "framework_version": "${2:2.19}",
                "model_data": "${3:s3://bucket/mnist/model.tar.gz}",
                "role": _ROLE,
                "region": "${4:us-west-2}",
                "instance_type": "${5:ml.m5.xlarge}",
                "initial_instance_count": 1,
            },
        }
    ],
}
"""Kind → its snippets."""
