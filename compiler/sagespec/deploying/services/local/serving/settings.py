"""The settings that a serving container reads from its environment, and what becomes of each on this machine.

Source: https://github.com/aws/sagemaker-tensorflow-serving-container (serve.py, tfs_utils.py, nginx.conf.template)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from sagespec.base.named import NamedTuple

BATCHING = "SAGEMAKER_TFS_ENABLE_BATCHING"
MULTI_MODEL = "SAGEMAKER_MULTI_MODEL"
BATCHES: Mapping[str, int | None] = {
    "max_batch_size": 8,
    "batch_timeout_micros": 1000,
    "num_batch_threads": None,
    "max_enqueued_batches": None,
}
"""Parameter of batching → what it is where SAGEMAKER_TFS_<parameter> does not say it; None for a CPU's number."""


class _Threads(NamedTuple):
    setting: str
    option: str
    """Of tensorflow_model_server."""
    variable: str
    """What TensorFlow itself reads.

    Source: https://github.com/tensorflow/tensorflow (common_runtime/process_util.cc)
    """


THREADS = (
    _Threads("SAGEMAKER_TFS_INTRA_OP_PARALLELISM", "tensorflow_intra_op_parallelism", "TF_NUM_INTRAOP_THREADS"),
    _Threads("SAGEMAKER_TFS_INTER_OP_PARALLELISM", "tensorflow_inter_op_parallelism", "TF_NUM_INTEROP_THREADS"),
)


def batches(settings: Mapping[str, str]) -> bool:
    """Whether several requests are to be one for the model."""
    return settings.get(BATCHING, "").lower() == "true"


def batching_config(settings: Mapping[str, str]) -> str:
    """The file that the container writes for tensorflow_model_server."""
    given = {
        name: settings.get(f"SAGEMAKER_TFS_{name.upper()}", os.cpu_count() or 1 if default is None else default)
        for name, default in BATCHES.items()
    }
    return "".join(f"{name} {{ value: {value} }}\n" for name, value in given.items())


def server_options(settings: Mapping[str, str], batching_file: Path) -> list[str]:
    """What the container adds to the command line of tensorflow_model_server.

    Args:
        batching_file: where `batching_config` is written to, if it is.
    """
    batching = ["--enable_batching=true", f"--batching_parameters_file={batching_file}"]
    threads = [f"--{one.option}={settings[one.setting]}" for one in THREADS if settings.get(one.setting)]
    return [*(batching if batches(settings) else ()), *threads]


def variables(settings: Mapping[str, str]) -> dict[str, str]:
    """What TensorFlow is configured with in the place of tensorflow_model_server's options; 0 leaves it to choose."""
    return {one.variable: settings[one.setting] for one in THREADS if settings.get(one.setting, "0").strip() != "0"}


PORTS = ("SAGEMAKER_BIND_TO_PORT", "SAGEMAKER_SAFE_PORT_RANGE")
SERVERS = ("SAGEMAKER_TFS_INSTANCE_COUNT", "SAGEMAKER_TFS_FRACTIONAL_GPU_MEM_MARGIN")
PATIENCE = (
    "SAGEMAKER_TFS_WAIT_TIME_SECONDS",
    "SAGEMAKER_GUNICORN_TIMEOUT_SECONDS",
    "SAGEMAKER_NGINX_PROXY_READ_TIMEOUT_SECONDS",
)
WORKERS = (
    "SAGEMAKER_GUNICORN_WORKERS",
    "SAGEMAKER_GUNICORN_THREADS",
    "SAGEMAKER_GUNICORN_WORKER_CLASS",
    "SAGEMAKER_GUNICORN_LOGLEVEL",
    "SAGEMAKER_TFS_NGINX_LOGLEVEL",
)
IDLE: Mapping[tuple[str, ...], str] = {
    PORTS: "it answers at a free port of this machine",
    SERVERS: "one model server answers, which shares no GPU",
    PATIENCE: "a start may take container_startup_health_check_timeout, an answer 60 s",
    WORKERS: "one Python process with a thread a request stands for nginx and gunicorn",
}
"""Settings → why they have no effect here."""
BATCH_SETTINGS = (BATCHING, *(f"SAGEMAKER_TFS_{name.upper()}" for name in BATCHES))
OF_PYTHON_SERVER: Mapping[tuple[str, ...], str] = {
    ("SAGEMAKER_MODEL_SERVER_WORKERS",): "one process answers, with a thread a request"
}


def without_effect(settings: Mapping[str, str], idle: Mapping[tuple[str, ...], str] = IDLE) -> Iterator[str]:
    """Sentences about those of the settings that change nothing here."""
    for names, why in idle.items():
        given = [name for name in names if name in settings]
        if given:
            yield f"{why}: {', '.join(given)} {'has' if len(given) == 1 else 'have'} no effect"


def without_batches(settings: Mapping[str, str]) -> Iterator[str]:
    """The same, of batching, where there is no tensorflow_model_server."""
    if batches(settings):
        yield from without_effect(settings, {BATCH_SETTINGS: "only tensorflow_model_server makes batches"})
