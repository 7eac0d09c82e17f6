"""The same jobs here and under AWS's own toolkit, in the versions that the images hold: the outcome is the same."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.configurations import CONFIGURATIONS, asked
from local.jobs import channel, code, run
from local.opt_ml import NEEDS_OPT_ML
from sagespec.deploying.services.local.container import launch, optml
from sagespec.deploying.services.local.folder import JobFolder
from sagespec.deploying.services.local.job import read_job
from sagespec.deploying.services.local.service import LocalService

AWS = "763104351884.dkr.ecr.us-west-2.amazonaws.com/"
IMAGES = {
    "3.9.2": AWS + "tensorflow-training:2.4.1-cpu-py37",
    "4.0.0": AWS + "tensorflow-training:2.7.1-cpu-py38",
    "4.8.4": AWS + "tensorflow-training:2.18.0-cpu-py310",
    "5.1.1": AWS + "tensorflow-training:2.21.0-cpu-py312",
}
"""The toolkit → an image that holds it."""
OLD = ("a blank", "null", "a shell script", "two hosts with parameter servers")
"""What is compared with the toolkits of older images too. (4.0.0 does not wait for the exit code: luck decides.)"""
PAIRS = [("5.1.1", name) for name in CONFIGURATIONS]
PAIRS += [("4.8.4", name) for name in dict.fromkeys((*OLD, *list(CONFIGURATIONS)[::6]))]
PAIRS += [(toolkit, name) for toolkit in ("4.0.0", "3.9.2") for name in OLD]
FRAMEWORKS = {"5.1.1": "20.5.0", "4.8.4": "20.5.0", "4.0.0": "20.1.5", "3.9.2": "20.1.5"}
SHELLS = {"4.8.4": "dash", "4.0.0": "dash", "5.1.1": "bash", "3.9.2": "dash"}

pytestmark = [pytest.mark.slow, NEEDS_OPT_ML]


@pytest.fixture(scope="module")
def toolkits(tmp_path_factory):
    """A folder for each version, with the packages that are not this environment's own."""
    uv = Path(sys.executable).with_name("uv")

    def folder(version):
        place = tmp_path_factory.mktemp("toolkit")
        wanted = [f"sagemaker-training=={version}", f"sagemaker-tensorflow-training=={FRAMEWORKS[version]}"]
        command = [uv, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", place, *wanted]
        subprocess.run(command, check=True)
        return place

    return {version: folder(version) for version in IMAGES}


def under_the_toolkit(toolkit, version, job, host, environ, tmp_path):
    """What `train` makes of a copy of the host's folder: its failure, if any, and what the script saw."""
    folder = tmp_path / f"there-{host}"
    shutil.copytree(job.folder.host(host).path / "input", folder / "input")
    for name in ("code", "model", "output/data"):
        (folder / name).mkdir(parents=True)
    here = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    train = [sys.executable, str(Path(__file__).with_name("train.py")), str(toolkit)]
    if SHELLS[version] == "bash":
        line = 'mount --bind "$(readlink -f /bin/bash)" "$(readlink -f /bin/sh)"; exec "$0" "$@"'
        train = ["bash", "-c", line, *train]
    (hosts := tmp_path / "hosts").write_text(job.cluster.etc_hosts())
    command = optml.inside(folder, hosts, tmp_path / f"scratch-{host}", train)
    module = launch.image_of(job.algorithm["TrainingImage"]).training_module
    given = {"SAGEMAKER_TRAINING_MODULE": module, **environ, **job.service_environment}
    ended = subprocess.run(command, env={**here, **given}, capture_output=True, text=True, errors="replace", timeout=60)
    written = folder / "output" / "failure"
    assert written.exists() == bool(ended.returncode), ended.stderr
    return written.read_text() if ended.returncode else "", seen_below(folder)


def seen_below(folder):
    """What the scripts of one host saw, less what must differ: ports, and where Python looks beside the code."""
    return [_comparable(path.read_text()) for path in sorted((folder / "output" / "data").glob("seen-*"))]


def _comparable(text):
    if not text.startswith("{"):
        return text
    seen = json.loads(text)
    environ = seen["environ"]
    environ["PYTHONPATH"] = [p for p in environ["PYTHONPATH"].split(":") if p.startswith("/opt/ml")]
    whole = json.loads(environ["SM_TRAINING_ENV"])
    whole.pop("topology", None)  # toolkit 5.1 only
    environ["SM_TRAINING_ENV"] = whole
    if "TF_CONFIG" in environ:
        environ["TF_CONFIG"] = json.loads(re.sub(r'"[-.\w]+:\d+"', '"host:port"', environ["TF_CONFIG"]))
    return seen


def differences(here, there, place=""):
    """Every value that differs, with its place."""
    if isinstance(here, dict) and isinstance(there, dict):
        keys = sorted({*here, *there})
        return [one for key in keys for one in differences(here.get(key), there.get(key), f"{place}/{key}")]
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        pairs = enumerate(zip(here, there, strict=True))
        return [one for number, pair in pairs for one in differences(*pair, f"{place}/{number}")]
    return [] if here == there else [(place, here, there)]


def reason(failure):
    """Which program failed, how it ended, and what it was: the words between are whatever it printed."""
    known = re.search(r"^(?:AlgorithmError: )?(\w+):\nExitCode (-?\d+)\n", failure)
    memory = "OutOfMemory" in failure
    command = re.search(r'^Command "(.*?)"(?:, exit code: 1)?\Z', failure, re.MULTILINE | re.DOTALL)
    return (known and known.groups(), memory, command and command[1])


@pytest.mark.parametrize(("version", "name"), PAIRS)
def test_outcome_is_that_of_the_toolkit_in_the_image(version, name, toolkits, tmp_path):
    if SHELLS[version] == "bash" and (os.getuid() or not shutil.which("bash")):
        pytest.skip("only root can put another shell in place")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.csv").touch()

    def archive(files):
        (tmp_path / "sourcedir.tar.gz").write_bytes(code(files).content.data)
        return str(tmp_path / "sourcedir.tar.gz")

    request = asked(name, IMAGES[version], archive, channel("train", str(tmp_path / "data")))
    service = LocalService(tmp_path / "local", grace=1)
    seen = run(service, request)
    job = read_job(JobFolder(service.root / seen.job_name))
    environ = job.body.get("Environment", {})
    there = {host: under_the_toolkit(toolkits[version], version, job, host, environ, tmp_path) for host in job.hosts}
    failures = [failure for failure, _ in there.values() if failure]
    assert seen.status == ("Failed" if failures else "Completed"), (seen.failure, failures)
    if failures:
        assert reason(seen.failure) in [reason(failure) for failure in failures]
    else:
        here = {host: seen_below(job.folder.host(host).path) for host in job.hosts}
        found = differences(here, {host: saw for host, (_, saw) in there.items()})
        # Older toolkits know no instance groups, and fewer variables.
        assert [one for one in found if version > "4.8" or "/environ/" not in one[0]] == []
