# ruff: noqa
# Jobs in loops, functions and branches: what a run would decide is left to fill in.
import os

from sagemaker import tensorflow
from sagemaker.workflow.parameters import ParameterInteger

settings = load_settings("settings.toml")
count = ParameterInteger(name="InstanceCount", default_value=1)


def start(size, epochs=3):
    estimator = tensorflow.TensorFlow(
        entry_point="train.py",
        role=os.environ["ROLE"],
        instance_type=f"ml.{settings['family']}.{size}",
        instance_count=count,
        framework_version="2.13",
        py_version="py310",
        hyperparameters={"epochs": epochs, "seed": settings.get("seed", 1)},
        git_config={"repo": "https://example.com/repo.git", "branch": "main"},
        **settings["more"],
    )
    estimator.fit({"train": "s3://my-bucket/train"}, job_name="one-{}".format(size))
    estimator.fit({"train": f"s3://my-bucket/train/{size}"}, job_name="two")


for size in ["xlarge", "2xlarge"]:
    start(size)
