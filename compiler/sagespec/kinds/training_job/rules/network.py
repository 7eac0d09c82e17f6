"""Where the job stands in a network, and what it may reach."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import NULL
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, TOOLKIT, WARNING, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.training_job.context import JobContext


@rule(
    ERROR,
    on=field("training_repository_access_mode"),
    source=GUIDE + "docker-containers-adapt-your-own-private-registry.html",
)
def private_registry_without_vpc(mode: Written, context: JobContext) -> Finding | None:
    """A private registry is reached through your VPC.

    Bad:
        training_repository_access_mode: Vpc
        image_uri: registry.example.com/train:1

    Good:
        training_repository_access_mode: Vpc
        image_uri: registry.example.com/train:1
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """
    if mode.value == "Vpc" and not context.job.given("subnets", "security_group_ids") and not context.local:
        return Finding(
            mode.path,
            "the image is pulled through a VPC, but the job has no subnets and security groups",
            "add subnets: [subnet-…] and security_group_ids: [sg-…]",
        )
    return None


credentials_without_private_registry = refusal(
    "credentials-without-private-registry",
    ERROR,
    *(
        Row(
            ("training_repository_credentials_provider_arn",),
            "credentials are used only with training_repository_access_mode: Vpc",
            "add training_repository_access_mode: Vpc, or leave the credentials out",
            when={"training_repository_access_mode": mode},
        )
        for mode in ({"const": "Platform"}, NULL)
    ),
    source=API + "TrainingRepositoryAuthConfig.html",
    page="""
    Credentials of a registry are used only when the image is pulled through a VPC.

    Otherwise they would be ignored silently.

    Bad:
        training_repository_credentials_provider_arn: arn:aws:lambda:us-west-2:123456789012:function:registry

    Good:
        training_repository_access_mode: Vpc
        training_repository_credentials_provider_arn: arn:aws:lambda:us-west-2:123456789012:function:registry
        image_uri: registry.example.com/train:1
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """,
)


@rule(WARNING, on=field("encrypt_inter_container_traffic"), source=GUIDE + "train-encrypt.html")
def encryption_on_one_instance(encrypt: Written, context: JobContext) -> Finding | None:
    """One instance has nobody to talk to, so there is nothing to encrypt.

    Bad:
        encrypt_inter_container_traffic: true

    Good:
        encrypt_inter_container_traffic: true
        instance_count: 2
    """
    if encrypt.value and context.job.instances() == 1:
        return Finding(
            encrypt.path,
            "traffic between instances is encrypted, but there is one instance",
            "leave it out",
            at_key=True,
        )
    return None


_S3_UTILS = (
    "https://github.com/aws/sagemaker-tensorflow-training-toolkit (s3_utils.py of every release, 20.5.0 included: "
    "_s3_region calls get_bucket_location)"
)


@rule(WARNING, on=field("enable_network_isolation"), source=_S3_UTILS)
def model_dir_without_network(isolation: Written, context: JobContext) -> Finding | None:
    """A container without network cannot reach a model directory in S3.

    In script mode `model_dir` is in S3 unless the manifest says otherwise, and TensorFlow's container asks S3 where
    that bucket is before the script starts. Where the script uses the folder, it is an error of its own:
    model-dir-used-without-network.

    Bad:
        enable_network_isolation: true

    Good:
        enable_network_isolation: true
        model_dir: /opt/ml/model
    """
    if context.uses_model_dir or not isolation.value or not context.model_dir_in_s3:
        return None
    return _unreachable_model_dir(isolation, context)


@rule(ERROR, on=field("enable_network_isolation"), source=_S3_UTILS)
def model_dir_used_without_network(isolation: Written, context: JobContext) -> Finding | None:
    """A script cannot use a model directory in S3 from a container without network.

    TensorFlow's container asks S3 where the bucket is before the script starts, and stops.

    Bad:
        enable_network_isolation: true

    Good:
        enable_network_isolation: true
        model_dir: /opt/ml/model

    Script:
        import argparse
        import os
        if __name__ == "__main__":
            parser = argparse.ArgumentParser()
            parser.add_argument("--model_dir")
            args = parser.parse_args()
            print("the model goes to", args.model_dir, "not to", os.environ["SM_MODEL_DIR"])
    """
    if not context.uses_model_dir or not isolation.value or not context.model_dir_in_s3:
        return None
    return _unreachable_model_dir(isolation, context)


def _unreachable_model_dir(isolation: Written, context: JobContext) -> Finding:
    given = context.job.model_dir
    if given is None:
        return Finding(
            isolation.path,
            "the container has no network, but --model_dir will be in S3, and it looks there before the script starts",
            "add model_dir: /opt/ml/model, or model_dir: false if the script does not use it",
        )
    return Finding(
        ("model_dir",),
        f"the container has no network, so it cannot reach {given}, and it looks there before the script starts",
        "write /opt/ml/model, which SageMaker uploads, or false",
    )


@rule(WARNING, on=field("enable_network_isolation"), source=TOOLKIT)
def packages_without_network(isolation: Written, context: JobContext) -> Finding | None:
    """A container without network cannot install packages.

    The container installs `requirements.txt` of the source archive before the script starts, and the job would fail
    there.

    Bad:
        enable_network_isolation: true
        model_dir: false
        dependencies: [requirements.txt]

    Good:
        enable_network_isolation: true
        model_dir: false
    """
    job = context.job
    if not isolation.value or context.local:
        return None
    listed = any(path.rpartition("/")[2] == "requirements.txt" for path in job.dependencies)
    folder = context.code.packed_folder
    if listed or (folder is not None and context.files.is_file(folder / "requirements.txt")):
        return Finding(
            isolation.path,
            "the container has no network, so it cannot install requirements.txt",
            "put the packages into the image, or into dependencies",
            at_key=True,
        )
    return None
