"""The command line: results on standard output, everything else on standard error, and a closed set of exit codes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from conftest import REPOSITORY, SMALLEST
from sagespec.__main__ import main
from sagespec.cli import Code, run
from sagespec.cli.arguments import elsewhere
from sagespec.cli.commands import COMMANDS

TOOL = Path(sys.executable).with_name("sagespec")


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, code: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "SAGESPEC_", "NO_COLOR", "FORCE_COLOR"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(code)
    (code / "good.yaml").write_text(json.dumps(SMALLEST))
    (code / "bad.yaml").write_text(json.dumps({**SMALLEST, "max_run": 0}))
    (code / "doubtful.yaml").write_text(json.dumps({**SMALLEST, "name": "x", "instance_type": "ml.x99.large"}))
    (code / "empty").mkdir()
    (code / "defaults").mkdir()
    (code / "defaults" / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nproject: x\n")
    (code / "same-name.yaml").write_text(json.dumps(SMALLEST))


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["validate", "good.yaml"], 0),
        (["validate", "bad.yaml"], 1),
        (["validate", "doubtful.yaml"], 0),
        (["validate", "--strict", "doubtful.yaml"], 1),
        (["validate", "--allow", "out-of-range", "bad.yaml"], 0),
        (["compile", "--allow", "out-of-range", "bad.yaml"], 1),
        (["validate", "--allow", "unreadable-file", "nowhere.yaml"], 1),
        (["validate", "--allow", "no-such-rule", "good.yaml"], 2),
        (["validate", "nowhere.yaml"], 1),
        (["validate"], 2),
        (["validate", "empty"], 2),
        (["validate", "defaults"], 0),
        (["validate", "--set", "x", "good.yaml"], 2),
        (["validate", "--format", "paper", "good.yaml"], 2),
        (["vaildate", "good.yaml"], 2),
        (["compile", "good.yaml"], 0),
        (["compile", "bad.yaml"], 1),
        (["compile", "--jsonl", "good.yaml", "bad.yaml"], 1),
        (["compile", "good.yaml", "doubtful.yaml"], 2),
        (["plan", "--offline", "good.yaml"], 0),
        (["plan", "--offline", "--detailed-exitcode", "good.yaml"], 5),
        (["plan", "--offline", "bad.yaml"], 1),
        (["plan", "--offline", "good.yaml", "doubtful.yaml"], 0),
        (["plan", "--offline", "good.yaml", "same-name.yaml"], 1),
        (["explain", "spot-without-max-wait"], 0),
        (["explain", "spot-wihout-max-wait"], 2),
        (["explain", "good.yaml", "instance_type"], 0),
        (["explain", "nowhere.yaml", "instance_type"], 1),
        (["rules"], 0),
        (["versions"], 0),
        (["--version"], 0),
        (["--help"], 0),
        ([], 0),
        (["local"], 0),
        (["help", "local", "clean"], 0),
        (["apply", "--interrupt", "2", "good.yaml"], 2),
        (["completion", "bash"], 0),
    ],
)
def test_exit_codes(arguments: list[str], exit_code: int) -> None:
    assert run(arguments) == exit_code


def test_exit_codes_are_a_closed_set() -> None:
    assert {code.name: int(code) for code in Code} == {
        "FINE": 0,
        "WRONG_MANIFEST": 1,
        "WRONG_USAGE": 2,
        "SERVICE_FAILED": 3,
        "JOB_FAILED": 4,
        "CHANGES_PENDING": 5,
        "INTERRUPTED": 130,
    }


def test_findings_are_results_and_the_summary_is_a_remark(capsys: pytest.CaptureFixture[str]) -> None:
    run(["validate", "bad.yaml"])
    printed = capsys.readouterr()
    assert printed.out.startswith("bad.yaml:1:")
    assert "out-of-range" in printed.out
    assert printed.err == "1 manifest, 1 error\n"


def test_quiet_leaves_results_and_errors_and_verbose_says_what_was_read(
    code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (code / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\n")
    run(["-q", "validate", "bad.yaml"])
    assert (capsys.readouterr().err, run(["-q", "validate", "nowhere"])) == ("", 1)
    run(["-q", "compile", "bad.yaml"])
    assert "out-of-range" in capsys.readouterr().err
    run(["-v", "validate", "good.yaml"])
    assert capsys.readouterr().err == "mnist: good.yaml, then sagespec.yaml\n1 manifest, nothing to say\n"
    run(["validate", "good.yaml"])
    assert capsys.readouterr().err == "1 manifest, nothing to say\n"


def test_json_findings_have_the_documented_shape(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code / "other.yaml").write_text(json.dumps({**SMALLEST, "name": "other"}))
    run(["validate", "--format", "json", "bad.yaml", "other.yaml"])
    found = json.loads(capsys.readouterr().out)
    assert found["version"] == 1
    assert found["summary"] == {"manifests": 2, "errors": 1, "warnings": 0, "notes": 0}
    (diagnostic,) = found["diagnostics"]
    assert set(diagnostic) == {
        *("rule", "severity", "message", "hint", "path", "line", "column", "end_line", "end_column", "field", "fix"),
        *("related", "count"),
    }
    assert (diagnostic["rule"], diagnostic["path"], diagnostic["field"]) == ("out-of-range", "bad.yaml", ["max_run"])


def test_the_tables_have_a_form_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    run(["rules", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert found["version"] == 1
    assert {"spot-without-max-wait", "duplicate-key"} <= {rule["name"] for rule in found["rules"]}
    run(["versions", "pytorch", "--format", "json"])
    assert json.loads(capsys.readouterr().out)["aliases"]["2.6"] == "2.6.0"
    run(["versions", "--format", "json"])
    found = json.loads(capsys.readouterr().out)
    assert found["aliases"]["2.19"] == "2.19.0"
    (newest,) = (release for release in found["releases"] if release["version"] == "2.19.0")
    assert (newest["pythons"], newest["legacy_mode"], newest["script_mode"]) == (["py312"], False, True)


def test_jsonl_has_a_line_a_job_in_input_order(capsys: pytest.CaptureFixture[str]) -> None:
    run(["compile", "--jsonl", "bad.yaml", "doubtful.yaml", "good.yaml"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["manifest"] for row in rows] == ["bad.yaml", "doubtful.yaml", "good.yaml"]
    assert [set(row) for row in rows] == [
        {"manifest", "diagnostics"},
        {"manifest", "name", "request"},
        {"manifest", "name", "request"},
    ]


def test_out_writes_a_file_a_job(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["compile", "good.yaml", "--out", "requests"])
    assert capsys.readouterr().out == "requests/mnist.json\n"
    written = json.loads((code / "requests" / "mnist.json").read_text())
    run(["compile", "good.yaml"])
    assert json.loads(capsys.readouterr().out) == written
    assert [path.name for path in (code / "requests").iterdir()] == ["mnist.json"]


def test_values_come_from_set(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code / "m.yaml").write_text(json.dumps({**SMALLEST, "output_path": "s3://{{ vars.bucket }}/x"}))
    assert run(["compile", "--set", "bucket=models", "m.yaml"]) == 0
    assert json.loads(capsys.readouterr().out)["OutputDataConfig"]["S3OutputPath"] == "s3://models/x"


def test_a_field_is_explained_with_value_origin_and_destination(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nvolume_size: 50\n")
    run(["explain", "good.yaml", "volume_size"])
    assert capsys.readouterr().out.splitlines() == [
        "value    50",
        "written  sagespec.yaml:3:14  volume_size: 50",
        "lands    ResourceConfig.VolumeSizeInGB",
    ]


def test_apply_asks_and_without_anyone_to_answer_does_nothing(code: Path) -> None:
    fields = {key: value for key, value in SMALLEST.items() if key != "role"} | {"instance_type": "local"}
    (code / "local.yaml").write_text(json.dumps(fields))
    asked = subprocess.run(
        [TOOL, "apply", "local.yaml"], cwd=code, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert asked.returncode == Code.WRONG_USAGE
    assert "--yes" in asked.stderr
    assert not (code / ".sagespec" / "local").exists() or not list((code / ".sagespec" / "local").glob("mnist-*"))


def test_no_color_where_nobody_sees_it(code: Path) -> None:
    for world in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {}):
        ran = subprocess.run([TOOL, "validate", "bad.yaml"], cwd=code, capture_output=True, env={**os.environ, **world})
        assert b"\x1b" not in ran.stdout + ran.stderr


def test_a_closed_pipe_is_not_an_error_message(code: Path) -> None:
    ran = subprocess.run(f"{TOOL} rules | head -1", shell=True, cwd=code, capture_output=True, text=True)
    assert ran.stdout.count("\n") == 1
    assert ran.stderr == ""


@pytest.mark.parametrize(("closed", "exit_code"), [(">&-", 1), ("2>&-", 1), ("<&- >&- 2>&-", 1)])
def test_a_stream_that_is_closed_from_the_start_is_not_a_bug_of_ours(code: Path, closed: str, exit_code: int) -> None:
    ran = subprocess.run(f"{TOOL} validate bad.yaml {closed}", shell=True, cwd=code, capture_output=True, text=True)
    assert (ran.returncode, "Traceback" in ran.stderr) == (exit_code, False)


def test_an_interrupt_while_a_class_is_made_is_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python 3.11 tells of it as a RuntimeError."""

    def perform(_: object) -> None:
        raise RuntimeError("Error calling __set_name__") from KeyboardInterrupt()

    monkeypatch.setattr("sagespec.cli.perform", perform)
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().err) == (130, "")


def test_the_scaffolds_are_manifests_that_nothing_is_said_of(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for template in ("script", "keras", "legacy", "distributed", "pipe", "endpoint"):
        assert run(["init", f"my_{template}", "--template", template]) == 0
        capsys.readouterr()
        assert run(["validate", "--strict", f"my_{template}"]) == 0
        assert capsys.readouterr().out == ""
        assert run(["init", f"my_{template}", "--template", template]) == Code.WRONG_USAGE
        assert run(["plan", "--offline", f"my_{template}"]) == 0
        assert (f"my-{template} (endpoint)" in capsys.readouterr().out) is (template == "endpoint")


@pytest.mark.parametrize(
    ("script", "lines"),
    [
        ("import keras\nprint(keras)\n", ['framework_version: "2.21.0"', "model_dir: false"]),
        (
            "import os, torch, argparse\np = argparse.ArgumentParser()\np.add_argument('--lr')\np.parse_args()\n"
            "print(os.environ['SM_CHANNEL_TRAIN'], os.environ['SM_MODEL_DIR'])\n",
            ["framework: pytorch", "# the script takes --lr", "train: s3://my-bucket/train"],
        ),
        ("import tensorflow, sys\nprint(sys.argv\n", ['name: "own-script"', "entry_point: own_script.py"]),
    ],
)
def test_init_of_a_script_writes_the_manifest_that_it_asks_for(
    script: str, lines: list[str], code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (code / "own_script.py").write_text(script)
    assert run(["init", "own_script.py"]) == 0
    assert capsys.readouterr().err.startswith("\nNext: sagespec validate own_script.yaml\n")
    text = (code / "own_script.yaml").read_text()
    assert [line for line in lines if line not in text] == []
    assert run(["validate", "own_script.yaml"]) == (1 if script.endswith("argv\n") else 0)
    assert run(["init", "own_script.py"]) == Code.WRONG_USAGE
    assert "own_script.yaml is there already" in capsys.readouterr().err


def test_init_of_a_program_that_starts_jobs_names_import(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code / "launch.py").write_text("from sagemaker.tensorflow import TensorFlow\nTensorFlow(entry_point='x.py')\n")
    assert run(["init", "launch.py"]) == Code.WRONG_USAGE
    assert "sagespec import launch.py" in capsys.readouterr().err


@pytest.mark.parametrize("spelt", ["./doubtful.yaml", ".//doubtful.yaml", "doubtful.yaml/", "././doubtful.yaml"])
def test_a_file_is_called_the_same_however_its_path_is_spelt(spelt: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "doubtful.yaml"]) == Code.FINE
    plain = capsys.readouterr()
    assert plain.out.startswith("doubtful.yaml:")
    assert run(["validate", spelt]) == Code.FINE
    assert capsys.readouterr() == plain


@pytest.mark.parametrize("folder", ["sub", "sub/", "./sub", ".//sub//"])
def test_the_files_of_a_folder_are_called_the_same_however_its_path_is_spelt(
    folder: str, code: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (code / "sub" / "below").mkdir(parents=True)
    (code / "sub" / "below" / "a.yaml").write_text((code / "bad.yaml").read_text())
    assert run(["validate", folder]) == Code.WRONG_MANIFEST
    assert capsys.readouterr().out.startswith("sub/below/a.yaml:")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_not_a_bug_of_ours() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run([TOOL, "validate", "bad.yaml"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (Code.WRONG_USAGE, "error: No space left on device\n")


def test_a_plan_of_a_folder_holds_its_jobs_and_its_endpoints(capsys: pytest.CaptureFixture[str]) -> None:
    specs = REPOSITORY / "specs"
    assert run(["plan", "--offline", str(specs)]) == 0
    said = capsys.readouterr()
    assert "create  iris" in said.out
    assert "create  mnist-serving" in said.out


LOCAL_COMMANDS = [
    *("local list", "local clean --yes", "list --local", "plan --local good.yaml", "apply --local --yes good.yaml"),
    *("apply --local --yes --executor docker good.yaml", "metrics --local good.yaml x", "tensorboard --local x"),
    *(f"{command} --local x" for command in ("status", "logs", "attach", "rollback --yes", "stop --yes", "invoke")),
]
NEEDS_POSIX = """
import os, subprocess, sys
for name in ("fcntl", "pwd", "grp", "resource", "termios"):
    sys.modules[name] = None
for name in ("fork", "killpg", "setsid", "mkfifo", "getuid", "statvfs"):
    delattr(os, name)
from sagespec.cli import run
for words in sys.stdin.read().splitlines():
    print(words, run(words.split()), flush=True)
"""
"""Runs commands, one a line, where what only POSIX has is not there."""


def test_where_jobs_cannot_run_that_is_said_by_every_command() -> None:
    """In a process of its own: modules that are loaded already would not be missed."""
    with_it = {words for words, one in COMMANDS.items() if hasattr(one, "local") or words.startswith("local ")}
    tried = {" ".join(words.split()[: 2 if words.startswith("local ") else 1]) for words in LOCAL_COMMANDS}
    assert tried == with_it - {"compile"}, "compile --local runs nothing"
    command = [sys.executable, "-c", NEEDS_POSIX]
    ended = subprocess.run(command, input="\n".join(LOCAL_COMMANDS), capture_output=True, text=True)
    assert ended.stdout.splitlines() == [f"{words} 2" for words in LOCAL_COMMANDS], ended.stderr
    assert ended.stderr.count("on Windows, use WSL") == len(LOCAL_COMMANDS)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("ls", "did you mean 'list'?"),
        ("run good.yaml", "did you mean 'apply'?"),
        ("delete x", "did you mean 'stop'?"),
        ("version", "did you mean '--version'?"),
        ("valdiate good.yaml", "did you mean 'validate'?"),
        ("good.yaml", "say what to do with it, such as sagespec validate good.yaml"),
        ("apply --dry-run good.yaml", "sagespec plan shows what apply would do"),
        ("apply --force good.yaml", "did you mean '--yes'?"),
        ("validate --json good.yaml", "did you mean '--format json'?"),
        ("plan --profile x good.yaml", "set AWS_PROFILE in the environment"),
        ("plan --region us-west-2 good.yaml", "the region is the manifest's, or AWS_REGION"),
        ("logs -n 20 x", "did you mean '--tail'?"),
        ("attach -f x", "manifests and folders are given without an option"),
        ("explain instance", "did you mean 'instance_type'?"),
        ("explain timeout", "did you mean 'max_run'?"),
        ("explain spot-without-maxwait", "did you mean 'spot-without-max-wait'?"),
        ("explain good.yaml instance_typ", "did you mean 'instance_type'?"),
        ("explain good.yaml nosuch", "sagespec explain good.yaml lists those that are written"),
        ("validate --job nosuch .", "sagespec explain FILE says what its jobs are called"),
    ],
)
def test_words_of_other_programs_lead_to_ours(words: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\n")
    assert run(words.split()) == Code.WRONG_USAGE
    assert f" = help: {hint}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("compile --out train.py good.yaml", "--out train.py: train.py is not a folder"),
        ("compile --out train.py/x good.yaml", "--out train.py/x: train.py is not a folder"),
        ("schema --out train.py", "--out train.py: train.py is not a folder"),
        ("import train.py --out train.py/x", "--out train.py/x: train.py is not a folder"),
        ("import nosuch.yaml", "nosuch.yaml cannot be read: No such file or directory"),
        ("metrics good.yaml nosuch.log", "nosuch.log cannot be read: No such file or directory"),
        ("metrics good.yaml .", ". cannot be read: Is a directory"),
        ("explain sagespec.yaml", "there is no manifest here"),
    ],
)
def test_what_cannot_be_read_or_written_is_wrong_usage(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\n")
    assert run(words.split()) == Code.WRONG_USAGE
    assert f"error: {said}\n" in capsys.readouterr().err


def test_a_folder_is_explained_without_its_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    Path("job").mkdir()
    Path("job/sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\n")
    Path("job/job.yaml").write_text(json.dumps(SMALLEST))
    assert run(["explain", "job", "instance_count"]) == 0
    assert "written  job/job.yaml" in capsys.readouterr().out


def test_a_disk_that_cannot_be_written_to_is_not_a_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(words: list[str]) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", ".sagespec")

    monkeypatch.setattr("sagespec.cli.perform", full)
    monkeypatch.setattr(os, "_exit", sys.exit)
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, capsys.readouterr().err) == (2, "error: .sagespec: Permission denied\n")


def test_every_other_word_leads_to_a_command_or_an_option_that_there_is() -> None:
    commands = {meant.partition(" --")[0] for meant in elsewhere._COMMANDS} - {"--version"}
    assert commands <= set(COMMANDS)
    options = {option.spelt for command in COMMANDS.values() for option in command.options()}
    assert {meant.split()[0] for meant in elsewhere._OPTIONS if meant.startswith("--")} <= options
    said = " ".join(elsewhere._COMMANDS.values()).split()
    assert sorted(said) == sorted(set(said) - set(COMMANDS))


def test_init_leaves_a_readme_as_it_is_and_says_three_commands_that_work(capsys: pytest.CaptureFixture[str]) -> None:
    Path("README.md").write_text("mine")
    Path("train.py").unlink()
    assert run(["init"]) == 0
    assert Path("README.md").read_text() == "mine"
    said = capsys.readouterr().err.replace("Next:", "").strip().splitlines()
    assert [line.split()[1] for line in said] == ["validate", "plan", "apply"]
    assert run(said[0].split()[1:]) == 0
    assert run(said[1].split()[1:]) == 0


def test_init_never_writes_over_a_file(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code / "notes.ipynb").write_text("{}")
    before = sorted(code.rglob("*"))
    assert run(["init", "good.yaml"]) == 2
    assert "good.yaml is there already" in capsys.readouterr().err
    assert run(["init", "notes.ipynb"]) == 2
    assert "sagespec import notes.ipynb makes a manifest of it" in capsys.readouterr().err
    assert run(["init", "train.py/job"]) == 2
    assert sorted(code.rglob("*")) == before


def test_what_jobs_share_is_written_once_at_the_root(code: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code / "repository" / ".git").mkdir(parents=True)
    repository = Path("repository")
    assert run(["init", str(repository / "jobs" / "first")]) == 0
    assert run(["init", str(repository / "second.yaml"), "--template", "endpoint"]) == 0
    assert sorted(path.as_posix() for path in repository.glob("**/sagespec.yaml")) == ["repository/sagespec.yaml"]
    assert {path.parent.as_posix() for path in repository.glob("**/*.schema.json")} == {"repository/schemas"}
    names = [yaml.safe_load(path.read_text()).get("name") for path in sorted(repository.glob("**/*.yaml"))]
    assert names == ["first", None, "second", "second"]
    for path in repository.glob("**/*.yaml"):
        schema = path.parent / path.read_text().partition("$schema=")[2].partition("\n")[0]
        assert schema.is_file()
    capsys.readouterr()
    assert run(["validate", "--strict", "repository"]) == 0
    assert run(["plan", "--offline", "repository"]) == 0


def test_init_beside_defaults_that_are_there_already_fills_in_what_they_leave_out(code: Path) -> None:
    (code / "mine").mkdir()
    defaults = code / "mine" / "sagespec.yaml"
    defaults.write_text("apiVersion: sagespec/v1\nkind: Defaults\nregion: eu-west-1\n")
    assert run(["init", str(code / "mine")]) == 0
    assert "region" in defaults.read_text()
    assert "role: arn" in (code / "mine" / "train.yaml").read_text()
    assert "region:" not in (code / "mine" / "train.yaml").read_text()
    assert run(["validate", str(code / "mine")]) == 0
