"""What happens inside the container, version by version: reports of failed jobs, rebuilt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import SMALLEST, Judge
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs

SAVES = 'open(os.path.join(os.environ["SM_MODEL_DIR"], "model"), "w").write("x")\n'
OPTIONS = """
import argparse
def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
    return parser.parse_known_args()
args, _ = arguments()
"""


def rules_found(judge: Judge, code: Path, script: str, **over: Any) -> set[str]:
    (code / "train.py").write_text(f"import os\n{script}\n{SAVES}")
    found = judge(yaml.safe_dump({**SMALLEST, "model_dir": False, **over})).diagnostics
    return {each.rule for each in found if each.severity.value != "note"}


@pytest.mark.parametrize(
    "script",
    [
        'folder = os.environ.get("SM_CHANNEL_TRAIN")\nopen(os.path.join(folder, "rows"))',
        'open(os.getenv("SM_CHANNEL_TRAIN") + "/rows")',
        "def load(folder):\n    return open(os.path.join(folder, 'rows'))\nload(os.getenv('SM_CHANNEL_TRAIN'))",
        OPTIONS + 'open(os.path.join(args.train, "rows"))',
        OPTIONS + "def go(args):\n    os.listdir(args.train)\ngo(args)",
    ],
)
def test_a_channel_without_which_a_path_is_none_must_be_given(judge: Judge, code: Path, script: str) -> None:
    assert rules_found(judge, code, script) == {"channel-not-given"}
    assert rules_found(judge, code, script, channels={"train": "s3://bucket/train"}) == set()


@pytest.mark.parametrize(
    "script",
    [
        'folder = os.environ.get("SM_CHANNEL_TRAIN")\nif folder:\n    open(os.path.join(folder, "rows"))',
        'folder = os.environ.get("SM_CHANNEL_TRAIN") or "/data"\nopen(os.path.join(folder, "rows"))',
        'folder = os.environ.get("SM_CHANNEL_TRAIN", "/data")\nopen(os.path.join(folder, "rows"))',
        'folder = os.environ.get("SM_CHANNEL_TRAIN")\nif folder is None:\n    folder = "/data"\nos.listdir(folder)',
        OPTIONS + 'args.train = args.train or "/data"\nos.listdir(args.train)',
    ],
)
def test_a_channel_that_a_script_can_do_without_may_be_left_out(judge: Judge, code: Path, script: str) -> None:
    assert rules_found(judge, code, script) == set()


def test_a_hyperparameter_takes_the_place_of_a_variable(judge: Judge, code: Path) -> None:
    script = OPTIONS + "os.listdir(args.train)"
    assert rules_found(judge, code, script, hyperparameters={"train": "/opt/ml/input"}) == set()


@pytest.mark.parametrize(
    ("script", "version", "rule"),
    [
        ("from tensorflow.examples.tutorials.mnist import input_data", "2.3", "name-not-in-version"),
        ("from keras.backend.tensorflow_backend import set_session", "2.12", "name-not-in-version"),
        ("from tensorflow.keras.utils import multi_gpu_model", "2.21", "name-not-in-version"),
        ("from keras.wrappers.scikit_learn import KerasClassifier", "2.21", "name-not-in-version"),
        ("from keras.utils import np_utils", "2.21", "name-not-in-version"),
        (
            "import tensorflow as tf\ntf.keras.layers.experimental.preprocessing.Rescaling(1)",
            "2.21",
            "name-not-in-version",
        ),
        ("import numpy as np\nprint(np.int(3))", "2.21", "name-not-in-version"),
        ("import tensorflow as tf\ntf.keras.optimizers.Adam(lr=0.1)", "2.21", "argument-not-in-keras-3"),
        ("import keras\nkeras.callbacks.ModelCheckpoint('/tmp/a.keras', period=5)", "2.21", "argument-not-in-keras-3"),
    ],
)
def test_what_an_image_no_longer_has_is_reported(
    judge: Judge, code: Path, script: str, version: str, rule: str
) -> None:
    assert rules_found(judge, code, script, framework_version=version) == {rule}
    older = {"2.3": "1.15", "2.12": "2.5"}.get(version, "2.11")
    python = {"py_version": "py37"} if older == "1.15" else {}
    assert rules_found(judge, code, script, framework_version=older, **python) == set()


def test_keras_2_by_choice_has_what_keras_3_has_not(judge: Judge, code: Path) -> None:
    script = "import tensorflow as tf\ntf.keras.optimizers.Adam(lr=0.1)\ntf.keras.layers.LocallyConnected1D(1, 1)"
    assert rules_found(judge, code, script, environment={"TF_USE_LEGACY_KERAS": "1"}) == set()


@pytest.mark.parametrize("python", ["np.int64(3)", "int(3)", "np.float32(1)", "np.bool_(1)"])
def test_what_numpy_still_has_is_let_alone(judge: Judge, code: Path, python: str) -> None:
    assert rules_found(judge, code, f"import numpy as np\nprint({python})") == set()


def test_joblib_is_not_part_of_scikit_learn_any_more(judge: Judge, code: Path) -> None:
    over = {"framework": "sklearn", "framework_version": "1.2-1", "model_dir": None}
    assert rules_found(judge, code, "from sklearn.externals import joblib", **over) == {"name-not-in-version"}
    assert rules_found(judge, code, "import joblib", **over) == set()


# The project


def test_code_lies_in_the_project_wherever_its_border_is(tmp_path: Path, knowledge: Facts) -> None:
    """Without a repository, a sagespec.yaml marks it; without that, siblings belong to the project."""
    jobs, shared = tmp_path / "project" / "jobs", tmp_path / "shared"
    jobs.mkdir(parents=True)
    shared.mkdir()
    (shared / "train.py").write_text(f"import os\n{SAVES}")
    text = yaml.safe_dump({**SMALLEST, "model_dir": False, "source_dir": "../../shared"})

    def found() -> set[str]:
        (result,) = Compiler(Options(Inputs(), build=False), knowledge).source(Source("m.yaml", text, jobs))
        return {each.rule for each in result.diagnostics}

    assert found() == set()
    (tmp_path / "project" / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\n")
    assert found() == {"code-outside-project"}


DEFAULTS = """
apiVersion: sagespec/v1
kind: Defaults
framework_versions:
  - {framework_version: "2.22.0", py_version: py313}
"""


def test_a_project_adds_versions_that_the_table_has_not_yet(tmp_path: Path, knowledge: Facts) -> None:
    (tmp_path / "train.py").write_text(f"import os\n{SAVES}")

    def compiled(version: str) -> Any:
        text = yaml.safe_dump({**SMALLEST, "framework_version": version, "model_dir": False})
        (result,) = Compiler(Options(Inputs()), knowledge).source(Source("m.yaml", text, tmp_path))
        return result

    assert [each.rule for each in compiled("2.22").diagnostics] == ["unknown-framework-version"]
    (tmp_path / "sagespec.yaml").write_text(DEFAULTS)
    for version in ("2.22", "2.22.0"):
        image = compiled(version).request.body()["AlgorithmSpecification"]["TrainingImage"]
        assert image.endswith(f".amazonaws.com/tensorflow-training:{version}-cpu-py313")
    assert [each.rule for each in compiled("2.23").diagnostics] == ["unknown-framework-version"]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("7", "wrong-type"),
        ("{framework_version: 2.22, py_version: py313}", "wrong-form"),
        ('{framework_version: "2.22.0"}', "missing-field"),
        ('{framework_version: "2.22.0", py_version: py313, python: py313}', "unknown-field"),
        ('{framework: torch, framework_version: "2.22.0", py_version: py313}', "wrong-value"),
        ('{framework: huggingface, transformers_version: "5.9.0", py_version: py313}', "missing-field"),
    ],
)
def test_a_version_that_is_added_wrongly_is_reported_at_its_line(
    tmp_path: Path, knowledge: Facts, row: str, rule: str
) -> None:
    text = f"apiVersion: sagespec/v1\nkind: Defaults\nframework_versions:\n  - {row}\n"
    (result,) = Compiler(Options(Inputs()), knowledge).source(Source("sagespec.yaml", text, tmp_path))
    assert [(each.rule, each.span.line) for each in result.diagnostics] == [(rule, 4)]


def test_an_old_image_is_noted_once_a_run_and_fails_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from sagespec.cli import run

    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(f"import os\n{SAVES}")
    for name in ("one", "two"):
        manifest = {**SMALLEST, "name": name, "framework_version": "2.19", "model_dir": False}
        Path(f"{name}.yaml").write_text(yaml.safe_dump(manifest))
    assert run(["validate", "--strict", "one.yaml", "two.yaml"]) == 0
    printed = capsys.readouterr()
    assert printed.out.count("[image-out-of-patch]") == 1
    assert 'framework_version: "2.21" is patched until 2027-07-10' in printed.out
    assert printed.err.strip() == "2 manifests, 1 note"
