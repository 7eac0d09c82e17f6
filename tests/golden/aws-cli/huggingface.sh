#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "huggingface-544e9b4623",
  "AlgorithmSpecification": {
    "TrainingImage": "763104351884.dkr.ecr.us-west-2.amazonaws.com/huggingface-pytorch-training:2.8.0-transformers4.56.2-gpu-py312-cu129-ubuntu22.04",
    "TrainingInputMode": "File",
    "MetricDefinitions": [
      {
        "Name": "train:loss",
        "Regex": "'loss': ([0-9.]+)"
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
          "S3Uri": "s3://my-bucket/reviews",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    }
  ],
  "OutputDataConfig": {
    "S3OutputPath": "s3://my-bucket/huggingface"
  },
  "ResourceConfig": {
    "InstanceType": "ml.g5.2xlarge",
    "InstanceCount": 1,
    "VolumeSizeInGB": 30
  },
  "StoppingCondition": {
    "MaxRuntimeInSeconds": 7200
  },
  "HyperParameters": {
    "model-name": "\"distilbert-base-uncased\"",
    "epochs": "3",
    "batch-size": "16",
    "learning-rate": "5e-05",
    "sagemaker_submit_directory": "\"s3://my-bucket/sagespec/code/8ecafccfb329b856eadee2cbb849b35a05950c42e5f7fe520abcf58a8c627335/sourcedir.tar.gz\"",
    "sagemaker_program": "\"train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"huggingface-544e9b4623\"",
    "sagemaker_region": "\"us-west-2\""
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/huggingface/huggingface.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "huggingface"
    },
    {
      "Key": "sagespec:digest",
      "Value": "544e9b462368a65eb2a3358e49aa44e182821ac7d53bde95c9883bd5f902736c"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
