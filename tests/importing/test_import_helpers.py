"""Programs of the SDK that import modules of their own folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from sagespec.catalog import Facts
from sagespec.importing import Imported, UnreadableProgram, from_folder, from_text
from sagespec.reporting.scaffold import scaffold

COMMON = """
from sagemaker.pytorch import PyTorch
ROLE, BUCKET = "arn:aws:iam::123456789012:role/R", "my-bucket"
def make(entry, **more):
    return PyTorch(entry, role=ROLE, framework_version="2.3.0", py_version="py311", instance_count=1,
                   instance_type="ml.g5.xlarge", **more)
def run(estimator, data):
    estimator.fit({"train": f"s3://{BUCKET}/{data}"})
def never():
    make("never.py").fit("s3://b/never")
class Launcher:
    def __init__(self, name):
        self.estimator = make("train.py", base_job_name=name)
    def start(self, **channels):
        self.estimator.fit(channels)
shared = Launcher("shared")
idle = make("idle.py")
if __name__ == "__main__":
    never()
"""


def imported(folder: Path, files: Mapping[str, str], name: str, knowledge: Facts) -> Imported:
    for path, text in {"lib/__init__.py": "", "lib/common.py": COMMON, **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return from_text(files[name], str(folder / name), knowledge)


WAYS = {
    "functions": "from lib.common import make, run\nrun(make('train.py', hyperparameters={'a': 1}), 'mnist')",
    "a module": "import lib.common as c\nc.run(c.make('train.py', hyperparameters={'a': 1}), 'mnist')",
    "a package": "import lib.common\nlib.common.run(lib.common.make('train.py', hyperparameters={'a': 1}), 'mnist')",
    "from a package": "from lib import common\ncommon.run(common.make('train.py', hyperparameters={'a': 1}), 'mnist')",
    "everything": "from lib.common import *\nrun(make('train.py', hyperparameters={'a': 1}), 'mnist')",
    "a constant": "from lib.common import make, BUCKET\n"
    "make('train.py', hyperparameters={'a': 1}).fit({'train': 's3://' + BUCKET + '/mnist'})",
    "a module that was changed": "from lib import common\ncommon.BUCKET = 'my-bucket'\n"
    "common.run(common.make('train.py', hyperparameters={'a': 1}), 'mnist')",
    "a subclass": "from lib.common import Launcher, make\nclass Mine(Launcher):\n"
    "    def __init__(self):\n        self.estimator = make('train.py', hyperparameters={'a': 1})\n"
    "Mine().start(train='s3://my-bucket/mnist')",
}


@pytest.mark.parametrize("program", WAYS.values(), ids=WAYS)
def test_what_a_module_of_the_folder_does_counts(program: str, tmp_path: Path, knowledge: Facts) -> None:
    found = imported(tmp_path, {"go.py": program}, "go.py", knowledge)
    (draft,) = found
    assert draft.data["entry_point"] == "train.py"
    assert draft.data["role"] == "arn:aws:iam::123456789012:role/R"
    assert draft.data["channels"] == {"train": "s3://my-bucket/mnist"}
    assert draft.data["hyperparameters"] == {"a": 1}
    assert found.complete


def test_a_package_may_lie_above_the_program(tmp_path: Path, knowledge: Facts) -> None:
    program = "from lib.common import Launcher\nfrom ..common import BUCKET\nLauncher(BUCKET).start(train='s3://b/t')"
    found = imported(tmp_path, {"lib/jobs/__init__.py": "", "lib/jobs/go.py": program}, "lib/jobs/go.py", knowledge)
    (draft,) = found
    assert (draft.data["name"], draft.data["channels"]) == ("my-bucket", {"train": "s3://b/t"})


def test_what_nobody_starts_in_a_module_is_not_this_programs_to_tell(tmp_path: Path, knowledge: Facts) -> None:
    found = imported(
        tmp_path, {"go.py": "from lib.common import shared\nshared.start(a='s3://b/a')"}, "go.py", knowledge
    )
    (draft,) = found
    assert (draft.data["name"], draft.data["channels"], found.complete) == ("shared", {"a": "s3://b/a"}, True)


def test_a_place_in_a_module_is_reported_with_its_file(tmp_path: Path, knowledge: Facts) -> None:
    helper = "def run(estimator):\n    if fast:\n        estimator.fit('s3://b/x')\n"
    program = "from lib.common import make\nfrom helper import run\nrun(make('train.py'))"
    (draft,) = imported(tmp_path, {"helper.py": helper, "go.py": program}, "go.py", knowledge)
    assert draft.where == "helper.py, line 3"
    assert draft.remarks == ("only where `fast` holds (helper.py, line 2)",)


@pytest.mark.parametrize("helper", ["def make(:\n", "from helper import make\n", "x = 1\n"])
def test_a_module_that_says_nothing_is_a_library(helper: str, tmp_path: Path, knowledge: Facts) -> None:
    program = "from helper import make\nmake('train.py').fit('s3://b/x')"
    with pytest.raises(UnreadableProgram, match=r"line 2: .* may start a job of something that cannot be seen here"):
        imported(tmp_path, {"helper.py": helper, "go.py": program}, "go.py", knowledge)


def test_a_program_of_a_folder_is_found_by_what_it_imports(tmp_path: Path, knowledge: Facts) -> None:
    imported(
        tmp_path, {"go.py": "from lib.common import make, run\nrun(make('train.py'), 'mnist')"}, "go.py", knowledge
    )
    found = {path.name: [draft.data["name"] for draft in what] for path, what in from_folder(tmp_path, knowledge)}
    assert found["go.py"] == ["train"]


MAKES_DATA = """
def make():
    rows = []
    for a in range(60):
        for b in range(60):
            for c in range(60):
                rows.append(a * b + c)
    return rows
def start(estimator):
    make()
    estimator.fit("s3://b/x")
"""


def test_a_module_that_takes_long_does_not_keep_the_program_from_its_end(tmp_path: Path, knowledge: Facts) -> None:
    program = "from data import make\nfrom lib.common import make as estimator\nK = {'rows': len(make())}\n"
    program += "estimator('train.py', hyperparameters={'a': 1}).fit('s3://b/x')"
    (draft,) = imported(tmp_path, {"data.py": MAKES_DATA, "go.py": program}, "go.py", knowledge)
    assert (draft.data["hyperparameters"], draft.complete) == ({"a": 1}, True)


def test_an_estimator_that_is_lost_in_a_long_module_is_reported(tmp_path: Path, knowledge: Facts) -> None:
    program = "from data import start\nfrom lib.common import make\nstart(make('train.py'))"
    (draft,) = imported(tmp_path, {"data.py": MAKES_DATA, "go.py": program}, "go.py", knowledge)
    assert "channels" not in draft.data
    assert draft.remarks == (
        "no start of it can be seen: its channels are not known (lib/common.py, line 5)",
        "it is passed to `start(make('train.py'))` (line 3)",
    )


def test_what_init_writes_is_passed_over_in_a_folder(tmp_path: Path, knowledge: Facts) -> None:
    scaffold(tmp_path, "script")
    assert (tmp_path / "schemas").is_dir()
    assert list(from_folder(tmp_path, knowledge)) == []


def test_a_training_script_with_helpers_is_passed_over_in_a_folder(tmp_path: Path, knowledge: Facts) -> None:
    (tmp_path / "net.py").write_text("def train(model, x):\n    model.fit(x)\n")
    (tmp_path / "train.py").write_text(
        "import os\nfrom net import train\ntrain(m, os.environ['SM_CHANNEL_TRAIN'])  # sagemaker"
    )
    assert list(from_folder(tmp_path, knowledge)) == []
