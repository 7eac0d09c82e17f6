#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "legacy-07d58ce809",
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
    "learning_rate": "0.001",
    "sagemaker_submit_directory": "\"s3://sagemaker-us-west-2-123456789012/sagespec/code/adfac9d28a2e18cb1705fb7773c4d598a5af5d70d6a414358187fbeec3bc3f79/sourcedir.tar.gz\"",
    "sagemaker_program": "\"tf-train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"legacy-07d58ce809\"",
    "sagemaker_region": "\"us-west-2\"",
    "checkpoint_path": "\"s3://sagemaker-us-west-2-123456789012/legacy-07d58ce809/checkpoints\"",
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
      "Value": "07d58ce809907f4e91782906c499d84346254ba3953dfe70f2769106a57d9044"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
