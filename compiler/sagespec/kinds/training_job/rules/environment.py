"""Environment variables that are not the author's to set."""

from __future__ import annotations

from sagespec.base.diagnostic import Finding
from sagespec.checking.rule import TOOLKIT, WARNING, rule
from sagespec.checking.subject import Written, item
from sagespec.kinds.training_job.context import JobContext
from sagespec.kinds.training_job.model import Mode

RESERVED = frozenset(
    [
        "SM_MODEL_DIR",
        "SM_CHANNELS",
        "SM_HPS",
        "SM_CURRENT_HOST",
        "SM_HOSTS",
        "SM_NUM_GPUS",
        "SM_NUM_NEURONS",
        "SM_NUM_CPUS",
        "SM_LOG_LEVEL",
        "SM_NETWORK_INTERFACE_NAME",
        "SM_USER_ARGS",
        "SM_INPUT_DIR",
        "SM_INPUT_CONFIG_DIR",
        "SM_OUTPUT_DATA_DIR",
        "SM_OUTPUT_DIR",
        "SM_OUTPUT_INTERMEDIATE_DIR",
        "SM_RESOURCE_CONFIG",
        "SM_INPUT_DATA_CONFIG",
        "SM_TRAINING_ENV",
        "SM_MODULE_NAME",
        "SM_MODULE_DIR",
        "SM_USER_ENTRY_POINT",
        "SM_FRAMEWORK_MODULE",
        "SM_FRAMEWORK_PARAMS",
        "SM_CURRENT_INSTANCE_TYPE",
        "SM_CURRENT_INSTANCE_GROUP",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS",
        "SM_INSTANCE_GROUPS",
        "SM_INSTANCE_GROUPS_DICT",
        "SM_IS_HETERO",
        "SM_DISTRIBUTION_INSTANCE_GROUPS",
        "SAGEMAKER_PROGRAM",
        "SAGEMAKER_SUBMIT_DIRECTORY",
        "SAGEMAKER_JOB_NAME",
        "SAGEMAKER_REGION",
        "TRAINING_JOB_NAME",
        "TRAINING_JOB_ARN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ]
)
"""Variables that SageMaker or its training toolkit sets.

Source: https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
"""
_OF_THE_PROGRAM = frozenset({"SAGEMAKER_PROGRAM", "SAGEMAKER_SUBMIT_DIRECTORY"})


@rule(WARNING, on=item("environment"), source=TOOLKIT + "/blob/master/ENVIRONMENT_VARIABLES.md")
def reserved_environment_variable(variable: Written, context: JobContext) -> Finding | None:
    """SageMaker sets this variable itself.

    What the manifest says is overwritten, or breaks what the container builds on it. One `TF_CONFIG` cannot fit
    several instances, because it says which of them this one is.

    Bad:
        environment: {SM_MODEL_DIR: /tmp/model}
        ---
        environment: {TF_CONFIG: "{}"}
        instance_count: 2

    Good:
        environment: {MODEL_FOLDER: /tmp/model}
    """
    name = variable.name
    if name in _OF_THE_PROGRAM and context.mode is Mode.IMAGE:
        return None  # this is how a container with the toolkit learns its program
    if name in RESERVED or name.startswith(("SM_CHANNEL_", "SM_HP_")):
        return Finding(
            variable.path,
            f"{name} is set by SageMaker",
            "leave it out, or call your own variable something else",
            at_key=True,
        )
    if name == "TF_CONFIG" and (instances := context.job.instances()) > 1:
        return Finding(
            variable.path,
            f"the {instances} instances would all get one TF_CONFIG, though each needs its own",
            "leave it out: distribution sets it, and a script can compute it from SM_HOSTS and SM_CURRENT_HOST",
            at_key=True,
        )
    return None
