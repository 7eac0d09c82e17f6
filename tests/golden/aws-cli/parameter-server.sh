#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "parameter-server-c828527e53",
  "AlgorithmSpecification": {
    "TrainingImage": "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:1.15.5-cpu-py37",
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
          "S3Uri": "s3://my-bucket/my-training-data",
          "S3DataDistributionType": "ShardedByS3Key"
        }
      }
    },
    {
      "ChannelName": "eval",
      "DataSource": {
        "S3DataSource": {
          "S3DataType": "S3Prefix",
          "S3Uri": "s3://my-bucket/my-evaluation-data",
          "S3DataDistributionType": "FullyReplicated"
        }
      }
    }
  ],
  "OutputDataConfig": {
    "S3OutputPath": "s3://sagemaker-us-west-2-123456789012/"
  },
  "ResourceConfig": {
    "InstanceType": "ml.c5.xlarge",
    "InstanceCount": 2,
    "VolumeSizeInGB": 30
  },
  "StoppingCondition": {
    "MaxRuntimeInSeconds": 86400
  },
  "HyperParameters": {
    "max-steps": "1000",
    "batch-size": "100",
    "learning-rate": "0.1",
    "sagemaker_parameter_server_enabled": "true",
    "sagemaker_submit_directory": "\"s3://sagemaker-us-west-2-123456789012/sagespec/code/c2648f6154fb5d538dd7e0c3be799537310cf877d0aaf055528f56704313493a/sourcedir.tar.gz\"",
    "sagemaker_program": "\"train.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"parameter-server-c828527e53\"",
    "sagemaker_region": "\"us-west-2\"",
    "model_dir": "\"s3://my-bucket/parameter-server/model\""
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/parameter-server/parameter-server.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "parameter-server"
    },
    {
      "Key": "sagespec:digest",
      "Value": "c828527e538797e521ab6ee370b2f6ad2d4928ba53cb3f2cf4a168422e9b4230"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
