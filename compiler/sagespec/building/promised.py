"""What a training job will have left behind, as its request alone shows."""

from __future__ import annotations

from sagespec.building.draft import Trained
from sagespec.building.request import Request


def promised_by(request: Request) -> Trained:
    """What DescribeTrainingJob will show of the first attempt of a request, once that has completed: what was asked
    for, and where the model lies then.

    Source: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
    """
    body, name = request.body(), request.job_name()
    output = body["OutputDataConfig"]
    end = "model/" if output.get("CompressionType") == "NONE" else "model.tar.gz"
    place = f"{output['S3OutputPath'].rstrip('/')}/{name}/output/{end}"
    return Trained(name, {**body, "ModelArtifacts": {"S3ModelArtifacts": place}})
