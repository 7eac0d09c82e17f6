#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "legacy-0c5febfcd2",
  "AlgorithmSpecification": {
    "TrainingImage": "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow:1.10.0-gpu-py2",
    "TrainingInputMode": "File"
  },
  "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
  "InputDataConfig": [
    {
      "ChannelName": "training",
      "DataSource": {
        "S3DataSource": {
          "S3DataType": "S3Prefix",
          "S3Uri": "s3://bucket/path/to/training/data",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    }
  ],
  "OutputDataConfig": {
    "S3OutputPath": "s3://sagemaker-us-west-2-123456789012/"
  },
  "ResourceConfig": {
    "InstanceType": "ml.p2.xlarge",
    "InstanceCount": 1,
    "VolumeSizeInGB": 30
  },
  "StoppingCondition": {
    "MaxRuntimeInSeconds": 86400
  },
  "HyperParameters": {
    "sagemaker_submit_directory": "\"s3://sagemaker-us-west-2-123456789012/sagespec/code/24ba9ad6b48255c38890c09d24945bc6ba44657df6a177d0ab962f9664cb6643/sourcedir.tar.gz\"",
    "sagemaker_program": "\"tf-train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"legacy-0c5febfcd2\"",
    "sagemaker_region": "\"us-west-2\"",
    "checkpoint_path": "\"s3://sagemaker-us-west-2-123456789012/legacy-0c5febfcd2/checkpoints\"",
    "training_steps": "10000",
    "evaluation_steps": "100",
    "sagemaker_requirements": "\"\"",
    "sagemaker_enable_cloudwatch_metrics": "false"
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/legacy/legacy.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "legacy"
    },
    {
      "Key": "sagespec:digest",
      "Value": "0c5febfcd225a5c846015f7fe5b1269b00fc6db96dc540b07e80630a1a0ec7b6"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
