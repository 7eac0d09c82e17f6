# ruff: noqa
# Estimators of other frameworks than TensorFlow, and one that names an image.
import sagemaker
from sagemaker.pytorch import PyTorch
from sagemaker.huggingface import HuggingFace
from sagemaker.sklearn.estimator import SKLearn
from sagemaker.xgboost.estimator import XGBoost
role = "arn:aws:iam::123456789012:role/SageMakerRole"
est = PyTorch(entry_point="train.py", source_dir="code", role=role, framework_version="2.0.1", py_version="py310", instance_count=2, instance_type="ml.g5.12xlarge",
  distribution={"torch_distributed": {"enabled": True}}, hyperparameters={"epochs": 3})
est.fit({"training": "s3://b/train"})
hf = HuggingFace(entry_point="train.py", source_dir="code", instance_type="ml.p3.2xlarge", instance_count=1, role=role, transformers_version="4.26", pytorch_version="1.13", py_version="py39", hyperparameters={"epochs": 1})
hf.fit({"train": "s3://b/a", "test": "s3://b/b"})
sk = SKLearn(entry_point="sk.py", framework_version="1.2-1", instance_type="ml.c4.xlarge", role=role, hyperparameters={"max_leaf_nodes": 30})
sk.fit({"train": "s3://b/a"})
xg = XGBoost(entry_point="abalone.py", framework_version="1.7-1", hyperparameters={"max_depth": 5}, role=role, instance_count=2, instance_type="ml.m5.2xlarge", output_path="s3://b/o")
xg.fit({"train": "s3://b/a"})
container = sagemaker.image_uris.retrieve("xgboost", "us-west-2", "1.7-1")
e = sagemaker.estimator.Estimator(container, role, instance_count=1, instance_type="ml.m5.xlarge", hyperparameters={"num_round": 50})
e.fit({"train": "s3://b/a"})
