"""Jobs whose outcome must be the same here and under AWS's own toolkit: name → what is special about them."""

from local.jobs import request

PROBE = """
import json, os, sys
from pathlib import Path
kept = ("SM_", "S3_", "TF_CONFIG", "TF_CPP_", "AWS_REGION", "TRAINING_", "CURRENT_HOST", "SAGEMAKER_", "PYTHONPATH")
kept += ("OWN",)
seen = {"argv": sys.argv, "cwd": os.getcwd(), "path": sys.path[0]}
seen["environ"] = {name: value for name, value in os.environ.items() if name.startswith(kept)}
place = Path("/opt/ml/output/data", f"seen-{os.environ['SM_CURRENT_HOST']}")
place.write_text(json.dumps(seen))
"""
SHELL = (
    """#!/bin/sh
python3 - "$@" <<'END'
"""
    + PROBE
    + "END\n"
)
GROUPS = [
    {"InstanceGroupName": "data", "InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
    {"InstanceGroupName": "train", "InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
]
PLAYED = """
class Server:
    def __init__(self, *_, **__): pass
    def join(self): pass
class compat:
    class v1:
        ConfigProto = dict
class distribute:
    Server = Server
class train:
    ClusterSpec = dict
"""
"""TensorFlow, as far as a parameter server needs it."""
MIRRORED, SERVERS = "sagemaker_multi_worker_mirrored_strategy_enabled", "sagemaker_parameter_server_enabled"


def values(**hyperparameters):
    return {"hyperparameters": hyperparameters}


CONFIGURATIONS = {
    "no hyperparameters": {},
    "numbers": values(epochs=3, rate=0.5, small=1e-7, big=10**20),
    "booleans": values(yes=True, no=False),
    "a short name": values(x=1),
    "a blank": values(text="first try"),
    "several blanks": values(text="a   b"),
    "a blank at the end": values(text="a "),
    "an empty text": values(text="", epochs=3),
    "null": values(text=None, epochs=3),
    "a list": values(layers=[64, 32]),
    "a list as text": values(shape="[28,28]"),
    "a map": values(optimizer={"b": 2, "a": 1}),
    "a map within a map": values(optimizer={"b": {"c": 2}, "a": 1}),
    "a list of texts": values(names=["a", "b c"]),
    "a JSON text": values(config='{"units": 64}'),
    "a semicolon": values(text="a;b"),
    "a semicolon before what is there": values(text="a; true"),
    "an ampersand": values(url="http://h/?a=1&b=2"),
    "two ampersands": values(text="a&&b"),
    "a pipe": values(text="a|cat"),
    "a redirection": values(text="a>out.txt"),
    "an input that is not there": values(text="a<nothing.txt"),
    "a variable": values(text="$HOME/x"),
    "a variable that is not set": values(loss="$loss"),
    "a command": values(text="$(echo inner)"),
    "backticks": values(text="`echo inner`"),
    "a single quote": values(text="it's"),
    "single quotes": values(text="'a b'"),
    "double quotes": values(text='say "a  b"'),
    "a double quote": values(text='5" wide'),
    "parentheses": values(text="f(x)"),
    "a hash": values(text="#7", epochs=3),
    "a hash inside": values(text="a#7", epochs=3),
    "a star": values(files="*.py"),
    "a star that finds nothing": values(files="*.tfrecord"),
    "a question mark": values(files="train.p?"),
    "a tilde": values(place="~/x"),
    "braces": values(text="{a,b}"),
    "a backslash": values(pattern="\\d+"),
    "a line break": values(text="one\ntwo"),
    "a line break before a command": values(text="one\necho second"),
    "a tab": values(text="a\tb"),
    "letters beyond ASCII": values(text="Grüße, 世界"),
    "an exclamation mark": values(text="wow!"),
    "an equals sign": values(text="A=1"),
    "a value like an option": values(text="--epochs"),
    "names with hyphens and dots": values(**{"batch-size": 32, "with.dot": 1}),
    "a name with a blank": values(**{"batch size": 32}),
    "variables of one's own": {"Environment": {"OWN": "a b; $HOME", "OWN-NAME": "x"}},
    "a search path of one's own": {"Environment": {"PYTHONPATH": "/opt/ml/code/lib"}},
    "a name for the job": {"Environment": {"SM_HPS": "{}", "TF_CPP_MIN_LOG_LEVEL": "3"}},
    "a program of one's own": {"Environment": {"SAGEMAKER_PROGRAM": "other.py"}, "files": {"other.py": PROBE}},
    "a shell script": {"entry_point": "run.sh", "files": {"run.sh": SHELL}, **values(text="a b", home="$HOME")},
    "a shell script with a quote": {"entry_point": "run.sh", "files": {"run.sh": SHELL}, **values(text='"')},
    "a shell script of Windows": {"entry_point": "run.sh", "files": {"run.sh": SHELL.replace("\n", "\r\n")}},
    "a program": {"entry_point": "run", "files": {"run": SHELL}, **values(epochs=3)},
    "a script in a folder": {"entry_point": "src/train.py", "files": {"src/train.py": PROBE}},
    "a script with a blank in its name": {"entry_point": "my train.py", "files": {"my train.py": PROBE}},
    "a script with parentheses in its name": {"entry_point": "train(1).py", "files": {"train(1).py": PROBE}},
    "no such script": {"entry_point": "train.py", "files": {}},
    "a script that fails": {"files": {"train.py": PROBE + "raise ValueError('bad')\n"}},
    "a script that exits": {"files": {"train.py": PROBE + "sys.exit(3)\n"}},
    "a script that is killed": {"files": {"train.py": PROBE + "os.kill(os.getpid(), 9)\n"}},
    "a script with a fault of memory": {"files": {"train.py": PROBE + "os.kill(os.getpid(), 11)\n"}},
    "a script that leaves a process": {
        "files": {"train.py": PROBE + "os.fork() or [__import__('time').sleep(0.5), place.write_text('late')]\n"}
    },
    "a streamed channel": {"mode": "FastFile"},
    "two hosts": {"count": 2, **values(text="a b")},
    "three hosts of a mirrored strategy": {"count": 3, **values(**{MIRRORED: True})},
    "two hosts with parameter servers": {
        "count": 2, "files": {"train.py": PROBE, "tensorflow.py": PLAYED}, **values(**{SERVERS: True})
    },
    "three hosts with parameter servers": {
        "count": 3, "files": {"train.py": PROBE, "tensorflow.py": PLAYED}, **values(**{SERVERS: True})
    },
    "one host with parameter servers": values(**{SERVERS: True}),
    "groups": {"groups": GROUPS},
    "groups of which one is mirrored": {
        "groups": GROUPS, **values(**{MIRRORED: True, "sagemaker_distribution_instance_groups": ["train"]})
    },
    "groups that are mirrored each by itself": {"groups": GROUPS, **values(**{MIRRORED: True})},
}  # fmt: skip


def asked(name, image, code, channel):
    """The request; its code comes in a channel, as an isolated job's does, so that it lies there for the toolkit too.

    Args:
        code: files → the URI of an archive of them.
        channel: a channel of data.
    """
    special = dict(CONFIGURATIONS[name])
    files, groups = special.pop("files", {"train.py": PROBE}), special.pop("groups", None)
    own = {"InputMode": special.pop("mode")} if "mode" in special else {}
    source = {"S3DataType": "S3Prefix", "S3Uri": code(files)}
    inputs = [{**channel, **own}, {"ChannelName": "code", "DataSource": {"S3DataSource": source}}]
    resources = {"ResourceConfig": {"InstanceGroups": groups}} if groups else {}
    given = {"sagemaker_submit_directory": "/opt/ml/input/data/code/sourcedir.tar.gz"}
    hyperparameters = {**special.pop("hyperparameters", {}), **given}
    return request(
        {}, hyperparameters=hyperparameters, algorithm={"TrainingImage": image}, InputDataConfig=inputs,
        **resources, **special
    )  # fmt: skip
