#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "spot-6b62547589",
  "AlgorithmSpecification": {
    "TrainingImage": "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.21.0-cpu-py312",
    "TrainingInputMode": "File",
    "EnableSageMakerMetricsTimeSeries": true
  },
  "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
  "InputDataConfig": [
    {
      "ChannelName": "train",
      "DataSource": {
        "S3DataSource": {
          "S3DataType": "S3Prefix",
          "S3Uri": "s3://my-bucket/sagespec/data/2ced248241060b36afe9727b55d6059816119ade65e1df4e9af54dc00a9de486/",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    }
  ],
  "OutputDataConfig": {
    "S3OutputPath": "s3://my-bucket/spot"
  },
  "ResourceConfig": {
    "InstanceType": "ml.c5.xlarge",
    "InstanceCount": 1,
    "VolumeSizeInGB": 30
  },
  "StoppingCondition": {
    "MaxRuntimeInSeconds": 3600,
    "MaxWaitTimeInSeconds": 7200
  },
  "HyperParameters": {
    "epochs": "40",
    "batch-size": "32",
    "learning-rate": "0.003",
    "sagemaker_submit_directory": "\"s3://my-bucket/sagespec/code/8469ced3129a87d6e75bcf5f69a1cf6bca9545e3262b8f55a32e5afdf2e68fc4/sourcedir.tar.gz\"",
    "sagemaker_program": "\"train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"spot-6b62547589\"",
    "sagemaker_region": "\"us-west-2\""
  },
  "EnableManagedSpotTraining": true,
  "CheckpointConfig": {
    "S3Uri": "s3://my-bucket/checkpoints/spot"
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/spot/spot.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "spot"
    },
    {
      "Key": "sagespec:digest",
      "Value": "6b625475890be82be98c0715fcfa3a1cfc95869f16d0c2f04db589048bde9255"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
