"""Legacy mode on this machine, with the manifests that users are shown."""

import platform
import random
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from local.jobs import log, request, run
from sagespec.cli import perform
from sagespec.deploying.services import ServiceError
from sagespec.deploying.services.local import provision
from sagespec.deploying.services.local.running import legacy
from sagespec.deploying.services.local.service import LocalService

SPECS = Path(__file__).parents[1] / "specs"
IMAGE = {"TrainingImage": "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow:1.10.0-cpu-py2"}
NEEDS_PYTHON = pytest.mark.skipif(
    provision.python_of(legacy.PYTHONS) is None, reason="there is no Python here for a TensorFlow with estimators"
)


def applied(tmp_path, monkeypatch, manifest, changes):
    """Applies a manifest of specs/ here, with the data that `changes` name; its job, and what it printed."""
    shutil.copytree(SPECS, tmp_path / "specs")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "specs" / manifest
    text = path.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    code, _ = perform(["apply", "--local", "--provision", "--wait", "--yes", str(path)])
    service = LocalService(tmp_path / ".sagespec" / "local")
    [seen] = service.jobs()
    said = log(service, seen.job_name)
    assert (code, seen.status) == (0, "Completed"), (seen.failure, said[-30:])
    return service, seen, said


def rows(path, count=400):
    chance = random.Random(1)
    lines = []
    for _ in range(count):
        numbers = [chance.random() for _ in range(7)]
        lines.append(",".join(f"{number:.4f}" for number in [*numbers, sum(numbers)]))
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.slow
@NEEDS_PYTHON
def test_legacy_manifest_trains_exports_for_serving_and_resumes(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    for name in ("train.csv", "eval.csv"):
        rows(data / name)
    changes = {"s3://bucket/path/to/training/data": str(data), "training_steps: 10000": "training_steps: 60"}
    changes["evaluation_steps: 100"] = "evaluation_steps: null\ncheckpoint_path: s3://bucket/checkpoints"
    service, seen, said = applied(tmp_path, monkeypatch, "legacy/legacy.yaml", changes)
    assert any("stands in for 1.10.0" in line for line in said)
    with tarfile.open(service.artifact(seen.job_name)) as model:
        names = model.getnames()
    assert [name for name in names if name.startswith("export/Servo/") and name.endswith("saved_model.pb")]
    assert "checkpoint" in names
    path = tmp_path / "specs" / "legacy" / "legacy.yaml"
    path.write_text(path.read_text().replace("training_steps: 60", "training_steps: 80"))
    assert perform(["apply", "--local", "--provision", "--wait", "--yes", str(path)])[0] == 0
    newest = service.jobs()[-1]
    assert any(
        "Restoring parameters from" in line and "model.ckpt-60" in line for line in log(service, newest.job_name)
    )


RECORDS = """
import gzip, sys
import numpy
import tensorflow as tf
chance = numpy.random.RandomState(1)
for folder in sys.argv[1:]:
    path = folder + "/plain"
    with tf.io.TFRecordWriter(path) as out:
        for _ in range(300):
            values = chance.normal(size=16)
            data = tf.train.Feature(bytes_list=tf.train.BytesList(value=[values.tobytes()]))
            label = tf.train.Feature(int64_list=tf.train.Int64List(value=[int(values.sum() > 0)]))
            features = tf.train.Features(feature={"data": data, "labels": label})
            out.write(tf.train.Example(features=features).SerializeToString())
    with open(path, "rb") as plain, gzip.open(folder + "/records.gz", "wb") as packed:
        packed.write(plain.read())
"""


@pytest.mark.slow
@NEEDS_PYTHON
def test_pipe_mode_manifest_trains_on_streamed_records(tmp_path, monkeypatch):
    changes = {"training_steps: 10000": "training_steps: 40", "evaluation_steps: 100": "evaluation_steps: 3"}
    folders = {name: tmp_path / "data" / name for name in ("training", "evaluation")}
    for name, folder in folders.items():
        folder.mkdir(parents=True)
        changes[f"s3_data: s3://bucket/path/to/{name}/data"] = f"path: {folder}"
    wanted = provision.Wanted(provision.package_name(), legacy.TENSORFLOW, "TensorFlow")
    python = provision.provide(wanted, lambda _: None, python=provision.python_of(legacy.PYTHONS)).python
    subprocess.run([python, "-c", RECORDS, *folders.values()], check=True, capture_output=True)
    for folder in folders.values():
        (folder / "plain").unlink()
    _, _, said = applied(tmp_path, monkeypatch, "pipe-mode/pipe-mode.yaml", changes)
    assert any("Loss for final step" in line for line in said)


def test_legacy_mode_without_provision_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(ServiceError, match="legacy mode needs a TensorFlow with estimators") as refused:
        LocalService(tmp_path / "local").create(request("pass", algorithm=IMAGE), 1)
    assert refused.value.hint == "add --provision"


def test_legacy_mode_without_a_python_for_it_is_refused_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(provision, "python_of", lambda versions: None)
    with pytest.raises(ServiceError, match=r"TensorFlow 2\.15 here, which has no wheel for this Python"):
        LocalService(tmp_path / "local", provision=True).create(request("pass", algorithm=IMAGE), 1)


@NEEDS_PYTHON
def test_script_that_only_python_2_reads_is_told_before_it_runs(tmp_path, monkeypatch):
    made = provision.ProvisionedEnvironment(Path(sys.executable), "2.15.1")
    cache = tmp_path / "cache" / "envs"
    monkeypatch.setenv("SAGESPEC_CACHE", str(tmp_path / "cache"))
    python = provision.python_of(legacy.PYTHONS)
    tag = f"py{provision.version_of_python(python).replace('.', '')}"
    folder = cache / f"{provision.package_name()}-2.15-{tag}-{sys.platform}-{platform.machine()}"
    folder.mkdir(parents=True)
    (folder / "sagespec.json").write_text('{"version": "2.15.1", "warning": ""}')
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(made.python)
    seen = run(LocalService(tmp_path / "local", provision=True), request("print 'old'", algorithm=IMAGE))
    assert seen.failure.startswith("ClientError: Python 3, which runs it here, cannot read train.py: SyntaxError")
