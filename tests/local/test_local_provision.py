"""Environments: which version is chosen, and that a half-built one is never used."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from local.jobs import channel, log, request, run
from sagespec.deploying.services.local import provision, pythons
from sagespec.deploying.services.local.service import LocalService

AVAILABLE = ["2.21.0", "2.19.1", "2.19.0", "2.15.0.post1", "2.15.0", "2.12.0", "3.0.0"]


@pytest.mark.parametrize(
    ("wanted", "chosen", "warned"),
    [
        ("2.19.0", "2.19.0", False),
        ("2.19", "2.19.1", False),
        ("2.15.0", "2.15.0", False),
        ("2.18.0", "2.19.0", True),
        ("2.11.0", "2.12.0", True),
        ("2.20", "2.21.0", True),
    ],
)
def test_version_is_the_one_asked_for_or_the_nearest_newer_one_with_a_warning(wanted, chosen, warned):
    version, warning = provision.choose(wanted, AVAILABLE)
    assert version == chosen
    assert warning.startswith(f"TensorFlow {wanted} has no wheel for Python") == warned
    assert warning.endswith(f"{chosen} is used instead") == warned


@pytest.mark.parametrize("wanted", ["1.15.5", "2.22.0", "4.0"])
def test_version_without_wheel_is_an_error_that_says_what_exists(wanted):
    with pytest.raises(provision.CannotProvision) as refused:
        provision.choose(wanted, AVAILABLE)
    assert "there are: 2.12.0, 2.15.0, 2.15.0.post1, 2.19.0, 2.19.1, 2.21.0, 3.0.0. " in str(refused.value)


def test_an_index_that_does_not_answer_is_reported_as_that(monkeypatch):
    """pip itself says of one only that there are no versions."""
    for name, value in {"INDEX_URL": "http://127.0.0.1:9/simple", "CONFIG_FILE": os.devnull, "RETRIES": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(provision.CannotProvision, match=r"cannot reach the package index: .*Connection refused"):
        provision._available(Path(sys.executable), "tensorflow-cpu")


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.19.0-cpu-py312", "2.19.0"),
        ("520713654638.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow-scriptmode:1.12-cpu-py3", "1.12"),
        ("1.dkr.ecr.us-west-2.amazonaws.com/mine:2.19.0", None),
        ("1.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:latest", None),
        ("localhost:5000/tensorflow-training", None),
    ],
)
def test_version_is_read_from_the_image_s_tag(image, version):
    assert provision.version_of_image(image) == version


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  Downloading tensorflow_cpu-2.19.0-cp311-cp311-manylinux.whl (251.8 MB)\n",
         ("downloading tensorflow-cpu 2.19.0", "251.8 MB")),
        ("  Using cached six-1.17.0.tar.gz (34 kB)\n", ("taking from pip's cache six 1.17.0", "34 kB")),
        ("  Downloading keras-3.1-py3-none-any.whl.metadata (5.8 kB)\n", None),
        ("Installing collected packages: a, b, c\n", ("unpacking 3 packages", "")),
        ("Collecting numpy\n", None),
    ],
)  # fmt: skip
def test_lines_of_pip_become_progress(line, said):
    assert provision.progress_of(line) == said


@pytest.fixture
def pip(monkeypatch):
    """Stands for what pip does in a new environment; counts how often it is asked."""
    calls = []
    monkeypatch.setattr(provision, "_available", lambda python, package: AVAILABLE)
    monkeypatch.setattr(provision, "_install", lambda python, requirements, tell, limits: calls.extend(requirements))
    monkeypatch.setattr(provision, "make", lambda folder, python: (folder / "bin").mkdir(parents=True))
    return calls


def test_environment_is_built_once_and_used_again(tmp_path, pip):
    told = []
    first = provision.provide("2.18.0", told.append, tmp_path)
    again = provision.provide("2.18.0", told.append, tmp_path)
    assert first == again
    assert (first.version, first.python.parent.is_dir()) == ("2.19.0", True)
    assert pip == [f"{provision.package_name()}==2.19.0"]
    assert [step.doing for step in told][-1] == first.warning


IMAGES = "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training"


@pytest.fixture
def two_pythons(pip, monkeypatch):
    """A machine that has the image's Python too; which of them was asked what there is for it."""
    asked = []
    of = {"py37": ["1.15.5", "2.3.0", "2.3.1"], "py311": ["2.12.0", "2.19.0"]}

    def available(python, package):
        tag = "py37" if "-py37-" in str(python) else "py311"
        asked.append(tag)
        return of[tag]

    monkeypatch.setattr(pythons, "version_of", lambda python: "3.7" if python == "old" else "3.11")
    monkeypatch.setattr(pythons, "find", lambda versions: "old" if "3.7" in versions else None)
    monkeypatch.setattr(provision, "_available", available)
    return asked


@pytest.mark.parametrize(
    ("tag", "built", "asked"),
    [
        ("2.19.0-cpu-py37", "tensorflow-cpu-2.19.0-py311", ["py311"]),
        ("2.3.1-cpu-py37", "tensorflow-cpu-2.3.1-py37", ["py311", "py37"]),
        ("1.15.5-cpu-py37", "tensorflow-1.15.5-py37", ["py311", "py37"]),
        ("2.11.0-cpu-py37", "tensorflow-cpu-2.11.0-py311", ["py311", "py37", "py311"]),
        ("2.3.1-cpu-py36", "tensorflow-cpu-2.3.1-py311", ["py311"]),
    ],
)
def test_image_s_own_python_serves_where_this_one_has_no_wheel_of_the_version(tmp_path, two_pythons, tag, built, asked):
    wanted = provision.spec_of_image(f"{IMAGES}:{tag}")
    for _ in range(2):
        found = provision.provide(wanted, lambda _: None, tmp_path)
        assert found.python.parents[1].name.startswith(f"{built}-")
    assert two_pythons == asked  # the second time is not asked for


def test_what_came_later_and_does_not_fit_is_kept_out():
    assert provision.of_tensorflow("2.19").limits == ()
    assert set(provision.of_tensorflow("2.8.4").limits) == {"numpy<2", "protobuf<3.21"}
    assert "h5py<3" in provision.of_tensorflow("1.10.0").limits


def test_environment_that_was_not_finished_is_not_kept(tmp_path, pip, monkeypatch):
    def interrupted(python, requirements, tell, limits):
        raise KeyboardInterrupt

    with monkeypatch.context() as changed:
        changed.setattr(provision, "_install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            provision.provide("2.19.0", lambda _: None, tmp_path)
    assert list((tmp_path / "envs").glob("[!.]*")) == []
    provision.provide("2.19.0", lambda _: None, tmp_path)
    assert pip == [f"{provision.package_name()}==2.19.0"]


def test_two_builders_build_once(tmp_path, pip):
    builders = [threading.Thread(target=provision.provide, args=("2.19.0", lambda _: None, tmp_path)) for _ in range(4)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join()
    assert len(pip) == 1


def test_builder_that_is_killed_holds_up_nobody_and_its_half_is_not_used(tmp_path, pip):
    program = """
import os, sys
from pathlib import Path
from sagespec.deploying.services.local import provision, pythons
def make(folder, python):
    folder.mkdir()
    (folder / "half").touch()
    os.kill(os.getpid(), 9)
provision.make = make
provision.provide("2.19.0", lambda step: None, Path(sys.argv[1]))
"""
    assert subprocess.run([sys.executable, "-c", program, tmp_path]).returncode == -9
    assert [path.name for path in (tmp_path / "envs").glob("[!.]*/*")] == ["half"]
    built = provision.provide("2.19.0", lambda _: None, tmp_path)
    assert (built.version, (built.python.parents[1] / "half").exists()) == ("2.19.0", False)


def test_overlay_sees_what_lies_under_it_and_installs_beside_it(tmp_path):
    python = provision.overlay(tmp_path / "own", sys.executable)
    shown = subprocess.run(
        [python, "-c", "import sys, pytest; print(sys.prefix); print(pytest.__file__)"], capture_output=True, text=True
    )
    assert shown.stdout.splitlines() == [str(tmp_path / "own"), pytest.__file__]


def test_cache_lies_where_the_user_says(monkeypatch, tmp_path):
    monkeypatch.delenv("SAGESPEC_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert pythons.cache_folder() == tmp_path / "sagespec"
    monkeypatch.setenv("SAGESPEC_CACHE", str(tmp_path / "mine"))
    assert pythons.cache_folder() == tmp_path / "mine"


MIRRORED = """
import json, os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import numpy as np
import tensorflow as tf

strategy = tf.distribute.MultiWorkerMirroredStrategy()
index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]

@tf.function
def total():
    each = strategy.run(lambda: tf.distribute.get_replica_context().all_reduce("SUM", tf.constant(float(index + 1))))
    return strategy.reduce("MEAN", each, axis=None)

print(tf.__version__, "replicas", strategy.num_replicas_in_sync, "sum", float(total().numpy()))
weights = np.loadtxt(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "x.csv"))
model = tf.Module()
model.weight = tf.Variable(weights)
tf.saved_model.save(model, os.path.join(os.environ["SM_MODEL_DIR"], "1"))
"""


@pytest.mark.slow
def test_two_workers_train_together_with_a_provisioned_tensorflow(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("1\n2\n")
    service = LocalService(tmp_path / "local", provision=True)
    inputs = [channel("train", str(tmp_path / "data"))]
    mirrored = {"sagemaker_multi_worker_mirrored_strategy_enabled": True}
    seen = run(service, request(MIRRORED, count=2, hyperparameters=mirrored, InputDataConfig=inputs), 1800)
    lines = log(service, seen.job_name)
    assert seen.status == "Completed", (seen.failure, lines)
    assert sorted(line for line in lines if "replicas" in line) == [
        f"algo-{host}: 2.19.0 replicas 2 sum 3.0" for host in (1, 2)
    ]
    assert Path(service.artifact(seen.job_name)).exists()
    assert (service.root / seen.job_name / "hosts" / "algo-1" / "model" / "1" / "saved_model.pb").exists()


PARAMETER_SERVER = """
import json, os, socket, time
config = json.loads(os.environ["TF_CONFIG"])
for place in config["cluster"]["ps"]:
    name, port = place.split(":")
    while True:
        try:
            socket.create_connection((name, int(port)), timeout=1).close()
            break
        except OSError:
            time.sleep(0.1)
print(config["task"]["type"], "reaches", len(config["cluster"]["ps"]), "servers")
"""


@pytest.mark.slow
def test_parameter_servers_run_beside_the_scripts_and_end_with_them(tmp_path):
    service = LocalService(tmp_path / "local", provision=True)
    asked = request(PARAMETER_SERVER, count=2, hyperparameters={"sagemaker_parameter_server_enabled": True})
    seen = run(service, asked, 1800)
    lines = log(service, seen.job_name)
    assert seen.status == "Completed", (seen.failure, lines)
    assert "algo-1: master reaches 2 servers" in lines
    assert "algo-2: worker reaches 2 servers" in lines


@pytest.mark.slow
def test_the_versions_that_there_are_do_not_depend_on_the_user_s_constraints(tmp_path, monkeypatch):
    (tmp_path / "constraints.txt").write_text("idna<=3.7\n")
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "constraints.txt"))
    assert "3.6" in provision._available(Path(sys.executable), "idna")
