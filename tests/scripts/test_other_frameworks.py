"""What scripts of other frameworks than TensorFlow do with their model, and with their processes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import SMALLEST
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs

PYTORCH = {"framework": "pytorch", "framework_version": "2.3.0", "py_version": "py311"}
SKLEARN = {"framework": "sklearn", "framework_version": "1.2-1", "py_version": "py3"}
XGBOOST = {"framework": "xgboost", "framework_version": "1.7-1", "py_version": "py3"}
HUGGING_FACE = {
    "framework": "huggingface",
    "framework_version": None,
    "transformers_version": "4.36",
    "pytorch_version": "2.1",
    "py_version": "py310",
    "instance_type": "ml.g5.xlarge",
}
MAIN = 'if __name__ == "__main__":\n    '
TORCH = f'import os, torch\n{MAIN}torch.save({{}}, "model.pt")\n'
TRAINER = f'from transformers import Trainer, TrainingArguments\n{MAIN}Trainer(args=TrainingArguments("out")).train()\n'
JOBLIB = f'import joblib\n{MAIN}joblib.dump({{}}, "model.joblib")\n'
BOOSTER = f"import xgboost\n{MAIN}xgboost.train({{}}, None)\n"
JOINS = f'import torch.distributed as dist\n{MAIN}dist.init_process_group("nccl")\n'
LOST, ALONE = "model-not-saved", "process-group-without-distribution"


def messages_about(folder: Path, knowledge: Facts, script: str, **fields: object) -> list[str]:
    (folder / "train.py").write_text(script)
    job = {key: value for key, value in {**SMALLEST, "entry_point": "train.py", **fields}.items() if value is not None}
    (result, *_) = Compiler(Options(Inputs(), build=False), knowledge).source(
        Source("job.yaml", json.dumps(job), folder)
    )
    return [one.rule for one in result.diagnostics]


@pytest.mark.parametrize(
    ("script", "fields"), [(TORCH, PYTORCH), (TRAINER, HUGGING_FACE), (JOBLIB, SKLEARN), (BOOSTER, XGBOOST)]
)
def test_a_model_that_is_left_on_the_instance_is_spoken_of(
    script: str, fields: dict[str, object], tmp_path: Path, knowledge: Facts
) -> None:
    assert messages_about(tmp_path, knowledge, script, **fields) == [LOST]


@pytest.mark.parametrize(
    ("script", "fields"),
    [
        (TORCH.replace('"model.pt"', 'os.environ["SM_MODEL_DIR"] + "/model.pt"'), PYTORCH),
        (TORCH.replace("model.pt", "/opt/ml/model/model.pt"), PYTORCH),
        (
            TORCH.replace("model.pt", "/opt/ml/checkpoints/model.pt"),
            {**PYTORCH, "checkpoint_s3_uri": "s3://bucket/checkpoints"},
        ),
        (TRAINER.replace('"out"', '"out", push_to_hub=True'), HUGGING_FACE),
        (TRAINER + "    Trainer.push_to_hub()\n", HUGGING_FACE),
    ],
)
def test_a_model_that_is_kept_is_not_spoken_of(
    script: str, fields: dict[str, object], tmp_path: Path, knowledge: Facts
) -> None:
    assert messages_about(tmp_path, knowledge, script, **fields) == []


def test_processes_that_are_reported_nothing_need_a_distribution(tmp_path: Path, knowledge: Facts) -> None:
    assert messages_about(tmp_path, knowledge, JOINS, **PYTORCH) == [ALONE]


@pytest.mark.parametrize(
    ("script", "more"),
    [
        (
            JOINS,
            {
                "distribution": {"torch_distributed": {"enabled": True}},
                "instance_type": "ml.g5.12xlarge",
                "instance_count": 2,
            },
        ),
        (JOINS, {"environment": {"RANK": "0", "WORLD_SIZE": "1"}}),
        (JOINS.replace('"nccl"', '"nccl", rank=0, world_size=1'), {}),
        (JOINS.replace("import torch", "import os, torch").replace("dist.", 'os.environ["RANK"] = "0"; dist.'), {}),
    ],
)
def test_processes_that_know_their_rank_are_not_spoken_of(
    script: str, more: dict[str, object], tmp_path: Path, knowledge: Facts
) -> None:
    assert ALONE not in messages_about(tmp_path, knowledge, script, **{**PYTORCH, **more})
