# ruff: noqa
# SDK 1, legacy mode.
from sagemaker.tensorflow import TensorFlow

previous_checkpoint_path = "s3://bucket/checkpoints"

tf_estimator = TensorFlow(
    entry_point="tf-train.py",
    role="SageMakerRole",
    training_steps=10000,
    evaluation_steps=None,
    train_instance_count=1,
    train_instance_type="ml.p2.xlarge",
    train_volume_size=100,
    checkpoint_path=previous_checkpoint_path,
    framework_version="1.10.0",
    input_mode="Pipe",
    run_tensorboard_locally=True,
)
tf_estimator.fit("s3://bucket/path/to/training/data", run_tensorboard_locally=True)
