# ruff: noqa
# SDK 1, script mode: old names, an image of one's own, a bucket that only a run would tell.
import sagemaker
from sagemaker.session import s3_input
from sagemaker.tensorflow import TensorFlow

sagemaker_session = sagemaker.Session()
role = sagemaker.get_execution_role()
bucket = sagemaker_session.default_bucket()
prefix = "sagemaker/DEMO-tensorflow"
shared = dict(
    role=role,
    train_instance_count=2,
    train_instance_type="ml.c5.xlarge",
    train_max_run=2 * 60 * 60,
    sagemaker_session=sagemaker_session,
    script_mode=True,
)

estimator = TensorFlow(
    entry_point="mnist.py",
    framework_version="1.12.0",
    distributions={"parameter_server": {"enabled": True}},
    base_job_name="mnist_parameters",
    **shared,
)
estimator.fit(
    {
        "train": s3_input("s3://%s/%s/train" % (bucket, prefix), distribution="ShardedByS3Key"),
        "eval": "s3://my-bucket/my-evaluation-data",
    },
    wait=False,
)

own = TensorFlow(entry_point="mnist.py", image_name="123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1", **shared)
