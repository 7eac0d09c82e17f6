#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "restore-c40ebb63b7",
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
    "sagemaker_submit_directory": "\"s3://sagemaker-us-west-2-123456789012/sagespec/code/df72686832533da35770bd4f2df87e8e0447ba35ce27a9a1fde530f14470685e/sourcedir.tar.gz\"",
    "sagemaker_program": "\"tf-train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"restore-c40ebb63b7\"",
    "sagemaker_region": "\"us-west-2\"",
    "checkpoint_path": "\"s3://location/of/my/previous/generated/checkpoints\"",
    "training_steps": "10000",
    "evaluation_steps": "100",
    "sagemaker_requirements": "\"\"",
    "sagemaker_enable_cloudwatch_metrics": "false"
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/restore/restore.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "restore"
    },
    {
      "Key": "sagespec:digest",
      "Value": "c40ebb63b7271c69b9516f35322f9b6f9e299866d643c10d690798cff90c19c7"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
