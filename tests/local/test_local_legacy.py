"""Legacy mode on this machine, with the programs that the seed documents print: in the TensorFlow of their time."""

import csv
import gzip
import os
import platform
import random
import shutil
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from conftest import REPOSITORY
from local.jobs import channel, log, request, run
from sagespec.cli import perform
from sagespec.deploying.services import ServiceError
from sagespec.deploying.services.local import provision, pythons
from sagespec.deploying.services.local.running import legacy
from sagespec.deploying.services.local.service import LocalService

SPECS = REPOSITORY / "specs"
IMAGE = {"TrainingImage": "520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow:1.10.0-cpu-py2"}


def needs(*versions):
    """A condition that is a text is looked at when the test's turn comes: no Python is started to list the tests."""
    here = f"pythons.find({versions!r}) is None"
    return pytest.mark.skipif(here, reason=f"there is no Python {' or '.join(versions)} here")


NEEDS_OWN = pytest.mark.skipif(
    "legacy.own_python() is None", reason="no Python here has a wheel of TensorFlow 1.4 to 1.12"
)
NEEDS_STAND_IN = needs(*legacy.STAND_IN_PYTHONS)


@pytest.fixture
def without_own(tmp_path, monkeypatch):
    """A machine without Python 2.7, 3.5 and 3.6."""
    python = pythons.find(legacy.STAND_IN_PYTHONS)
    version = pythons.version_of(python)
    folder = tmp_path / "pyenv" / "versions" / f"{version}.0" / "bin"
    folder.mkdir(parents=True)
    (folder / f"python{version}").symlink_to(python)
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    places = os.environ["PATH"].split(os.pathsep)
    old = [f"python{version}" for version in legacy.OWN_PYTHONS]
    monkeypatch.setenv(
        "PATH", os.pathsep.join(place for place in places if not any(Path(place, name).exists() for name in old))
    )


def applied(tmp_path, monkeypatch, manifest, changes):
    """Applies a manifest of specs/ here, with what `changes` replace in it; its job, and what it printed."""
    shutil.copytree(SPECS, tmp_path / "specs", dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "specs" / manifest
    text = path.read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    code, _ = perform(["apply", "--local", "--provision", "--wait", "--yes", str(path)])
    service = LocalService(tmp_path / ".sagespec" / "local")
    seen = service.jobs()[-1]
    said = log(service, seen.job_name)
    assert (code, seen.status) == (0, "Completed"), (seen.failure, said[-30:])
    return service, seen, said


def names_in(model):
    with tarfile.open(model) as archive:
        return archive.getnames()


def is_exported(service, seen):
    names = names_in(service.artifact(seen.job_name))
    return any(name.startswith("export/Servo/") and name.endswith("saved_model.pb") for name in names)


def abalones(folder):
    """Numbers with the sum of which the age grows."""
    chance = random.Random(1)
    folder.mkdir()
    for name in ("training_dataset.csv", "evaluation_dataset.csv"):
        measured = [[chance.random() for _ in range(7)] for _ in range(400)]
        lines = [",".join([*(f"{number:.4f}" for number in row), str(round(sum(row) * 3))]) for row in measured]
        (folder / name).write_text("\n".join(lines) + "\n")


@pytest.mark.slow
@pytest.mark.parametrize(
    "said_first",
    [
        pytest.param("TensorFlow 1.10.0 itself, in Python", marks=NEEDS_OWN),
        pytest.param("TensorFlow 2.15 stands in for 1.10.0", marks=NEEDS_STAND_IN),
    ],
)
def test_printed_model_function_trains_exports_for_serving_and_resumes(said_first, tmp_path, monkeypatch, request):
    if "stands in" in said_first:
        request.getfixturevalue("without_own")
    abalones(tmp_path / "data")
    changes = {
        "s3://bucket/path/to/training/data": str(tmp_path / "data"),
        "training_steps: 10000": "training_steps: 60",
        "evaluation_steps: 100": "evaluation_steps: 10\ncheckpoint_path: s3://bucket/checkpoints",
    }
    service, seen, said = applied(tmp_path, monkeypatch, "legacy/legacy.yaml", changes)
    assert any(said_first in line for line in said), said[:10]
    assert is_exported(service, seen)
    _, _, said = applied(
        tmp_path, monkeypatch, "legacy/legacy.yaml", changes | {"training_steps: 10000": "training_steps: 80"}
    )
    assert any("Restoring parameters from" in line and "model.ckpt-60" in line for line in said)


@pytest.mark.slow
@NEEDS_OWN
def test_walk_through_with_a_ready_made_estimator_trains_in_its_tensorflow(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    species = ["setosa", "versicolor", "virginica"]
    for part, name in {"train": "iris_training.csv", "test": "iris_test.csv"}.items():
        with (SPECS / "iris" / "data" / part / "iris.csv").open() as file:
            rows = [[*row[:4], species.index(row[4])] for row in list(csv.reader(file))[1:]]
        with (tmp_path / "data" / name).open("w", newline="") as file:
            csv.writer(file).writerows([[len(rows), 4, *species], *rows])
    changes = {"s3://sagemaker-sample-data-us-west-2/tensorflow/iris": str(tmp_path / "data")}
    changes["evaluation_steps: 100"] = "evaluation_steps: 10\nhyperparameters: {min_eval_frequency: 0}"
    service, seen, said = applied(tmp_path, monkeypatch, "iris-legacy/iris-legacy.yaml", changes)
    assert any("TensorFlow 1.4.1 itself" in line for line in said)
    [accuracy] = [line for line in said if "Saving dict for global step 1000" in line]
    assert float(accuracy.partition("accuracy = ")[2].partition(",")[0]) > 0.9
    assert is_exported(service, seen)


@pytest.mark.slow
@NEEDS_OWN
def test_hosts_of_a_legacy_job_count_their_steps_together(tmp_path, monkeypatch):
    abalones(tmp_path / "data")
    changes = {
        "s3://bucket/path/to/training/data": str(tmp_path / "data"),
        "training_steps: 10000": "training_steps: 400",
        "evaluation_steps: 100": "evaluation_steps: 10",
        "instance_count: 1": "instance_count: 2",
    }
    service, seen, said = applied(tmp_path, monkeypatch, "legacy/legacy.yaml", changes)
    assert {line.partition(":")[0] for line in said if "Start Tensorflow server" in line} == {"algo-1", "algo-2"}
    assert any("Saving dict for global step 40" in line for line in said)
    assert is_exported(service, seen)


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
@NEEDS_STAND_IN
@pytest.mark.parametrize("reader", [pytest.param("AWS's own", marks=NEEDS_OWN), "ours"])
def test_pipe_mode_manifest_trains_on_streamed_records(reader, tmp_path, monkeypatch, request):
    changes = {"training_steps: 10000": "training_steps: 40", "evaluation_steps: 100": "evaluation_steps: 3"}
    folders = {name: tmp_path / "data" / name for name in ("training", "evaluation")}
    for name, folder in folders.items():
        folder.mkdir(parents=True)
        changes[f"s3_data: s3://bucket/path/to/{name}/data"] = f"path: {folder}"
    wanted = provision.of_tensorflow(legacy.STAND_IN)
    python = provision.provide(wanted, lambda _: None, of=[pythons.find(legacy.STAND_IN_PYTHONS)]).python
    subprocess.run([python, "-c", RECORDS, *folders.values()], check=True, capture_output=True)
    for folder in folders.values():
        (folder / "plain").unlink()
    if reader == "ours":
        request.getfixturevalue("without_own")
    _, _, said = applied(tmp_path, monkeypatch, "pipe-mode/pipe-mode.yaml", changes)
    assert any("Loss for final step" in line for line in said)
    assert any("a reader in Python stands in" in line for line in said) == (reader == "ours")


def digits(folder):
    """A few pictures in MNIST's form: a bright row tells the digit."""
    folder.mkdir()
    for part, count in {"train": 600, "t10k": 100}.items():
        labels = bytes(number % 10 for number in range(count))
        pictures = b"".join(bytes(255 * (place // 28 == 2 * label) for place in range(784)) for label in labels)
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb") as file:
            file.write(struct.pack(">HBB3I", 0, 8, 3, count, 28, 28) + pictures)
        with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(struct.pack(">HBBI", 0, 8, 1, count) + labels)


@pytest.mark.slow
@needs("3.7")
def test_estimator_of_2021_trains_in_its_tensorflow_and_python(tmp_path, monkeypatch):
    digits(tmp_path / "data")
    changes = {"s3://sagemaker-us-west-2-123456789012/DEMO-mnist": str(tmp_path / "data")}
    service, seen, said = applied(tmp_path, monkeypatch, "mnist/mnist.yaml", changes)
    assert any("test_accuracy=" in line for line in said)
    assert "1/saved_model.pb" in names_in(service.artifact(seen.job_name))
    assert not any("is used instead" in line for line in said)


@pytest.mark.slow
@needs("3.7")
def test_script_mode_with_parameter_servers_trains_in_its_tensorflow(tmp_path, monkeypatch):
    chance = random.Random(1)
    for name in ("train", "eval"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for part in ("a.csv", "b.csv"):
            rows = [[chance.random() for _ in range(8)] for _ in range(200)]
            lines = [",".join(f"{number:.4f}" for number in [*row, sum(row)]) for row in rows]
            (tmp_path / "data" / name / part).write_text("\n".join(lines) + "\n")
    text = (SPECS / "parameter-server" / "parameter-server.yaml").read_text()
    [place] = [line for line in text.splitlines() if line.startswith("model_dir:")]
    changes = {
        "s3_data: s3://my-bucket/my-training-data": f"path: {tmp_path / 'data' / 'train'}",
        "s3://my-bucket/my-evaluation-data": str(tmp_path / "data" / "eval"),
        "max-steps: 1000": "max-steps: 200",
        place: "",  # without it, a folder that all hosts here share
    }
    service, seen, said = applied(tmp_path, monkeypatch, "parameter-server/parameter-server.yaml", changes)
    assert {line.partition(":")[0] for line in said if "Start Tensorflow server" in line} == {"algo-1", "algo-2"}
    assert any(name.endswith("saved_model.pb") for name in names_in(service.artifact(seen.job_name)))


def test_legacy_mode_without_provision_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(ServiceError, match="legacy mode needs a TensorFlow with estimators") as refused:
        LocalService(tmp_path / "local").create(request("pass", algorithm=IMAGE), 1)
    assert refused.value.hint == "add --provision"


def test_legacy_mode_without_a_python_for_it_is_refused_with_the_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(pythons, "find", lambda versions: None)
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    with pytest.raises(ServiceError) as refused:
        LocalService(tmp_path / "local", provision=True).create(request("pass", algorithm=IMAGE), 1)
    assert refused.value.message == (
        "legacy mode needs Python 2.7 for the job's own TensorFlow, or Python 3.11 or 3.10 or 3.9 for TensorFlow 2.15 "
        f"in its place; there is only Python {own} here"
    )


def provisioned(tmp_path, monkeypatch, name):
    """An environment of this Python, as if it had been built under that name."""
    monkeypatch.setenv("SAGESPEC_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "envs" / f"{name}-{sys.platform}-{platform.machine()}"
    (folder / "bin").mkdir(parents=True)
    (folder / "sagespec.json").write_text('{"version": "2.15.1", "warning": ""}')
    (folder / "bin" / "python").symlink_to(sys.executable)


@NEEDS_STAND_IN
def test_script_that_only_python_2_reads_is_reported_before_it_runs(tmp_path, monkeypatch, without_own):
    tag = f"py{pythons.version_of(pythons.find(legacy.STAND_IN_PYTHONS)).replace('.', '')}"
    provisioned(tmp_path, monkeypatch, f"{provision.package_name()}-2.15-{tag}")
    seen = run(LocalService(tmp_path / "local", provision=True), request("print 'old'", algorithm=IMAGE))
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert seen.failure.startswith(f"ClientError: Python {own}, which runs it here, cannot read train.py: SyntaxError")


TENSORFLOW = """
import os
__version__ = VERSION


class Thing(object):
    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs


class logging(object):
    INFO = set_verbosity = staticmethod(lambda level: None)


class estimator(object):
    LatestExporter = TrainSpec = EvalSpec = Thing

    @staticmethod
    def RunConfig(**kwargs):
        print("SAID config", sorted((k, v) for k, v in kwargs.items() if k != "model_dir"))
        return kwargs["model_dir"]

    @staticmethod
    def train_and_evaluate(made, train, evaluate):
        print("SAID made", made)
        print("SAID train", train.args[0](), train.kwargs)
        print("SAID eval", evaluate.args[0](), sorted((k, v) for k, v in evaluate.kwargs.items() if k != "exporters"))
        place = os.path.join(estimator.place, "export", "Servo", "1")
        os.makedirs(place)
        open(os.path.join(place, "saved_model.pb"), "w").close()
        print("SAID serving", evaluate.kwargs["exporters"].args[1]())
"""
SCRIPT = """
import tensorflow as tf
def estimator_fn(run_config, hyperparameters):
    tf.estimator.place = run_config
    return sorted(key for key in hyperparameters if not key.startswith("sagemaker_"))
def train_input_fn(dir, params, other):
    return params["rate"], dir.rpartition("/")[2], other
def eval_input_fn(channels):
    return sorted(channels)
def serving_input_fn(whatever):
    return "served", whatever["rate"]
"""


@pytest.mark.skipif(
    "legacy.own_python() is None", reason="legacy mode's own Python is looked for on Linux and macOS only"
)
def test_functions_are_called_as_the_container_calls_them(tmp_path, monkeypatch):
    version = pythons.version_of(legacy.own_python()).replace(".", "")
    parts = "tensorflow-1.10.0"
    provisioned(tmp_path, monkeypatch, f"{parts}-py{version}")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").touch()
    given = {"training_steps": None, "evaluation_steps": None, "rate": 0.5, "save_summary_steps": 7, "throttle_secs": 3}
    asked = request(
        {"train.py": SCRIPT, "tensorflow.py": TENSORFLOW.replace("VERSION", repr("1.10.0"))},
        algorithm=IMAGE,
        hyperparameters={**given, "checkpoint_path": "s3://bucket/checkpoints"},
        InputDataConfig=[channel(name, str(tmp_path / "data")) for name in ("training", "test")],
    )
    service = LocalService(tmp_path / "local", provision=True)
    seen = run(service, asked)
    assert [line.partition("SAID ")[2] for line in log(service, seen.job_name) if "SAID" in line] == [
        "config [('save_checkpoints_secs', 300), ('save_summary_steps', 7)]",
        "made ['checkpoint_path', 'evaluation_steps', 'rate', 'save_checkpoints_secs', 'save_summary_steps', "
        "'throttle_secs', 'training_steps']",
        "train (0.5, 'training', None) {'max_steps': None}",
        "eval ['test', 'training'] [('steps', None), ('throttle_secs', 3)]",
        "serving ('served', 0.5)",
    ]
    assert names_in(service.artifact(seen.job_name)) == ["export", "export/Servo", "export/Servo/1", PB]


PB = "export/Servo/1/saved_model.pb"


def test_programs_for_the_script_s_python_are_such_as_python_2_reads():
    for path in legacy.STAND_INS.rglob("*.py"):
        text = path.read_bytes()
        assert text.isascii()
        if (python := pythons.find(["2.7"])) is not None:
            subprocess.run(
                [python, "-c", "import sys; compile(sys.stdin.read(), 'it', 'exec')"], input=text, check=True
            )
