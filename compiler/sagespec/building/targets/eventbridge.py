"""The rule of Amazon EventBridge that notifies a topic of Amazon SNS when a job has ended: a CloudFormation template.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html;
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
"""

from __future__ import annotations

from typing import Any

from sagespec.building.request import Request

TOPIC = "NotificationTopic"
ENDED = ("Completed", "Failed", "Stopped")
"""TrainingJobStatus of a job that has ended."""


def template(request: Request) -> dict[str, Any]:
    """The template. It holds for every training job of the manifest, whatever it asks for and in whichever attempt: the
    rule goes by the beginning of the job's name, so it need not change with the manifest."""
    prefix = f"{request.name}-"
    rule = {
        "Description": f"Training jobs of {request.name} that have ended",
        "EventPattern": {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Training Job State Change"],
            "detail": {
                "TrainingJobName": [{"prefix": prefix}],
                "TrainingJobStatus": list(ENDED),
            },
        },
        "Targets": [
            {
                "Id": "topic",
                "Arn": {"Ref": TOPIC},
                "InputTransformer": {
                    "InputPathsMap": {
                        "name": "$.detail.TrainingJobName",
                        "status": "$.detail.TrainingJobStatus",
                        "region": "$.region",
                    },
                    "InputTemplate": '"<name> is <status>: sagespec status <name> --region <region>"',
                },
            }
        ],
    }
    topic = {
        "Type": "String",
        "Description": "ARN of the SNS topic; its policy must let events.amazonaws.com publish (sns:Publish)",
        "AllowedPattern": "arn:aws[a-z-]*:sns:.+",
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Tells a topic when a training job of {request.name} has ended",
        "Parameters": {TOPIC: topic},
        "Resources": {"TrainingJobEnded": {"Type": "AWS::Events::Rule", "Properties": rule}},
    }
