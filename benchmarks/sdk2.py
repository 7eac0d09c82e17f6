"""The yardstick: SDK 2 builds the request of one job (specs/iris), without a network."""

import json
from unittest.mock import MagicMock

from sagemaker.inputs import TrainingInput
from sagemaker.session import Session
from sagemaker.tensorflow import TensorFlow

clients = MagicMock(region_name="us-west-2")
session = Session(boto_session=clients, sagemaker_client=MagicMock(), default_bucket="my-bucket")
estimator = TensorFlow(
    entry_point="train.py",
    source_dir="s3://my-bucket/code.tar.gz",
    role="arn:aws:iam::123456789012:role/SageMakerRole",
    framework_version="2.19.0",
    py_version="py312",
    instance_type="ml.c5.xlarge",
    instance_count=1,
    max_run=600,
    hyperparameters={"epochs": 40, "batch-size": 16, "learning-rate": 0.01, "hidden-units": 16},
    output_path="s3://my-bucket/iris",
    model_dir=False,
    sagemaker_session=session,
)
estimator._prepare_for_training("iris")
inputs = {name: TrainingInput(f"s3://my-bucket/{name}") for name in ("train", "test")}
print(json.dumps(estimator.hyperparameters()), sorted(inputs), estimator.training_image_uri())
