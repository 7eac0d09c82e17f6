#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "pytorch-0336ba96f2",
  "AlgorithmSpecification": {
    "TrainingImage": "763104351884.dkr.ecr.us-west-2.amazonaws.com/pytorch-training:2.10.0-gpu-py313",
    "TrainingInputMode": "File",
    "MetricDefinitions": [
      {
        "Name": "train:loss",
        "Regex": "loss=([0-9.]+)"
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
          "S3Uri": "s3://my-bucket/planes",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    }
  ],
  "OutputDataConfig": {
    "S3OutputPath": "s3://my-bucket/pytorch"
  },
  "ResourceConfig": {
    "InstanceType": "ml.g5.12xlarge",
    "InstanceCount": 2,
    "VolumeSizeInGB": 30
  },
  "StoppingCondition": {
    "MaxRuntimeInSeconds": 3600
  },
  "HyperParameters": {
    "epochs": "20",
    "batch-size": "64",
    "learning-rate": "0.1",
    "sagemaker_torch_distributed_enabled": "true",
    "sagemaker_instance_type": "\"ml.g5.12xlarge\"",
    "sagemaker_submit_directory": "\"s3://my-bucket/sagespec/code/bcc520f509a735aa1396e3ddadfab7a32235e51ae927890e9027cf9e2b03cba2/sourcedir.tar.gz\"",
    "sagemaker_program": "\"train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"pytorch-0336ba96f2\"",
    "sagemaker_region": "\"us-west-2\""
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/pytorch/pytorch.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "pytorch"
    },
    {
      "Key": "sagespec:digest",
      "Value": "0336ba96f28f90f7c745817fb07eb331dde2bdf34220fbf363b97eb301bb56a4"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
