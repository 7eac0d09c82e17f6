"""Spot, rehearsed for real: the same script that restores its checkpoint, or does not."""

import json
from pathlib import Path

import pytest

from local.jobs import log, request, run
from sagespec.cli import perform
from sagespec.deploying.services.local.running.rehearsal import Interruption, RehearsalJudge, RehearsalProgress
from sagespec.deploying.services.local.service import LocalService

SCRIPT = """
import os, pathlib, time
place = pathlib.Path(os.environ["SM_MODEL_DIR"]).with_name("checkpoints") / "epoch"
finished = int(place.read_text()) if RESTORES and place.exists() else 0
for epoch in range(finished + 1, 13):
    print("Epoch", epoch, "of 12", flush=True)
    place.with_name("unfinished").write_text(str(epoch))
    place.with_name("unfinished").rename(place)
    time.sleep(0.1)
"""
KEPT = {"S3Uri": "s3://bucket/checkpoints/spot"}


@pytest.fixture
def service(tmp_path):
    return LocalService(tmp_path / "local", interrupt=1, grace=1)


def rehearsed(service, script, **members):
    seen = run(service, request(script, **members))
    assert seen.status == "Completed", (seen.failure, log(service, seen.job_name))
    return seen


def test_script_that_restores_is_seen_to_resume(service):
    seen = rehearsed(service, SCRIPT.replace("RESTORES", "True"), CheckpointConfig=KEPT)
    verdict = seen.body["Rehearsal"]
    [restart] = verdict["runs"]
    assert (verdict["verdict"], verdict["interruptions"], verdict["unit"]) == ("resumed", 1, "epoch")
    # It may be taken away between the line that tells an epoch and the checkpoint that keeps it.
    assert restart["went_on_at"] - restart["reached"] in (0, 1)
    assert f"algo-1: sagespec: {verdict['text']}" in log(service, seen.job_name)
    assert [step["Status"] for step in seen.body["SecondaryStatusTransitions"]] == [
        "Starting", "Downloading", "Training", "Interrupted", "Starting", "Downloading", "Training",
        "Uploading", "Completed",
    ]  # fmt: skip


def test_script_that_does_not_restore_is_seen_to_begin_again(service):
    seen = rehearsed(service, SCRIPT.replace("RESTORES", "False"), CheckpointConfig=KEPT)
    verdict = seen.body["Rehearsal"]
    assert (verdict["verdict"], verdict["runs"][0]["went_on_at"]) == ("began again", 1)
    assert "restore the newest one when the script starts" in verdict["text"]


def test_checkpoints_that_are_not_kept_in_s3_go_with_the_instance(service):
    seen = rehearsed(service, SCRIPT.replace("RESTORES", "True"))
    assert seen.body["Rehearsal"]["verdict"] == "began again"


def test_nothing_but_the_checkpoints_is_left_after_an_interruption(service):
    script = """
import os, pathlib, time
model = pathlib.Path(os.environ["SM_MODEL_DIR"])
print("found", sorted(path.name for path in model.iterdir()), pathlib.Path("scratch").exists(), flush=True)
(model / "half").touch()
pathlib.Path("scratch").touch()
for step in range(12):
    print("step", step, flush=True)
    time.sleep(0.05)
"""
    seen = rehearsed(service, script, CheckpointConfig=KEPT)
    found = [line for line in log(service, seen.job_name) if "found" in line]
    assert found == ["algo-1: found [] False"] * 2


@pytest.mark.parametrize(
    ("runs", "verdict"),
    [
        ([["epoch 1", "epoch 2"], ["epoch 3"]], "resumed"),
        ([["epoch 1", "epoch 2"], ["epoch 2"]], "resumed"),
        ([["epoch 1", "epoch 2"], ["epoch 1"]], "began again"),
        ([["epoch 1"], ["epoch 2"], ["epoch 1"]], "began again"),
        ([["epoch 1", "epoch 2"], ["found the checkpoint of epoch 2", "epoch 1"]], "began again"),
        ([["step 0", "step 1"], ["step 0"]], "began again"),
        ([["Epoch 1/40 - loss 3", "Epoch 2/40"], ["Epoch 3/40"]], "resumed"),
        ([["global_step=100"], ["INFO: global_step=150"]], "resumed"),
        ([["loss 1"], ["loss 2"]], "unknown"),
        ([["epoch 1"]], "not interrupted"),
    ],
)
def test_verdict_follows_from_the_steps_in_the_log(runs, verdict):
    judge, progress = RehearsalJudge(len(runs) - 1 or 1), RehearsalProgress()
    for number, lines in enumerate(runs, 1):
        progress.begin()
        for line in lines:
            progress.notice(line)
        judge.saw(progress, interrupted=number < len(runs))
    assert judge.verdict()["verdict"] == verdict


def test_instance_goes_after_some_steps_or_after_some_time_of_silence():
    progress = RehearsalProgress()
    assert not progress.due(Interruption(2, 0, silence=60))
    assert progress.due(Interruption(2, 0, silence=-1))
    progress.notice("step 7")
    assert not progress.due(Interruption(2, 0, silence=-1))
    progress.notice("step 7, still")
    assert not progress.due(Interruption(2, 0, silence=-1))
    progress.notice("step 8")
    assert progress.due(Interruption(2, 0, silence=-1))
    assert not progress.due(Interruption(2, 1e9, silence=-1))


def test_job_that_is_not_rehearsed_has_no_verdict(tmp_path):
    seen = rehearsed(LocalService(tmp_path / "local"), "print('epoch 1')")
    assert "Rehearsal" not in seen.body


BEGINS_AGAIN = """
import time
for epoch in range(1, 13):
    print("epoch", epoch, flush=True)
    time.sleep(0.05)
"""
MANIFEST = """
apiVersion: sagespec/v1
kind: TrainingJob
name: spot
framework_version: "2.19"
py_version: py312
entry_point: train.py
instance_type: local
instance_count: 1
model_dir: false
"""


def test_rehearsal_that_began_again_fails_the_command_and_stands_in_its_json(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text(BEGINS_AGAIN)
    Path("job.yaml").write_text(MANIFEST)
    again = ["apply", "--local", "--yes", "--interrupt", "1", "--format", "json", "job.yaml"]
    assert perform(again)[0] == 4
    said = capfd.readouterr()
    [job] = json.loads(said.out)["jobs"]
    assert job["ending"]["rehearsal"]["verdict"] == "began again"
    assert "rehearsal: training began again" in said.err
    assert perform(again)[0] == 2
    assert "would not run, so nothing would be rehearsed" in capfd.readouterr().err


def test_interruption_that_never_came_is_said():
    judge, progress = RehearsalJudge(2), RehearsalProgress()
    progress.notice("epoch 1")
    judge.saw(progress, interrupted=False)
    assert judge.verdict()["text"] == (
        "rehearsal: nothing was interrupted, so nothing is known; the script ended before interruption 1 of 2 came: "
        "let it train for longer"
    )
