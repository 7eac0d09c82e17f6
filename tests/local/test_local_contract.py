"""AWS's own toolkit, run on the same folder, is the witness of what a script is told."""

import json
import os
import string
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sagespec.deploying.services.local.container import channels, contract, launch
from sagespec.deploying.services.local.folder import HostFolder, write_json
from sagespec.deploying.services.local.running.cluster import cluster_of

NAMES = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=12)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
OWN = st.sampled_from(
    ["_tuning_objective_metric", "default_user_module_name", "sagemaker_mpi_enabled", "sagemaker_custom", "model_dir"]
)
HYPERPARAMETERS = st.dictionaries(NAMES | OWN, VALUES.map(json.dumps) | TEXTS, max_size=6)
CHANNELS = st.dictionaries(
    NAMES.filter(lambda name: name.strip(".")),
    st.fixed_dictionaries({}, optional={"ContentType": TEXTS, "InputMode": st.just("FastFile")}),
    max_size=3,
)
GROUPS = st.lists(st.tuples(NAMES, st.integers(1, 3)), min_size=1, max_size=2, unique_by=lambda group: group[0])
STRATEGIES = st.sampled_from([None, *contract.DISTRIBUTIONS])


@pytest.fixture(scope="module")
def ask():
    """The toolkit: a function of folder and environment."""
    environ = {
        key: value for key, value in os.environ.items() if not key.startswith(("SM_", "SAGEMAKER_", "TRAINING_"))
    }
    program = [sys.executable, "-W", "ignore", Path(__file__).with_name("witness.py")]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as toolkit:

        def asked(folder, environ):
            toolkit.stdin.write(json.dumps({"folder": str(folder.path), "environ": environ}) + "\n")
            toolkit.stdin.flush()
            return json.loads(toolkit.stdout.readline())

        yield asked
        toolkit.stdin.close()


def laid_out(path, hyperparameters, inputs, groups, host=0):
    """A host's folder, as the supervisor fills it."""
    folder = HostFolder(Path(path))
    folder.make()
    keys = ("InstanceGroupName", "InstanceCount", "InstanceType")
    cluster = cluster_of(
        {"InstanceGroups": [dict(zip(keys, (*group, "ml.c5.xlarge"), strict=True)) for group in groups]}
    )
    mode = {
        name: channels.channel_config({**channel, "DataSource": {"S3DataSource": {"S3Uri": "s3://b/k"}}}, "File")
        for name, channel in inputs.items()
    }
    write_json(folder.config / "hyperparameters.json", hyperparameters)
    write_json(folder.config / "inputdataconfig.json", mode)
    write_json(folder.config / "resourceconfig.json", cluster.resource_config(cluster.hosts[host % len(cluster.hosts)]))
    return folder


def words(folder, told):
    """The command line of the newest TensorFlow image."""
    return launch.command_words(folder, told, sys.executable, launch.image_of("an image of one's own"))


@pytest.mark.slow
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(HYPERPARAMETERS, CHANNELS, GROUPS, STRATEGIES, st.integers(0, 5), st.sampled_from(["train.py", "run.sh", "go"]))
@example({"a": "1", "bb": '"x"', "n": "null", "t": "true"}, {}, [("homogeneousCluster", 1)], None, 0, "train.py")
def test_script_is_reported_what_the_toolkit_would_tell_it(ask, given_hps, inputs, groups, strategy, host, program):
    own = {
        "sagemaker_program": json.dumps(program),
        "sagemaker_submit_directory": '"s3://b/sourcedir.tar.gz"',
        "sagemaker_region": '"us-west-2"',
        "sagemaker_job_name": '"job-1"',
        "sagemaker_container_log_level": "20",
        **({strategy: "true"} if strategy else {}),
    }
    with tempfile.TemporaryDirectory() as path:
        folder = laid_out(path, {**given_hps, **own}, inputs, groups, host)
        environ = {"TRAINING_JOB_NAME": "job-1", "SAGEMAKER_TRAINING_MODULE": contract.TENSORFLOW_MODULE}
        told, witness = contract.invocation_of(folder, environ), ask(folder, environ)
        assert dict(told.environ) == witness["environ"]
        assert told.arguments == witness["arguments"]
        assert words(folder, told) == witness["command"]


def test_entry_point_beside_a_setup_file_is_run_as_a_module_like_the_toolkit_does(tmp_path, ask):
    folder = laid_out(tmp_path, {"sagemaker_program": '"train.py"', "epochs": "3"}, {}, [("homogeneousCluster", 1)])
    (folder.code / "setup.py").touch()
    told, witness = contract.invocation_of(folder, {}), ask(folder, {})
    assert words(folder, told) == witness["command"]
    assert witness["command"][1:] == ["-m", "train", "--epochs", "3"]


def test_program_in_the_environment_wins_over_the_hyperparameter_like_in_the_toolkit(tmp_path, ask):
    folder = laid_out(tmp_path, {"sagemaker_program": '"train.py"'}, {}, [("homogeneousCluster", 1)])
    environ = {"SAGEMAKER_PROGRAM": "other.py"}
    told, witness = contract.invocation_of(folder, environ), ask(folder, environ)
    assert dict(told.environ) == witness["environ"]
    assert words(folder, told) == witness["command"]
