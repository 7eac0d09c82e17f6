"""What is open in the editor unless a test says otherwise."""

MANIFEST = """\
apiVersion: sagespec/v1
kind: TrainingJob
name: mnist
framework_version: "2.21"
entry_point: train.py
role: arn:aws:iam::123456789012:role/SageMakerRole
region: us-west-2
instance_type: ml.m5.xlarge
instance_count: 1
"""
ENDPOINT = """\
apiVersion: sagespec/v1
kind: Endpoint
name: serve
role: arn:aws:iam::123456789012:role/SageMakerRole
region: us-west-2
training_job: mnist
instance_type: ml.m5.xlarge
initial_instance_count: 1
"""
SCRIPT = """\
import argparse
import os

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--model_dir")
    print(parser.parse_args(), os.environ["SM_MODEL_DIR"])
"""
LONG_SCRIPT = """\
import argparse
import os

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3, help="How often")
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    parser.add_argument("--optimizer", choices=["adam", "sgd"], required=True)
    parser.add_argument("--model_dir")
    print(parser.parse_args(), os.environ["SM_MODEL_DIR"], os.environ["SM_CHANNEL_TRAIN"])
"""
"""With more to complete, and a channel."""
