"""Records what the SageMaker Python SDK sends for sampled manifests, or why it refuses them.

The samples' two halves come from two releases of the SDK, so run this once in each of two environments
(README.md beside this file); the half of the other release is kept as it is::

    python record.py samples.jsonl.gz

Before trusting a recorder, let it repeat recordings that somebody else made; it says where it differs::

    python record.py --replay cases.jsonl

Nothing leaves the machine: the AWS session is a stub, and what the SDK hands to CreateTrainingJob is the answer.
The program runs on Python 3.7 too, because the older SDK does not run on anything much newer.
"""

from __future__ import annotations

import argparse
import gzip
import inspect
import io
import json
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import draw
import draw_frameworks
import sagemaker

HERE = Path(__file__).resolve().parent
JOB = "JOBNAME"
"""The name that every recorded job carries."""
ACCOUNT = "123456789012"

try:
    from importlib.metadata import version
except ImportError:  # Python 3.7
    from pkg_resources import get_distribution

    SDK = get_distribution("sagemaker").version
else:
    SDK = version("sagemaker")
HALF = {"1.16.3": "v1", "2.257.7": "v2"}.get(SDK) or sys.exit(f"no half of the samples is of sagemaker {SDK}")


# The session


def session(region: str) -> Any:
    """An SDK session whose clients are stubs; its default bucket is the one that the SDK would have made."""
    boto = mock.MagicMock(region_name=region)
    boto.client.return_value.get_caller_identity.return_value = {"Account": ACCOUNT}
    made = sagemaker.Session(boto_session=boto, sagemaker_client=mock.MagicMock())
    made._default_bucket = f"sagemaker-{region}-{ACCOUNT}"
    return made


def silence() -> None:
    """No log, no network, and none of SDK 2's validation of its own configuration (a second and more for each job)."""
    logging.disable(logging.CRITICAL)
    socket.socket.connect = mock.Mock(side_effect=OSError("the recorder uses no network"))
    if HALF == "v2":
        for module in ("sagemaker.config.config", "sagemaker.session", "sagemaker.utils"):
            mock.patch(module + ".validate_sagemaker_config").start()
        mock.patch("sagemaker.telemetry.telemetry_logging._send_telemetry_request").start()
    else:
        sys.modules["sagemaker.tensorflow.predictor"] = mock.MagicMock()  # needs TensorFlow, and is not about training


# From a manifest to the SDK's arguments

FITTED = ("channels", "region", "experiment_config", "apiVersion", "kind", "name", "framework")
"""Fields that are not arguments of the estimator."""


def camel(name: str) -> str:
    words = {"s3": "S3", "gb": "GB"}
    return "".join(words.get(word, word.capitalize()) for word in name.split("_"))


def api(value: Any) -> Any:
    """The nested objects that both take in the API's own names."""
    if isinstance(value, dict):
        return {camel(key): api(item) for key, item in value.items()}
    return [api(item) for item in value] if isinstance(value, list) else value


def tags(value: dict) -> list:
    return [{"Key": key, "Value": text} for key, text in value.items()]


def metrics(value: list) -> list:
    return [{"Name": one["name"], "Regex": one["regex"]} for one in value]


def single(channels: Any) -> bool:
    return isinstance(channels, dict) and any(
        isinstance(channels.get(key), str) for key in ("s3_data", "file_system_id")
    )


def inputs(channels: Any) -> Any:
    if channels is None or isinstance(channels, str):
        return channels
    return channel(channels) if single(channels) else {name: channel(one) for name, one in channels.items()}


def the_only_python_3(manifest: dict) -> str | None:
    """What a manifest means that names no Python: the version's one Python 3, where it has one."""
    table = draw_frameworks.Table(manifest["framework"], images_of(manifest))
    version = manifest.get("framework_version") or manifest.get("transformers_version")
    bases = [name + manifest[name + "_version"] for name in ("pytorch", "tensorflow") if name + "_version" in manifest]
    try:
        pythons = [python for python in table.pythons(version, *bases) if python != "py2"]
    except (KeyError, TypeError):
        return None
    return pythons[0] if len(pythons) == 1 else None


def images_of(manifest: dict) -> str | None:
    """The SDK's table that a manifest's image stands in, where it is not the framework's own."""
    strategies = manifest.get("distribution", {})
    parallel = strategies.get("smdistributed", {}).get("modelparallel")
    use = "compiler" if "compiler_config" in manifest else None
    use = "neuron" if manifest.get("instance_type", "").startswith("ml.trn") else use
    use = "smp" if "torch_distributed" in strategies and parallel and parallel.get("enabled", True) else use
    return draw_frameworks.TABLES.get(use, {}).get(manifest["framework"])


# SDK 1.16.3


RENAMED_1 = {
    "image_uri": "image_name",
    "instance_type": "train_instance_type",
    "instance_count": "train_instance_count",
    "volume_size": "train_volume_size",
    "volume_kms_key": "train_volume_kms_key",
    "max_run": "train_max_run",
    "distribution": "distributions",
}
LEGACY = ("training_steps", "evaluation_steps", "checkpoint_path", "requirements_file")


def channel_1(value: Any) -> Any:
    if isinstance(value, str):
        return value
    given = dict(value)
    if "shuffle_config" in given:
        given["shuffle_config"] = sagemaker.session.ShuffleConfig(given["shuffle_config"]["seed"])
    return sagemaker.session.s3_input(**given)


def in_script_mode(manifest: dict) -> bool:
    """What a manifest means that does not say so: script mode, unless its version or a legacy field is against it."""
    both = manifest["framework_version"].startswith(("1.11", "1.12"))
    return both and not any(field in manifest for field in LEGACY)


def send_1(manifest: dict) -> Any:
    from sagemaker.tensorflow import TensorFlow

    convert = {"tags": tags, "metric_definitions": metrics}
    arguments = {"script_mode": in_script_mode(manifest)}
    for name, value in manifest.items():
        if name not in FITTED:
            arguments[RENAMED_1.get(name, name)] = convert.get(name, lambda same: same)(value)
    used = session(manifest["region"])
    estimator = TensorFlow(sagemaker_session=used, **arguments)
    estimator.fit(inputs(manifest.get("channels")), wait=False, job_name=JOB)
    return used.sagemaker_client.create_training_job.call_args[1]


# SDK 2.257.7


def channel_2(value: Any) -> Any:
    from sagemaker.inputs import FileSystemInput, ShuffleConfig, TrainingInput

    if isinstance(value, str):
        return value
    given = dict(value)
    if "file_system_id" in given:
        return FileSystemInput(**given)
    if "shuffle_config" in given:
        given["shuffle_config"] = ShuffleConfig(given["shuffle_config"]["seed"])
    return TrainingInput(**given)


def compiler(value: dict, framework: str) -> Any:
    module = framework if framework in ("pytorch", "huggingface") else "tensorflow"
    return import_module("sagemaker." + module).TrainingCompilerConfig(**value)


def hook(value: Any) -> Any:
    from sagemaker.debugger import CollectionConfig, DebuggerHookConfig

    if value is False:
        return value
    given = dict(value)
    collections = [
        CollectionConfig(one["collection_name"], one.get("collection_parameters"))
        for one in given.pop("collection_configurations", [])
    ]
    return DebuggerHookConfig(
        container_local_output_path=given.pop("local_path", None), collection_configs=collections, **given
    )


def profiler(value: dict) -> Any:
    from sagemaker.debugger import FrameworkProfile, ProfilerConfig

    given = dict(value)
    profile = None
    if "profiling_parameters" in given:
        # The SDK makes this dictionary from objects of its own; a manifest gives it as the API takes it.
        profile = FrameworkProfile.__new__(FrameworkProfile)
        profile.profiling_parameters = given.pop("profiling_parameters")
    return ProfilerConfig(
        system_monitor_interval_millis=given.pop("profiling_interval_in_milliseconds", None),
        framework_profile_params=profile,
        **given,
    )


def rule(kind: Any, value: dict) -> Any:
    given = {
        "name": value["rule_configuration_name"],
        "image_uri": value["rule_evaluator_image"],
        "container_local_output_path": value.get("local_path"),
        "rule_parameters": value.get("rule_parameters", {}),
    }
    for name in ("instance_type", "s3_output_path", "volume_size_in_gb"):
        given[name] = value.get(name)
    return kind(**given)


def rules(manifest: dict) -> list | None:
    from sagemaker.debugger import ProfilerRule, Rule

    made = [rule(lambda **given: Rule(collections_to_save=[], **given), value) for value in manifest.get("rules") or []]
    made += [rule(ProfilerRule, value) for value in manifest.get("profiler_rules") or []]
    return made or None


def tensorboard(value: dict) -> Any:
    from sagemaker.debugger import TensorBoardOutputConfig

    return TensorBoardOutputConfig(value["s3_output_path"], value.get("local_path"))


CONVERT_2 = {
    "tags": tags,
    "metric_definitions": metrics,
    "debugger_hook_config": hook,
    "profiler_config": profiler,
    "tensorboard_output_config": tensorboard,
    "instance_placement_config": api,
}
APART_2 = ("instance_groups", "distribution", "rules", "profiler_rules", "script_mode", "compiler_config")
"""Fields that only make sense together, and the one that SDK 2 does not know, because it has only one mode."""


def clusters(manifest: dict) -> dict:
    """Instance groups and the distribution, which in the SDK share objects and in a manifest share names."""
    from sagemaker.instance_group import InstanceGroup

    made: dict = {}
    groups = {
        one["instance_group_name"]: InstanceGroup(
            *(one["instance_" + part] for part in ("group_name", "type", "count"))
        )
        for one in manifest.get("instance_groups", [])
    }
    if groups:
        made["instance_groups"] = list(groups.values())
    if "distribution" in manifest:
        distribution = dict(manifest["distribution"])
        if "instance_groups" in distribution:
            names = distribution["instance_groups"]
            distribution["instance_groups"] = [
                groups.get(name, InstanceGroup(name, "ml.m5.xlarge", 1)) for name in names
            ]
        made["distribution"] = distribution
    return made


ESTIMATORS = {
    "tensorflow": "TensorFlow",
    "pytorch": "PyTorch",
    "huggingface": "HuggingFace",
    "sklearn": "SKLearn",
    "xgboost": "XGBoost",
    "mxnet": "MXNet",
    "chainer": "Chainer",
}


def estimator_2(manifest: dict) -> Any:
    """The class of the SDK that a manifest is about."""
    if "framework" not in manifest:
        return sagemaker.estimator.Estimator
    return getattr(import_module("sagemaker." + manifest["framework"]), ESTIMATORS[manifest["framework"]])


def send_2(manifest: dict) -> Any:
    estimator = estimator_2(manifest)
    known = {name for kind in estimator.__mro__ for name in inspect.signature(kind.__init__).parameters}
    arguments = clusters(manifest)
    arguments["rules"] = rules(manifest)
    if "compiler_config" in manifest:
        arguments["compiler_config"] = compiler(manifest["compiler_config"], manifest.get("framework", "tensorflow"))
    for name, value in manifest.items():
        if name in (*FITTED, *APART_2):
            continue
        if name not in known and name != "model_dir":
            raise SystemExit("the SDK has no argument " + name)  # it would swallow it in silence
        arguments[name] = CONVERT_2.get(name, lambda same: same)(value)
    if "image_uri" not in manifest and ("framework_version" in manifest or "transformers_version" in manifest):
        only = the_only_python_3(manifest)
        arguments.update({} if only is None or "py_version" in manifest else {"py_version": only})
    if manifest.get("framework") == "huggingface":
        arguments.setdefault("py_version", None)  # it has no default
    used = session(manifest["region"])
    made = estimator(sagemaker_session=used, **arguments)
    experiment = api(manifest["experiment_config"]) if "experiment_config" in manifest else None
    made.fit(inputs(manifest.get("channels")), wait=False, job_name=JOB, experiment_config=experiment)
    return used.sagemaker_client.create_training_job.call_args[1]


SEND, channel = {"v1": (send_1, channel_1), "v2": (send_2, channel_2)}[HALF]


# Recording


@contextmanager
def workplace() -> Iterator[None]:
    """A folder as the manifests expect it around them: code/, libs/, and the entry point once more beside them."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("code", "libs"):
            shutil.copytree(str(HERE / name), str(Path(folder, name)))
        shutil.copy(str(HERE / "code" / "train.py"), folder)
        os.chdir(folder)
        yield
        os.chdir(str(HERE))


def answer(manifest: dict, send: Callable[[dict], Any] = SEND) -> dict:
    """The request that the SDK makes of `manifest`, or the first 300 characters of its error."""
    copy = json.loads(json.dumps(manifest))  # the SDK changes what it is given
    try:
        return {"request": json.loads(json.dumps(send(copy)))}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def record(frameworks: bool, known: dict) -> Iterator[dict]:
    """The samples with their answers; a manifest that is `known` is not asked about again."""
    for name, manifest in draw_frameworks.samples() if frameworks else draw.samples(HALF):
        answered = known.get(json.dumps(manifest)) or answer(manifest)
        yield {"id": name, "sdk": HALF, "manifest": manifest, **answered}


def answered(samples: list) -> dict:
    """Manifest → what the SDK said of it."""
    of_half = [one for one in samples if one["sdk"] == HALF]
    return {
        json.dumps(one["manifest"]): {key: one[key] for key in ("request", "error") if key in one} for one in of_half
    }


def read(path: Path) -> list:
    packed = path.read_bytes()
    text = gzip.decompress(packed) if path.suffix == ".gz" else packed
    return [json.loads(line) for line in text.decode().splitlines()]


def write(path: Path, samples: list) -> None:
    """The same bytes for the same samples; channels keep the order that they were sent in."""
    text = "".join(json.dumps(one) + "\n" for one in samples)
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=0) as file:
        file.write(text.encode())
    path.write_bytes(packed.getvalue())


def comparable(recorded: dict) -> dict:
    """An answer without what differs from run to run: the order of maps that became lists or text."""
    request = recorded.get("request")
    if request is None:
        return {"error": recorded["error"]}
    parameters = {key: json.loads(text) for key, text in request.get("HyperParameters", {}).items()}
    return dict(request, HyperParameters=parameters, Tags=sorted(request.get("Tags", []), key=lambda tag: tag["Key"]))


def replay(path: Path) -> None:
    """Says where our answers differ from recorded ones."""
    agreed = {"request": 0, "error": 0}
    cases = [case for case in read(path) if case["sdk"] == HALF]
    for case in cases:
        ours = answer(case["manifest"])
        if comparable(case) == comparable(ours):
            agreed["error" if "error" in case else "request"] += 1
        else:
            print(case["id"], json.dumps(comparable(case)), json.dumps(comparable(ours)), sep="\n    ")
    print(f"sagemaker {SDK}: {sum(agreed.values())} of {len(cases)} agree: {agreed}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Record what the SageMaker Python SDK sends for sampled manifests.")
    parser.add_argument("file", type=Path, help="where the samples lie (.jsonl.gz), or the cases to repeat")
    parser.add_argument("--frameworks", action="store_true", help="the samples of the other frameworks (SDK 2 only)")
    parser.add_argument("--anew", action="store_true", help="ask about manifests that are recorded already too")
    parser.add_argument("--replay", action="store_true", help="repeat recorded cases and say where the answers differ")
    chosen = parser.parse_args()
    file = chosen.file.resolve()
    silence()
    with workplace():
        if chosen.replay:
            replay(file)
            return
        before = read(file) if file.exists() else []
        kept = [one for one in before if one["sdk"] != HALF]
        known = {} if chosen.anew else answered(before)
        write(file, sorted([*kept, *record(chosen.frameworks, known)], key=lambda one: one["sdk"]))


if __name__ == "__main__":
    main()
