"""Jobs on this machine, run for real: their ways to an end, and what is seen of them."""

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from local.jobs import channel, code, data, ended, log, request, run, start, until_logged
from local.opt_ml import NEEDS_OPT_ML, job_of, service_in
from sagespec.deploying.services import Foreseen, NameTaken, NoSuchJob, ServiceError
from sagespec.deploying.services.local.folder import read_json, write_json
from sagespec.deploying.services.local.running import alive
from sagespec.deploying.services.local.running.processes import LINGERS
from sagespec.deploying.services.local.service import LocalService

WAITS = "import time\nprint('waiting', flush=True)\ntime.sleep(60)\n"


def wait_until_gone(known: dict[str, Any], seconds: float) -> bool:
    """Whether the process ended within that time."""
    deadline = time.monotonic() + seconds
    while alive.is_alive(known):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def service(tmp_path):
    with service_in(tmp_path / "local") as made:
        yield made


def steps(seen):
    return [step["Status"] for step in seen.body["SecondaryStatusTransitions"]]


# The way to the end


def test_job_goes_through_the_secondary_statuses_and_leaves_its_model(service, tmp_path):
    script = """
import os
open(os.environ["SM_MODEL_DIR"] + "/weights.txt", "w").write("42")
open(os.environ["SM_OUTPUT_DATA_DIR"] + "/report.txt", "w").write("fine")
"""
    seen = run(service, request(script))
    assert (seen.status, seen.secondary, seen.failure) == ("Completed", "Completed", "")
    assert steps(seen) == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    ends = [step["EndTime"] for step in seen.body["SecondaryStatusTransitions"]]
    assert ends == sorted(ends)
    model = Path(service.artifact(seen.job_name))
    assert seen.body["ModelArtifacts"] == {"S3ModelArtifacts": str(model)}
    for archive, name, content in (
        (model, "weights.txt", b"42"),
        (model.parent / "output.tar.gz", "report.txt", b"fine"),
    ):
        with tarfile.open(archive) as packed:
            assert packed.getnames() == [name]
            assert packed.extractfile(name).read() == content


def test_job_is_seen_with_what_its_tags_say(service):
    asked = request("pass", name="seen", ResourceConfig={"InstanceType": "ml.c5.xlarge", "InstanceCount": 1,
                                                          "KeepAlivePeriodInSeconds": 60})  # fmt: skip
    run(service, asked)
    ended(service, start(service, asked, attempt=2))
    run(service, request("pass", name="other"))
    seen = sorted(service.observe([asked]), key=lambda one: one.attempt)
    assert [one.job_name for one in seen] == [asked.job_name(1), asked.job_name(2)]
    second = seen[1]
    assert (second.name, second.project, second.digest, second.attempt) == ("seen", "examples", asked.digest, 2)
    assert second.tags == asked.all_tags(2)
    assert second.live == asked.live() == {"KeepAlivePeriodInSeconds": 60}
    assert {one.name for one in service.observe([asked], projects=True)} == {"seen", "other"}


def test_tags_and_live_members_can_be_changed(service):
    seen = run(service, request("pass"))
    service.tag(seen.job_name, {"owner": "me"}, ["team"])
    service.update(seen.job_name, {"ResourceConfig": {"KeepAlivePeriodInSeconds": 5}})
    after = service.describe(seen.job_name)
    assert after.tags == {**{key: value for key, value in seen.tags.items() if key != "team"}, "owner": "me"}
    assert after.live == {"KeepAlivePeriodInSeconds": 5}


def test_failure_is_reported_in_the_words_of_the_toolkit(service):
    seen = run(service, request("raise RuntimeError('the data is bad')", hyperparameters={"epochs": 3}))
    assert (seen.status, seen.secondary) == ("Failed", "Failed")
    assert seen.failure == (
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n"
        "ErrorMessage \"    raise RuntimeError('the data is bad')\nRuntimeError: the data is bad\"\n"
        f'Command "{sys.executable} train.py --epochs 3", exit code: 1'
    )
    assert service.artifact(seen.job_name) is None


def test_failure_that_the_script_wrote_is_the_reason(service):
    script = """
import pathlib, os, sys
pathlib.Path(os.environ["SM_OUTPUT_DIR"], "failure").write_text("no rows left after filtering")
sys.exit(3)
"""
    seen = run(service, request(script))
    assert seen.failure == "AlgorithmError: no rows left after filtering, exit code: 3"


def test_long_reason_is_cut_to_what_the_service_keeps(service):
    seen = run(service, request("raise ValueError('x' * 5000)", hyperparameters={"long": "y" * 2000}))
    assert len(seen.failure) == 1024
    assert seen.failure.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage ")
    assert seen.failure.endswith('", exit code: 1')


def test_missing_entry_point_fails_with_python_s_own_words(service):
    asked = request({"other.py": "pass"})
    seen = run(service, asked)
    assert seen.status == "Failed"
    assert "ExitCode 2" in seen.failure
    assert "No such file or directory" in seen.failure


def test_stopped_job_may_save_its_model_first(service):
    script = """
import os, signal, sys, time
def stop(number, frame):
    open(os.environ["SM_MODEL_DIR"] + "/half.txt", "w").write("half")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("waiting", flush=True)
time.sleep(60)
"""
    name = start(service, request(script))
    until_logged(service, name, "waiting")
    service.stop(name)
    assert service.describe(name).status in ("Stopping", "Stopped")
    seen = ended(service, name)
    assert (seen.status, seen.secondary) == ("Stopped", "Stopped")
    assert steps(seen) == ["Starting", "Downloading", "Training", "Stopping", "Uploading", "Stopped"]
    with tarfile.open(service.artifact(name)) as packed:
        assert packed.getnames() == ["half.txt"]


def test_script_that_ignores_the_warning_is_killed_with_all_it_started(service):
    script = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print("child", child.pid, flush=True)
time.sleep(60)
"""
    name = start(service, request(script))
    until_logged(service, name, "child")
    [pid] = [int(line.split()[-1]) for line in log(service, name) if "child" in line]
    child = alive.identity(pid)
    service.stop(name)
    assert ended(service, name).status == "Stopped"
    assert wait_until_gone(child, 5)


def test_process_that_got_away_does_not_hold_up_the_job(service):
    script = """
import subprocess, sys
endless = "while True: print('x' * 1000, flush=True)"
subprocess.Popen([sys.executable, "-c", endless], start_new_session=True)
"""
    seen = run(service, request(script))
    assert seen.status == "Completed"
    assert list(alive.marked(str(job_of(service, seen.job_name).path))) == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux gives orphans to the supervisor")
def test_orphan_without_any_of_the_job_s_variables_ends_with_the_job(service):
    script = """
import os, sys
if os.fork() == 0:
    os.setsid()
    pid = os.fork()
    if pid:
        os.write(1, b"orphan %d\\n" % pid)
        os._exit(0)
    quiet = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(quiet, number)
    os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(60)"], {})
os.wait()
"""
    seen = run(service, request(script))
    [pid] = [int(line.split()[-1]) for line in log(service, seen.job_name) if "orphan" in line]
    assert seen.status == "Completed"
    assert wait_until_gone(alive.identity(pid), 5)


def test_what_a_script_leaves_running_is_waited_for_as_in_the_container(service):
    script = "import subprocess\nsubprocess.Popen(['sh', '-c', 'sleep 0.3; echo late'])\n"
    seen = run(service, request(script))
    assert log(service, seen.job_name)[:2] == [f"algo-1: sagespec: {LINGERS}", "algo-1: late"]


def test_time_limit_counts_as_stopped(service):
    seen = run(service, request(WAITS, max_run=1))
    assert (seen.status, seen.secondary) == ("Stopped", "MaxRuntimeExceeded")
    assert 1 <= seen.body["TrainingTimeInSeconds"] <= 10


def test_stopping_a_job_that_has_ended_changes_nothing(service):
    seen = run(service, request("pass"))
    service.stop(seen.job_name)
    assert service.describe(seen.job_name) == seen


# Names


def test_name_is_taken_once(service):
    asked = request("pass")
    name = start(service, asked)
    with pytest.raises(NameTaken, match=f"'{name}' exists already"):
        service.create(asked, 1)


def test_of_many_appliers_one_creates_the_job(service):
    asked = request("print('once')")
    for upload in asked.uploads:
        service.upload(upload, lambda *_: None)

    def create(_):
        try:
            service.create(asked, 1)
        except NameTaken:
            return 0
        return 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(create, range(8))) == 1
    ended(service, asked.job_name())
    assert log(service, asked.job_name()).count("algo-1: once") == 1
    assert not list(service.root.glob(".new-*"))


def test_many_may_upload_the_same_at_once(service, tmp_path):
    (tmp_path / "data").mkdir()
    for number in range(50):
        (tmp_path / "data" / str(number)).write_text(str(number))
    upload = data(tmp_path / "data")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: service.upload(upload, lambda *_: None), range(8)))
    kept = service.store.uploaded(upload.uri)
    assert {path.name: path.read_text() for path in kept.iterdir()} == {str(n): str(n) for n in range(50)}


def test_unknown_job_is_reported_as_such(service):
    for name in ("nobody", ".uploads", "../local"):
        with pytest.raises(NoSuchJob, match="there is no job"):
            service.describe(name)


# Processes that die


def test_job_whose_supervisor_was_killed_has_failed_and_its_script_is_ended(service):
    name = start(service, request(WAITS))
    until_logged(service, name, "waiting")
    job = job_of(service, name)
    [script] = read_json(job.processes)
    os.kill(read_json(job.supervisor)["pid"], signal.SIGKILL)
    assert wait_until_gone(read_json(job.supervisor), 5)
    seen = service.describe(name)
    assert (seen.status, seen.secondary) == ("Failed", "Failed")
    assert seen.failure.startswith("InternalServerError: the job's supervisor ended without a message")
    assert wait_until_gone(script, 5)
    assert re.search("; [12] processes that it had left behind were ended$", log(service, name)[-1])  # dash stays
    assert service.describe(name) == seen


def test_job_of_an_earlier_boot_has_failed(service):
    name = start(service, request(WAITS))
    job = job_of(service, name)
    until_logged(service, name, "waiting")
    supervisor = read_json(job.supervisor)
    write_json(job.supervisor, {**supervisor, "boot": "another"})
    assert service.describe(name).failure.startswith("InternalServerError: ")
    os.kill(supervisor["pid"], signal.SIGKILL)


def test_process_id_that_now_belongs_to_another_process_is_not_alive():
    mine = alive.identity(os.getpid())
    assert alive.is_alive(mine)
    assert not alive.is_alive({**mine, "started": "0"})
    assert not alive.is_alive({**mine, "boot": "another"})
    assert not alive.is_alive(None)


def test_process_that_nobody_waited_for_is_not_alive():
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    known = alive.identity(process.pid)
    assert wait_until_gone(known, 10)
    process.wait()


def test_supervisor_that_is_reported_to_end_takes_the_script_with_it_and_says_so(service):
    name = start(service, request(WAITS))
    until_logged(service, name, "waiting")
    os.kill(read_json(job_of(service, name).supervisor)["pid"], signal.SIGTERM)
    seen = ended(service, name)
    assert seen.failure == "InternalServerError: this machine went down, or the job's supervisor was ended"


def test_job_outlives_the_command_that_created_it(service, tmp_path):
    program = f"""
import sys
sys.path.insert(0, {str(REPOSITORY / "tests")!r})
from pathlib import Path
from local.jobs import request, start
from sagespec.deploying.services.local.service import LocalService
print(start(LocalService(Path({str(service.root)!r})), request("import time; time.sleep(1); print('done')")))
"""
    # The output is read to its end: a supervisor that held on to it would make this wait for the job.
    made = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    name = made.stdout.strip()
    assert service.describe(name).status == "InProgress"
    assert ended(service, name).status == "Completed"


FULL_DISK = """
import json, subprocess, sys
from pathlib import Path
root = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", root], check=True)
sys.path.insert(0, sys.argv[2])
from local.jobs import request, run
from sagespec.deploying.services.local.service import LocalService
seen = run(LocalService(root), request("for number in range(100000): print('x' * 1000)"))
print(json.dumps([seen.status, seen.failure]))
"""


@NEEDS_OPT_ML
def test_full_disk_fails_the_job_with_that_reason(tmp_path):
    inside = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-c", FULL_DISK]
    made = subprocess.run([*inside, tmp_path, REPOSITORY / "tests"], capture_output=True, text=True)
    status, failure = json.loads(made.stdout)
    assert status == "Failed"
    assert failure.startswith(f"ClientError: No space left on the disk that holds {tmp_path}")


# What this machine cannot run


@pytest.mark.parametrize(
    ("changes", "words", "never"),
    [
        (
            {"InputDataConfig": [channel("train", "/x", S3DataType="AugmentedManifestFile")]},
            "channel 'train' is an augmented manifest, which only Pipe mode reads",
            True,
        ),
        ({"InputDataConfig": [channel("..", "/x")]}, "channel '..' has a name that no folder can have", True),
        ({"HyperParameters": {}}, "the image brings its own program", False),
        (
            {"algorithm": {"TrainingImage": "1.dkr.ecr.x.amazonaws.com/sagemaker-tensorflow:1.4.1-cpu-py2"}},
            "legacy mode needs a TensorFlow with estimators",
            False,
        ),
    ],
)
def test_what_this_machine_cannot_run_is_refused_before_anything_is_made(service, changes, words, never):
    """A plan has told it: as a refusal where nothing helps that `apply` may still be asked for."""
    asked = request("pass", **changes)
    with pytest.raises(ServiceError, match=words) as refused:
        service.create(asked, 1)
    assert service.jobs() == []
    told = f"{refused.value.message}; {refused.value.hint}"
    assert service.foreseen(asked) == Foreseen(told)
    undecided = LocalService(service.root, decided=False).foreseen(asked)
    assert undecided == (Foreseen(told) if never else Foreseen("", (told,)))
    assert not service.root.exists()


def test_a_plan_says_that_a_process_is_not_isolated(service):
    told = "what runs here has a network: enable_network_isolation has no effect"
    assert service.foreseen(request("pass", EnableNetworkIsolation=True)) == Foreseen("", (told,))
    assert service.foreseen(request("pass")) == Foreseen()


GROUPS = [
    {"InstanceGroupName": name, "InstanceType": "ml.c5.xlarge", "InstanceCount": count}
    for name, count in (("data", 1), ("train", 2))
]


@pytest.mark.parametrize(
    ("hyperparameters", "words"),
    [
        ({"sagemaker_distributed_dataparallel_enabled": True}, "each host would train by itself"),
        (
            {"sagemaker_mpi_enabled": True, "mp_parameters": {"partitions": 2}},
            "smdistributed.modelparallel is a library",
        ),
        (
            {"sagemaker_parameter_server_enabled": True, "sagemaker_distribution_instance_groups": ["train"]},
            "in the container, hosts of 'data' would fail",
        ),
    ],
)
def test_distribution_that_would_be_none_here_is_refused(service, hyperparameters, words):
    asked = request("pass", hyperparameters=hyperparameters, ResourceConfig={"InstanceGroups": GROUPS})
    with pytest.raises(ServiceError, match=words):
        service.create(asked, 1)


def test_mpi_job_is_refused_where_there_is_no_mpirun(service, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ServiceError, match="an MPI job needs mpirun"):
        service.create(request("pass", hyperparameters={"sagemaker_mpi_enabled": True}), 1)


def test_unknown_executor_is_refused(tmp_path):
    with pytest.raises(ServiceError, match="there is no executor 'podman'") as refused:
        LocalService(tmp_path, executor="podman")
    assert refused.value.hint == "there are process and docker"


def test_supervisor_that_cannot_begin_is_reported_with_its_last_words(service, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(service.root / "broken"))
    (service.root / "broken" / "sagespec").mkdir(parents=True)
    (service.root / "broken" / "sagespec" / "__init__.py").write_text("raise OSError('a broken installation')")
    asked = request("pass")
    with pytest.raises(ServiceError, match="could not be started: OSError: a broken installation"):
        service.create(asked, 1)
    assert service.describe(asked.job_name()).failure.endswith("OSError: a broken installation")


# Clearing up


def test_clean_deletes_jobs_that_have_ended_and_no_other(service):
    over = run(service, request("pass", name="over"))
    name = start(service, request(WAITS, name="running"))
    until_logged(service, name, "waiting")
    with pytest.raises(ServiceError, match=f"{name} is InProgress"):
        service.clean([name])
    assert service.clean() == [over.job_name]
    assert [seen.job_name for seen in service.jobs()] == [name]
    service.stop(name)
    ended(service, name)
    assert service.clean([name]) == [name]
    assert [path.name for path in service.root.iterdir()] == [".gitignore"]
    assert code({"a": "b"}).uri  # uploads went with the last job


def test_clean_does_not_claim_what_it_could_not_delete(service, monkeypatch):
    seen = run(service, request("pass"))
    monkeypatch.setattr("sagespec.deploying.services.local.service.remove", lambda folder: None)
    with pytest.raises(ServiceError, match=r"not everything could be deleted: .*/\.gone-"):
        service.clean([seen.job_name])


def test_folder_that_cannot_be_written_to_is_reported_with_its_place(tmp_path):
    (tmp_path / "taken").write_text("no folder")
    with pytest.raises(ServiceError, match=f"{tmp_path}/taken.* cannot be used: Not a directory"):
        start(LocalService(tmp_path / "taken" / "local"), request("pass"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_of_another_user_is_reported_as_such(tmp_path):
    with pytest.raises(ServiceError, match="cannot be used: Permission denied") as refused:
        start(LocalService(Path("/proc/sagespec")), request("pass"))
    assert "belongs to root" in refused.value.hint


def test_windows_is_reported_what_it_lacks(service, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(ServiceError, match="jobs on this machine need Linux or macOS") as refused:
        service.create(request("pass"), 1)
    assert "subsystem for Linux" in refused.value.hint
