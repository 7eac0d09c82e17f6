"""Where the job stands in a network, and what it may reach."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import API, ERROR, GUIDE, TOOLKIT, WARNING
from sagespec.kinds.training_job.rules.adapter import Case, rule

PREFIXES = {"subnets": "subnet-", "security_group_ids": "sg-"}


@rule(ERROR, source=API + "VpcConfig.html", given="subnets security_group_ids")
def half_a_vpc(case: Case) -> Iterator[Finding]:
    """Subnets and security groups belong together.

    SageMaker takes both or neither.

    Bad:
        subnets: [subnet-0a1b2c3d]

    Good:
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """
    given = case.job.given(*PREFIXES)
    if len(given) == 1:
        [missing] = PREFIXES.keys() - given
        yield Finding(
            (given[0],), f"{given[0]} without {missing}", f"add {missing}: [{PREFIXES[missing]}…]", at_key=True
        )


@rule(ERROR, source=API + "VpcConfig.html", given="subnets security_group_ids")
def swapped_network_ids(case: Case) -> Iterator[Finding]:
    """A security group stands among the subnets, or the other way round.

    Bad:
        subnets: [sg-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]

    Good:
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """
    for name, other in zip(PREFIXES, reversed(PREFIXES), strict=True):
        for index, value in enumerate(getattr(case.job, name) or []):
            if value.startswith(PREFIXES[other]):
                yield Finding((name, index), f"'{value}' belongs under {other}", f"{name} begin with {PREFIXES[name]}")


@rule(WARNING, source=API + "VpcConfig.html", given="subnets security_group_ids")
def repeated_network_id(case: Case) -> Iterator[Finding]:
    """A subnet or security group is listed twice.

    Bad:
        subnets: [subnet-0a1b2c3d, subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]

    Good:
        subnets: [subnet-0a1b2c3d, subnet-4e5f6a7b]
        security_group_ids: [sg-0a1b2c3d]
    """
    for name in PREFIXES:
        values = getattr(case.job, name) or []
        for index, value in enumerate(values):
            if value in values[:index]:
                yield Finding((name, index), f"'{value}' is listed twice", "leave the second one out")


@rule(
    ERROR,
    source=GUIDE + "docker-containers-adapt-your-own-private-registry.html",
    given="training_repository_access_mode",
)
def private_registry_without_vpc(case: Case) -> Iterator[Finding]:
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
    job = case.job
    if job.training_repository_access_mode == "Vpc" and not job.given(*PREFIXES) and not case.local:
        yield Finding(
            ("training_repository_access_mode",),
            "the image is to be pulled through a VPC, but the job is in none",
            "add subnets: [subnet-…] and security_group_ids: [sg-…]",
        )


@rule(ERROR, source=API + "TrainingRepositoryAuthConfig.html", given="training_repository_credentials_provider_arn")
def credentials_without_private_registry(case: Case) -> Iterator[Finding]:
    """Credentials of a registry are used only when the image is pulled through a VPC.

    Otherwise they would be dropped without a word.

    Bad:
        training_repository_credentials_provider_arn: arn:aws:lambda:us-west-2:123456789012:function:registry

    Good:
        training_repository_access_mode: Vpc
        training_repository_credentials_provider_arn: arn:aws:lambda:us-west-2:123456789012:function:registry
        image_uri: registry.example.com/train:1
        subnets: [subnet-0a1b2c3d]
        security_group_ids: [sg-0a1b2c3d]
    """
    job = case.job
    provider = job.training_repository_credentials_provider_arn
    if provider is not None and job.training_repository_access_mode != "Vpc":
        yield Finding(
            ("training_repository_credentials_provider_arn",),
            "credentials are used only with training_repository_access_mode: Vpc",
            "add training_repository_access_mode: Vpc, or leave the credentials out",
            at_key=True,
        )


@rule(WARNING, source=GUIDE + "train-encrypt.html", given="encrypt_inter_container_traffic")
def encryption_between_one_instance(case: Case) -> Iterator[Finding]:
    """One instance has nobody to talk to, so there is nothing to encrypt.

    Bad:
        encrypt_inter_container_traffic: true

    Good:
        encrypt_inter_container_traffic: true
        instance_count: 2
    """
    job = case.job
    if job.encrypt_inter_container_traffic and job.instances() == 1:
        yield Finding(
            ("encrypt_inter_container_traffic",),
            "traffic between instances is encrypted, but there is one instance",
            "leave it out",
            at_key=True,
        )


@rule(WARNING, source=TOOLKIT + "; sagemaker-tensorflow-training, s3_utils.py", given="enable_network_isolation")
def isolated_from_model_dir(case: Case) -> Iterator[Finding]:
    """A container without network cannot reach a model directory in S3.

    In script mode `model_dir` is in S3 unless the manifest says otherwise, and TensorFlow's container asks S3 for that
    bucket before the script starts.

    Bad:
        enable_network_isolation: true

    Good:
        enable_network_isolation: true
        model_dir: /opt/ml/model
    """
    job = case.job
    if not job.enable_network_isolation or not case.passes_model_dir or case.local:
        return
    if job.model_dir is None and "mpi" not in case.enabled:
        yield Finding(
            ("enable_network_isolation",),
            "the container has no network, but --model_dir will be in S3",
            "add model_dir: /opt/ml/model, or model_dir: false if the script does not use it",
        )
    elif isinstance(job.model_dir, str) and job.model_dir.startswith("s3://"):
        yield Finding(
            ("model_dir",),
            f"the container has no network, so it cannot reach {job.model_dir}",
            "write /opt/ml/model, which SageMaker uploads, or false",
        )


@rule(WARNING, source=TOOLKIT, given="enable_network_isolation")
def isolated_from_packages(case: Case) -> Iterator[Finding]:
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
    job = case.job
    if not job.enable_network_isolation or case.local:
        return
    listed = any(path.rpartition("/")[2] == "requirements.txt" for path in job.dependencies)
    folder = case.source_folder if job.source_dir is not None else None
    if listed or (folder is not None and case.disk.is_file(folder / "requirements.txt")):
        yield Finding(
            ("enable_network_isolation",),
            "the container has no network, so it cannot install requirements.txt",
            "put the packages into the image, or into dependencies",
            at_key=True,
        )
