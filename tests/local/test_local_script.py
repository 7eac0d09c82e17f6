"""What a script finds on this machine, run for real: arguments, folders, data, logs, and other hosts."""

import json
import os
import sys
import tarfile
import time

import pytest

from local.jobs import channel, data, ended, log, request, run, start, until_logged
from local.opt_ml import NEEDS_OPT_ML, NEEDS_OVERLAY, host, job_of, seen_folder, service_in
from sagespec.deploying.services import START, Cursor
from sagespec.deploying.services.local.container import optml


@pytest.fixture
def service(tmp_path):
    with service_in(tmp_path / "local") as made:
        yield made


# What the script finds


def test_script_finds_its_arguments_folders_and_variables(service):
    script = """
import json, os, sys
names = ["OWN", "TRAINING_JOB_NAME", "SM_MODEL_DIR", "SM_HP_B", "PATHS"]
print(json.dumps([sys.argv, os.getcwd(), *map(os.environ.get, names)]))
"""
    hyperparameters = {"batch-size": 32, "model_dir": "/opt/ml/model", "b": True, "n": None, "d": {"y": 1, "x": 2}}
    asked = request(script, hyperparameters=hyperparameters, Environment={"OWN": "yes", "PATHS": "/opt/ml/input"})
    seen = run(service, asked)
    folder = seen_folder(service, seen.job_name)
    arguments = f"-b True --batch-size 32 -d x=2,y=1 --model_dir {folder}/model -n".split(" ")
    assert json.loads(log(service, seen.job_name)[0].removeprefix("algo-1: ")) == [
        ["train.py", *arguments],
        f"{folder}/code",
        "yes",
        seen.job_name,
        f"{folder}/model",
        "true",
        f"{folder}/input",
    ]


@NEEDS_OPT_ML
def test_script_that_names_opt_ml_itself_finds_its_job_there(service):
    script = """
import pathlib, socket
pathlib.Path("/opt/ml/model/weights.txt").write_text(pathlib.Path("/opt/ml/input/config/hyperparameters.json").read_text())
print(socket.gethostbyname("algo-1"))
"""
    seen = run(service, request(script))
    assert seen.status == "Completed", seen.failure
    assert (host(service, seen.job_name) / "model" / "weights.txt").exists()
    assert log(service, seen.job_name) == ["algo-1: 127.0.0.1"]
    assert sorted(path.name for path in host(service, seen.job_name).iterdir()) == [
        "checkpoints", "code", "input", "model", "output", "shared"]  # fmt: skip


def test_where_opt_ml_cannot_be_put_in_place_the_failure_says_what_to_do(tmp_path):
    tail = ["FileNotFoundError: [Errno 2] No such file or directory: '/opt/ml/model/x'"]
    hint = optml.hint(tail, tmp_path)
    assert "Read SM_MODEL_DIR, SM_CHANNEL_… instead, or use the docker executor" in hint
    assert optml.hint(["ValueError: /opt/ml is fine"], tmp_path) == ""


def test_source_folder_is_on_the_path_and_shell_scripts_run(service):
    program = f"#!/bin/sh\nexec {sys.executable} -c 'import helper, sys; print(helper.NAME, sys.argv[1:])' \"$@\"\n"
    files = {"run.sh": program, "helper.py": "NAME = 'helper'\n"}
    seen = run(service, request(files, entry_point="run.sh", hyperparameters={"text": "two words; $HOME"}))
    assert seen.status == "Completed", seen.failure
    # The shell that reads the command line expands what stands in double quotes there.
    assert log(service, seen.job_name)[0] == f"algo-1: helper ['--text', 'two words; {os.environ['HOME']}']"


def test_requirements_are_installed_for_this_job_only(service, tmp_path):
    package = tmp_path / "package"
    package.mkdir()
    (package / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        "[project]\nname = 'extra-for-test'\nversion = '1.0'\n"
    )
    (package / "backend.py").write_text(BACKEND)
    files = {
        "train.py": "import extra_for_test, pytest\nprint(extra_for_test.__file__)\n",
        "requirements.txt": f"--no-index\n{package}\n",
    }
    seen = run(service, request(files))
    assert seen.status == "Completed", (seen.failure, log(service, seen.job_name))
    assert log(service, seen.job_name)[-2].startswith(f"algo-1: {job_of(service, seen.job_name).path}/.environment/")
    with pytest.raises(ImportError):
        __import__("extra_for_test")


BACKEND = """
import zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "extra_for_test-1.0-py3-none-any.whl"
    info = "extra_for_test-1.0.dist-info"
    with zipfile.ZipFile(folder + "/" + name, "w") as wheel:
        wheel.writestr("extra_for_test.py", "")
        wheel.writestr(info + "/METADATA", "Metadata-Version: 2.1\\nName: extra-for-test\\nVersion: 1.0\\n")
        wheel.writestr(info + "/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "/RECORD", "")
    return name
"""


def test_requirements_that_cannot_be_had_fail_in_the_words_of_the_toolkit(service):
    files = {"train.py": "print('never')", "requirements.txt": "--no-index\nno-such-package==1.0\n"}
    seen = run(service, request(files))
    assert seen.failure.startswith("AlgorithmError: InstallRequirementsError:\nExitCode 1\nErrorMessage ")
    assert "no-such-package" in seen.failure
    assert "algo-1: never" not in log(service, seen.job_name)


def test_checkpoints_are_kept_between_attempts(service):
    script = """
import pathlib
place = pathlib.Path(__import__("os").environ["SM_MODEL_DIR"]).with_name("checkpoints") / "count"
count = int(place.read_text()) + 1 if place.exists() else 1
place.write_text(str(count))
print("count", count)
"""
    asked = request(script, CheckpointConfig={"S3Uri": "s3://bucket/checkpoints/job"})
    run(service, asked)
    name = start(service, asked, attempt=2)
    ended(service, name)
    assert log(service, name)[0] == "algo-1: count 2"


def test_metrics_are_the_last_values_in_the_log(service):
    metrics = [{"Name": "train:loss", "Regex": "loss=([0-9.]+)"}, {"Name": "broken", "Regex": "(?<x"}]
    seen = run(service, request("print('loss=2.5'); print('loss=0.5 acc=1')", algorithm={"MetricDefinitions": metrics}))
    assert [(one["MetricName"], one["Value"]) for one in seen.body["FinalMetricDataList"]] == [("train:loss", 0.5)]


# Logs


def test_log_is_read_on_from_where_it_was_left(service):
    script = "import os\nfor name in 'ab':\n    print(name, flush=True)\n    while not os.path.exists(name): pass\n"
    name = start(service, request(script))
    until_logged(service, name, "a")
    lines, cursor = service.logs(name, START)
    assert [line.text for line in lines] == ["a"]
    lines, same = service.logs(name, cursor)
    assert (list(lines), same) == ([], cursor)
    for file in "ab":
        (host(service, name) / "code" / file).touch()
    ended(service, name)
    lines, _ = service.logs(name, Cursor(dict(cursor.positions)))
    assert next(lines).text == "b"


def test_log_keeps_odd_bytes_long_lines_and_a_last_line_without_end(service):
    script = r"""
import sys
sys.stdout.buffer.write(b"bad \xff byte\n" + "\u00fc\u2028x\n".encode() + b"y" * 300000 + b"\nlast")
sys.stdout.flush()
sys.stderr.write(" and standard error")
"""
    before = time.time()
    seen = run(service, request(script))
    lines = list(service.logs(seen.job_name, START)[0])[:4]
    texts = ["bad \ufffd byte", "ü\u2028x", "y" * 300000, "last and standard error"]
    assert [line.text for line in lines] == texts
    assert all(before - 1 <= line.time <= time.time() for line in lines)


# Data


def test_channels_are_local_paths_file_uris_and_uploads(service, tmp_path):
    for name in ("path", "uri", "upload"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "x.csv").write_text(name)
    upload = data(tmp_path / "upload")
    inputs = [
        channel("path", str(tmp_path / "path")),
        channel("uri", (tmp_path / "uri").as_uri()),
        channel("upload", upload.uri),
        channel("one", str(tmp_path / "path" / "deep" / "x.csv")),
    ]
    script = """
import os, pathlib
for name in ("path", "uri", "upload", "one"):
    folder = pathlib.Path(os.environ["SM_CHANNEL_" + name.upper()])
    print(name, [(str(file.relative_to(folder)), file.read_text()) for file in folder.rglob("*.csv")])
    for file in folder.rglob("*.csv"):
        file.unlink()
"""
    seen = run(service, request(script, uploads=(upload,), InputDataConfig=inputs))
    assert seen.status == "Completed", seen.failure
    assert log(service, seen.job_name)[:4] == [
        "algo-1: path [('deep/x.csv', 'path')]",
        "algo-1: uri [('deep/x.csv', 'uri')]",
        "algo-1: upload [('deep/x.csv', 'upload')]",
        "algo-1: one [('x.csv', 'path')]",
    ]
    assert [(tmp_path / name / "deep" / "x.csv").read_text() for name in ("path", "uri", "upload")] == [
        "path", "uri", "upload"]  # fmt: skip


def test_data_that_changed_after_it_was_uploaded_fails_the_job(service, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").write_text("1")
    upload = data(tmp_path / "data")
    asked = request("pass", uploads=(upload,), InputDataConfig=[channel("train", upload.uri)])
    for one in asked.uploads:
        assert service.upload(one, lambda *_: None)
        assert not service.upload(one, lambda *_: None)
    (tmp_path / "data" / "x.csv").write_text("changed")
    service.create(asked, 1)
    seen = ended(service, asked.job_name())
    assert seen.failure == (
        "ClientError: Data download failed: 'x.csv' has changed since the job was created; "
        "apply again to use it as it is now"
    )


def test_missing_data_fails_the_job_before_its_script_runs(service, tmp_path):
    seen = run(service, request("print('ran')", InputDataConfig=[channel("train", str(tmp_path / "nowhere"))]))
    missing = tmp_path / "nowhere"
    assert seen.failure == f"ClientError: Data download failed: there is no file or folder '{missing}' on this machine"
    assert log(service, seen.job_name) == []


@NEEDS_OVERLAY
def test_script_that_rewrites_its_input_does_not_touch_the_user_s_files(service, tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("rewritten.csv", "deleted.csv"):
        (tmp_path / "data" / name).write_text("mine")
    script = """
import os, pathlib
folder = pathlib.Path(os.environ["SM_CHANNEL_TRAIN"])
(folder / "rewritten.csv").write_text("script's")
(folder / "deleted.csv").unlink()
(folder / "added.csv").touch()
print(sorted(os.listdir("/opt/ml/input/data/train")), (folder / "rewritten.csv").read_text())
"""
    seen = run(service, request(script, InputDataConfig=[channel("train", str(tmp_path / "data"))]))
    assert log(service, seen.job_name)[0] == "algo-1: ['added.csv', 'rewritten.csv'] script's"
    assert {path.name: path.read_text() for path in (tmp_path / "data").iterdir()} == {
        "rewritten.csv": "mine",
        "deleted.csv": "mine",
    }


# Several hosts


def test_each_host_has_its_own_folder_resources_and_part_of_the_data(service, tmp_path):
    (tmp_path / "data").mkdir()
    for name in "abcde":
        (tmp_path / "data" / name).touch()
    script = """
import json, os
config = json.load(open(os.path.join(os.environ["SM_INPUT_CONFIG_DIR"], "resourceconfig.json")))
open(os.path.join(os.environ["SM_MODEL_DIR"], config["current_host"]), "w")
print(config["current_host"], config["hosts"], sorted(os.listdir(os.environ["SM_CHANNEL_TRAIN"])))
"""
    inputs = [channel("train", str(tmp_path / "data"), S3DataDistributionType="ShardedByS3Key")]
    seen = run(service, request(script, count=2, InputDataConfig=inputs))
    assert seen.status == "Completed", seen.failure
    assert sorted(log(service, seen.job_name)) == [
        "algo-1: algo-1 ['algo-1', 'algo-2'] ['a', 'c', 'e']",
        "algo-2: algo-2 ['algo-1', 'algo-2'] ['b', 'd']",
    ]
    with tarfile.open(service.artifact(seen.job_name)) as packed:
        assert packed.getnames() == ["algo-1", "algo-2"]


def test_failure_of_one_host_ends_the_others_and_is_the_reason(service):
    script = """
import os, time
if os.environ["SM_CURRENT_HOST"] == "algo-2":
    raise RuntimeError("only here")
time.sleep(60)
"""
    seen = run(service, request(script, count=3))
    assert seen.status == "Failed"
    assert "RuntimeError: only here" in seen.failure


MPIRUN = """\
#!{python}
# Plays mpirun: starts the ranks one after the other.
import os, subprocess, sys
words = sys.argv[1:]
start = words.index("-np")
print("options", words[:start][-2:], flush=True)
for rank in range(int(words[start + 1])):
    environ = dict(os.environ, OMPI_COMM_WORLD_RANK=str(rank))
    said = subprocess.run(words[start + 2 :], env=environ, check=True, stdout=-1)
    print("[1,%d]<stdout>:%s" % (rank, said.stdout.decode()), end="", flush=True)
"""


def test_mpi_job_runs_its_processes_with_what_their_hosts_are_reported(service, tmp_path, monkeypatch):
    program = tmp_path / "mpirun"
    program.write_text(MPIRUN.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    script = """
import os, sys
local = [os.environ["OMPI_COMM_WORLD_LOCAL_" + name] for name in ("RANK", "SIZE")]
own = [os.environ[name] for name in ("SM_CURRENT_HOST", "CURRENT_HOST")]
print(*own, os.path.basename(os.getcwd()), *local, sys.argv[1:])
"""
    given = {
        "epochs": 2,
        "text": "two words",
        "sagemaker_mpi_enabled": True,
        "sagemaker_mpi_num_of_processes_per_host": 2,
        "sagemaker_mpi_custom_mpi_options": "-x FOO=bar",
    }
    seen = run(service, request(script, count=2, hyperparameters=given))
    assert seen.status == "Completed", seen.failure
    assert log(service, seen.job_name)[:5] == [
        "algo-1: options ['-x', 'FOO=bar']",
        *[
            f"algo-1: [1,mpirank:{rank},{name}]<stdout>:algo-1 {name} code {rank % 2} 2 "
            "['--epochs', '2', '--text', 'two', 'words']"
            for rank, name in enumerate(["algo-1", "algo-1", "algo-2", "algo-2"])
        ],
    ]


def test_workers_of_a_mirrored_strategy_reach_each_other_where_tf_config_says(service):
    script = """
import json, os, socket, time
config = json.loads(os.environ["TF_CONFIG"])
workers, index = config["cluster"]["worker"], config["task"]["index"]
place = lambda at: (at.split(":")[0], int(at.split(":")[1]))
server = socket.create_server(place(workers[index]))
while True:
    try:
        other = socket.create_connection(place(workers[1 - index]), timeout=5)
        break
    except OSError:
        time.sleep(0.05)
other.sendall(os.environ["SM_CURRENT_HOST"].encode())
print("heard", server.accept()[0].recv(99).decode(), config["task"]["type"], config["environment"])
"""
    strategy = {"sagemaker_multi_worker_mirrored_strategy_enabled": True}
    seen = run(service, request(script, count=2, hyperparameters=strategy))
    assert sorted(log(service, seen.job_name))[:1] + sorted(log(service, seen.job_name))[-1:] == [
        "algo-1: heard algo-2 worker cloud", "algo-2: heard algo-1 worker cloud"]  # fmt: skip
