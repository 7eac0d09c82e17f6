#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "iris-031ea4943d",
  "AlgorithmSpecification": {
    "TrainingImage": "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312",
    "TrainingInputMode": "File",
    "MetricDefinitions": [
      {
        "Name": "train:loss",
        "Regex": "train_loss=([0-9.]+)"
      },
      {
        "Name": "test:accuracy",
        "Regex": "test_accuracy=([0-9.]+)"
      }
    ],
    "EnableSageMakerMetricsTimeSeries": true
  },
  "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
  "InputDataConfig": [
    {
      "ChannelName": "train",
      "DataSource": {
        "S3DataSource": {
          "S3DataType": "S3Prefix",
          "S3Uri": "s3://my-bucket/sagespec/data/19eacb6922a2ceedb5d8f86fd6ccf449019334df09789d147e7d8fc7dfe5f316/",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    },
    {
      "ChannelName": "test",
      "DataSource": {
        "S3DataSource": {
          "S3DataType": "S3Prefix",
          "S3Uri": "s3://my-bucket/sagespec/data/ff8a64b193b518958b29fcae206730f48f9c1d622d23b8185028a832841345e5/",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    }
  ],
  "OutputDataConfig": {
    "S3OutputPath": "s3://my-bucket/iris"
  },
  "ResourceConfig": {
    "InstanceType": "ml.c5.xlarge",
    "InstanceCount": 1,
    "VolumeSizeInGB": 30
  },
  "StoppingCondition": {
    "MaxRuntimeInSeconds": 600
  },
  "HyperParameters": {
    "epochs": "40",
    "batch-size": "16",
    "learning-rate": "0.01",
    "hidden-units": "16",
    "sagemaker_submit_directory": "\"s3://my-bucket/sagespec/code/e163d050f2c8f7c15bbe1b317de73c0762e9eb96a3d8fa628d1fa37488bd7672/sourcedir.tar.gz\"",
    "sagemaker_program": "\"train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"iris-031ea4943d\"",
    "sagemaker_region": "\"us-west-2\""
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/iris/iris.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "iris"
    },
    {
      "Key": "sagespec:digest",
      "Value": "031ea4943df6be0fb80a2bb3432ec8ab84d7803d6b740c23aec13b28fd4bb504"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
