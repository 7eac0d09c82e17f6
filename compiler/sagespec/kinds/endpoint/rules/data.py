"""What is kept of requests and answers, and where answers go."""

from __future__ import annotations

from collections.abc import Iterator

from sagespec.base.diagnostic import Finding
from sagespec.checking.condition import GIVEN
from sagespec.checking.row import Row
from sagespec.checking.rule import API, ERROR, GUIDE, WARNING, refusal, rule
from sagespec.checking.subject import Written, field
from sagespec.kinds.endpoint.context import EndpointContext
from sagespec.kinds.endpoint.rules.server import CONTAINER

MOST_ENVIRONMENT = 32 * 1024
"""Bytes of all names and values together. Source: API_ContainerDefinition.html, Environment."""


@rule(ERROR, on=field("env"), source=API + "ContainerDefinition.html")
def environment_too_large(env: Written, context: EndpointContext) -> Iterator[Finding]:
    """All environment variables of a container together may have 32 KB.

    Bad:
        env: {N00: &long "
          012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
          012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
          012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
          012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
          012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
          012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
          012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
          012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
          012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
          012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789",
          N01: *long, N02: *long, N03: *long, N04: *long, N05: *long, N06: *long, N07: *long, N08: *long, N09: *long,
          N10: *long, N11: *long, N12: *long, N13: *long, N14: *long, N15: *long, N16: *long, N17: *long, N18: *long,
          N19: *long, N20: *long, N21: *long, N22: *long, N23: *long, N24: *long, N25: *long, N26: *long, N27: *long,
          N28: *long, N29: *long, N30: *long, N31: *long, N32: *long, N33: *long, N34: *long, N35: *long, N36: *long}

    Good:
        env: {SAGEMAKER_GUNICORN_WORKERS: "2"}
    """
    size = sum(len(f"{name}{value}".encode()) for name, value in env.value.items())
    if size > MOST_ENVIRONMENT:
        message = f"the environment has {size:,} bytes; the most is {MOST_ENVIRONMENT:,}"
        yield Finding(env.path, message, "pack a file beside the entry point instead", at_key=True)


@rule(WARNING, on=field("env"), source=CONTAINER + " (serve.py)")
def setting_of_another_container(env: Written, context: EndpointContext) -> Iterator[Finding]:
    """TensorFlow Serving's container runs `code/inference.py`, whatever SAGEMAKER_PROGRAM says.

    Other containers take their script from these variables.

    Bad:
        env: {SAGEMAKER_PROGRAM: inference.py}

    Good:
        env: {SAGEMAKER_TFS_DEFAULT_MODEL_NAME: mnist}
    """
    if context.endpoint.server != "tensorflow-serving" or context.endpoint.image_uri is not None:
        return
    for name in ("SAGEMAKER_PROGRAM", "SAGEMAKER_SUBMIT_DIRECTORY"):
        if name in env.value:
            message = f"TensorFlow Serving's container does not read {name}"
            yield Finding((*env.path, name), message, "give entry_point and source_dir", at_key=True)


@rule(WARNING, on=field("data_capture_config"), source=API + "DataCaptureConfig.html")
def capture_of_nothing(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """Of 0 percent of the requests nothing is kept.

    Bad:
        data_capture_config: {enable_capture: true, sampling_percentage: 0, destination_s3_uri: s3://bucket/capture}

    Good:
        data_capture_config: {enable_capture: true, sampling_percentage: 20, destination_s3_uri: s3://bucket/capture}
    """
    given = config.value
    if given.enable_capture and given.sampling_percentage == 0:
        hint = "write 1 to 100, or enable_capture: false"
        yield Finding((*config.path, "sampling_percentage"), "capture is on, and keeps 0 percent", hint)


@rule(WARNING, on=field("async_inference_config"), source=API + "AsyncInferenceNotificationConfig.html")
def answer_for_missing_topic(config: Written, context: EndpointContext) -> Iterator[Finding]:
    """An answer is put into a notification only where the topic of the notification is given.

    Bad:
        async_inference_config:
          output_path: s3://bucket/answers
          failure_path: s3://bucket/failures
          notification_config:
            include_inference_response_in: [SUCCESS_NOTIFICATION_TOPIC]

    Good:
        async_inference_config:
          output_path: s3://bucket/answers
          failure_path: s3://bucket/failures
          notification_config:
            success_topic: arn:aws:sns:us-west-2:123456789012:answers
            include_inference_response_in: [SUCCESS_NOTIFICATION_TOPIC]
    """
    topics = config.value.notification_config
    if topics is None:
        return
    known = {"SUCCESS_NOTIFICATION_TOPIC": "success_topic", "ERROR_NOTIFICATION_TOPIC": "error_topic"}
    for index, name in enumerate(topics.include_inference_response_in or ()):
        if getattr(topics, known[name]) is None:
            path = (*config.path, "notification_config", "include_inference_response_in", index)
            yield Finding(
                path, f"there is no {known[name]} to put the answer into", f"add {known[name]}: arn:aws:sns:…"
            )


unpacked_serverless_model = refusal(
    "unpacked-serverless-model",
    ERROR,
    Row(
        ("model_data",),
        "a serverless endpoint takes an archive, not an unpacked model",
        "write the key of a .tar.gz archive",
        when={"serverless_inference_config": GIVEN},
        value={"type": "object", **GIVEN},
    ),
    source=GUIDE + "serverless-endpoints.html",
    page="""
    A serverless endpoint loads its model from an archive.

    Bad:
        instance_type: null
        initial_instance_count: null
        serverless_inference_config: {memory_size_in_mb: 2048}
        model_data: {s3_data_source: {s3_uri: s3://bucket/mnist/model/}}

    Good:
        instance_type: null
        initial_instance_count: null
        serverless_inference_config: {memory_size_in_mb: 2048}
        model_data: s3://bucket/mnist/model.tar.gz
    """,
)
