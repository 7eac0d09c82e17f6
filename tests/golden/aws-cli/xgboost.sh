#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "xgboost-92476fdac5",
  "AlgorithmSpecification": {
    "TrainingImage": "246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:3.2-0",
    "TrainingInputMode": "File",
    "MetricDefinitions": [
      {
        "Name": "train:rmse",
        "Regex": "train-rmse:([0-9.]+)"
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
    "S3OutputPath": "s3://my-bucket/xgboost"
  },
  "ResourceConfig": {
    "InstanceType": "ml.m5.2xlarge",
    "InstanceCount": 1,
    "VolumeSizeInGB": 30
  },
  "StoppingCondition": {
    "MaxRuntimeInSeconds": 3600
  },
  "HyperParameters": {
    "max-depth": "5",
    "eta": "0.2",
    "rounds": "100",
    "sagemaker_submit_directory": "\"s3://my-bucket/sagespec/code/2e62d936978110f7474adc3d441bc53dc1e10d39e3caa34b496268ee20446ae8/sourcedir.tar.gz\"",
    "sagemaker_program": "\"train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"xgboost-92476fdac5\"",
    "sagemaker_region": "\"us-west-2\""
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/xgboost/xgboost.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "xgboost"
    },
    {
      "Key": "sagespec:digest",
      "Value": "92476fdac543cd23d7a93f870a3b24e4e95d424d2870c83b0ab06cb2e5f819b7"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
