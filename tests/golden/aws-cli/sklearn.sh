#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "sklearn-0e43fe82f4",
  "AlgorithmSpecification": {
    "TrainingImage": "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
    "TrainingInputMode": "File",
    "MetricDefinitions": [
      {
        "Name": "train:r2",
        "Regex": "r2=([0-9.]+)"
      }
    ]
  },
  "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
  "InputDataConfig": [
    {
      "ChannelName": "train",
      "DataSource": {
        "S3DataSource": {
          "S3DataType": "S3Prefix",
          "S3Uri": "s3://my-bucket/table",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    }
  ],
  "OutputDataConfig": {
    "S3OutputPath": "s3://my-bucket/sklearn"
  },
  "ResourceConfig": {
    "InstanceType": "ml.m5.large",
    "InstanceCount": 1,
    "VolumeSizeInGB": 30
  },
  "StoppingCondition": {
    "MaxRuntimeInSeconds": 3600
  },
  "HyperParameters": {
    "n-estimators": "100",
    "max-depth": "8",
    "sagemaker_submit_directory": "\"s3://my-bucket/sagespec/code/201f48438a28c8f78253fa30efc00138ea2bedb41274ffbcf120da154e9c903b/sourcedir.tar.gz\"",
    "sagemaker_program": "\"train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"sklearn-0e43fe82f4\"",
    "sagemaker_region": "\"us-west-2\""
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/sklearn/sklearn.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "sklearn"
    },
    {
      "Key": "sagespec:digest",
      "Value": "0e43fe82f474dff33df9286d39c85b4bfbe38063d540347ddbd241018934b7aa"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
