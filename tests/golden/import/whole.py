# ruff: noqa
# SDK 2, everything certain: the manifest is whole.
import boto3
import sagemaker
from sagemaker.debugger import CollectionConfig, DebuggerHookConfig, TensorBoardOutputConfig
from sagemaker.inputs import FileSystemInput, ShuffleConfig, TrainingInput
from sagemaker.tensorflow import TensorFlow

REGION = "eu-west-1"
BUCKET = "my-bucket"
session = sagemaker.Session(boto_session=boto3.Session(region_name=REGION))
hyperparameters = {"epochs": 5, "learning-rate": 1e-3, "name": "{{ yes }}"}
hyperparameters["layers"] = [64, 32]
hyperparameters.update(optimizer="adam")

if __name__ == "__main__":
    est = TensorFlow(
        entry_point="train.py",
        role="arn:aws:iam::123456789012:role/SageMakerRole",
        instance_count=2,
        instance_type="ml.m5.xlarge",
        framework_version="2.11",
        py_version="py39",
        hyperparameters=hyperparameters,
        distribution={"parameter_server": {"enabled": True}},
        metric_definitions=[{"Name": "loss", "Regex": "loss=([0-9.]+)"}],
        tags=[{"Key": "team", "Value": "vision"}],
        use_spot_instances=True,
        max_run=3600,
        max_wait=2 * 3600,
        base_job_name="nightly",
        checkpoint_s3_uri="s3://{bucket}/ck/{0}".format(REGION, bucket=BUCKET),
        sagemaker_session=session,
        subnets=["subnet-1"],
        security_group_ids=["sg-1"],
        environment={"TF_CPP_MIN_LOG_LEVEL": "1"},
        debugger_hook_config=DebuggerHookConfig(
            s3_output_path=f"s3://{BUCKET}/debug",
            collection_configs=[CollectionConfig(name="losses", parameters={"save_interval": "50"})],
        ),
        tensorboard_output_config=TensorBoardOutputConfig(s3_output_path=f"s3://{BUCKET}/tensorboard"),
    )
    est.fit(
        {
            "train": TrainingInput(f"s3://{BUCKET}/train/{session.boto_region_name}", shuffle_config=ShuffleConfig(7)),
            "test": TrainingInput(s3_data="/".join(["s3:/", BUCKET, "test"]), content_type="text/csv"),
            "fs": FileSystemInput("fs-0123456789abcdef0", "EFS", "/data"),
            "extra": session.upload_data("data", key_prefix="extra"),
        },
        experiment_config={"ExperimentName": "nightly", "RunName": "first"},
    )
