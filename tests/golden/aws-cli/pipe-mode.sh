#!/bin/sh
set -eu
aws sagemaker create-training-job --region us-west-2 --cli-input-json file:///dev/stdin <<'END_OF_REQUEST'
{
  "TrainingJobName": "pipe-mode-40a0b0de5b",
  "AlgorithmSpecification": {
    "TrainingImage": "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow:1.10.0-gpu-py2",
    "TrainingInputMode": "Pipe"
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
      },
      "CompressionType": "Gzip"
    },
    {
      "ChannelName": "evaluation",
      "DataSource": {
        "S3DataSource": {
          "S3DataType": "S3Prefix",
          "S3Uri": "s3://bucket/path/to/evaluation/data",
          "S3DataDistributionType": "FullyReplicated"
        }
      },
      "CompressionType": "Gzip"
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
    "sagemaker_submit_directory": "\"s3://sagemaker-us-west-2-123456789012/sagespec/code/3f3787616dfad75a1131cf7fb86e09cac5f5e109d76bd6d4388d6c1bcca84b49/sourcedir.tar.gz\"",
    "sagemaker_program": "\"tf-train-with-pipemodedataset.py\"",
    "sagemaker_container_log_level": "20",
    "sagemaker_job_name": "\"pipe-mode-40a0b0de5b\"",
    "sagemaker_region": "\"us-west-2\"",
    "checkpoint_path": "\"s3://sagemaker-us-west-2-123456789012/pipe-mode-40a0b0de5b/checkpoints\"",
    "training_steps": "10000",
    "evaluation_steps": "100",
    "sagemaker_requirements": "\"\"",
    "sagemaker_enable_cloudwatch_metrics": "false"
  },
  "Tags": [
    {
      "Key": "sagespec:manifest",
      "Value": "specs/pipe-mode/pipe-mode.yaml"
    },
    {
      "Key": "sagespec:project",
      "Value": "examples"
    },
    {
      "Key": "sagespec:name",
      "Value": "pipe-mode"
    },
    {
      "Key": "sagespec:digest",
      "Value": "40a0b0de5bfb336a2e4532c6c1e5b2e0689f5be5f32b040d538c66c648f1b453"
    },
    {
      "Key": "sagespec:attempt",
      "Value": "1"
    }
  ]
}
END_OF_REQUEST
