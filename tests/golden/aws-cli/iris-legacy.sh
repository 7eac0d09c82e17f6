#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "iris-legacy-84ba2dfe49",
  "AlgorithmSpecification": {
    "TrainingImage": "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow:1.4.1-cpu-py2",
    "TrainingInputMode": "File"
  },
  "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
  "InputDataConfig": [
    {
      "ChannelName": "training",
      "DataSource": {
        "S3DataSource": {
          "S3DataType": "S3Prefix",
          "S3Uri": "s3://sagemaker-sample-data-us-west-2/tensorflow/iris",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    }
  ],
  "OutputDataConfig": {
    "S3OutputPath": "s3://my-bucket/artifacts"
  },
  "ResourceConfig": {
    "InstanceType": "ml.c4.xlarge",
    "InstanceCount": 1,
    "VolumeSizeInGB": 30
  },
  "StoppingCondition": {
    "MaxRuntimeInSeconds": 86400
  },
  "HyperParameters": {
    "sagemaker_submit_directory": "\"s3://my-bucket/customcode/tensorflow_iris/sagespec/code/895f43f7be9a9eabb0cfe49a172c301846a626caa21c2e1e3461e19d48306a8a/sourcedir.tar.gz\"",
    "sagemaker_program": "\"iris_dnn_classifier.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"iris-legacy-84ba2dfe49\"",
    "sagemaker_region": "\"us-west-2\"",
    "checkpoint_path": "\"s3://my-bucket/artifacts/iris-legacy-84ba2dfe49/checkpoints\"",
    "training_steps": "1000",
    "evaluation_steps": "100",
    "sagemaker_requirements": "\"\"",
    "sagemaker_enable_cloudwatch_metrics": "false"
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/iris-legacy/iris-legacy.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "iris-legacy"
    },
    {
      "Key": "sagespec:digest",
      "Value": "84ba2dfe4987950a29f89584ff11727c5726f6cba5efcb8fb11be69344428698"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
