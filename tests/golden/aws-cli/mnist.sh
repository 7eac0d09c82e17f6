#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "mnist-77255f75b9",
  "AlgorithmSpecification": {
    "TrainingImage": "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.3.1-cpu-py37",
    "TrainingInputMode": "File",
    "EnableSageMakerMetricsTimeSeries": true
  },
  "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
  "InputDataConfig": [
    {
      "ChannelName": "training",
      "DataSource": {
        "S3DataSource": {
          "S3DataType": "S3Prefix",
          "S3Uri": "s3://sagemaker-us-west-2-123456789012/DEMO-mnist",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    },
    {
      "ChannelName": "testing",
      "DataSource": {
        "S3DataSource": {
          "S3DataType": "S3Prefix",
          "S3Uri": "s3://sagemaker-us-west-2-123456789012/DEMO-mnist",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    }
  ],
  "OutputDataConfig": {
    "S3OutputPath": "s3://sagemaker-us-west-2-123456789012/DEMO-tensorflow/mnist"
  },
  "ResourceConfig": {
    "InstanceType": "ml.c4.xlarge",
    "InstanceCount": 1,
    "VolumeSizeInGB": 250
  },
  "StoppingCondition": {
    "MaxRuntimeInSeconds": 86400
  },
  "HyperParameters": {
    "batch-size": "512",
    "epochs": "1",
    "learning-rate": "0.001",
    "beta_1": "0.9",
    "beta_2": "0.999",
    "sagemaker_submit_directory": "\"s3://sagemaker-us-west-2-123456789012/sagespec/code/bdc618a65d55523e7002431609595573243c2f38caffef96c2179ffcac082581/sourcedir.tar.gz\"",
    "sagemaker_program": "\"train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"mnist-77255f75b9\"",
    "sagemaker_region": "\"us-west-2\""
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/mnist/mnist.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "mnist"
    },
    {
      "Key": "sagespec:digest",
      "Value": "77255f75b9c89764f10c8731b889b4d8badc43cff58c2d5494da3c5f24db4bba"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
