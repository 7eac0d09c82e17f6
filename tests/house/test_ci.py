"""What is offered to continuous integration works there: the hooks with pre-commit, the action's and GitLab's steps."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import REPOSITORY, SCRIPT, SMALLEST
from fakes.fixtures import Aws, clean
from fakes.jobs import Fate

ACTION: dict[str, Any] = yaml.safe_load((REPOSITORY / "action.yml").read_text(encoding="utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
PAGE = (REPOSITORY / "docs" / "ci.md").read_text(encoding="utf-8")
RECIPES = dict(
    zip(
        ["pre-commit", "github-workflows", "drift", "gitlab-ci", "buildspec"],
        re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S),
        strict=True,
    )
)
PRE_COMMIT, GITHUB, DRIFT, GITLAB, BUILDSPEC = map(yaml.safe_load, RECIPES.values())
EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
BAD = {**SMALLEST, "name": "bad", "instance_count": 0}


@pytest.fixture
def jobs(tmp_path: Path) -> Path:
    """A project with one good manifest in `jobs`, and something else beside it."""
    folder = tmp_path / "project" / "jobs"
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(SCRIPT)
    (folder / "mnist.yaml").write_text(json.dumps(SMALLEST, indent=1))
    (folder / "other.yaml").write_text("kind: Deployment\n")
    return folder


# GitHub's action ----------------------------------------------------------------------------------------------------


class Runner:
    """Runs the steps of the action as GitHub's runner does, as far as they go outside of it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.files = {name: folder.parent / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in self.files.values():
            file.write_text("")
        self.environment = {
            **environment,
            **{name: str(file) for name, file in self.files.items()},
            "GITHUB_ACTION_PATH": str(REPOSITORY),
        }

    def run(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        """The last step that runs, or the first that fails."""
        names = {name.replace("_", "-"): value for name, value in inputs.items()}
        given = {name: one.get("default", "") for name, one in ACTION["inputs"].items()} | names
        assert set(names) <= set(ACTION["inputs"])
        ended = None
        for step in ACTION["runs"]["steps"]:
            if step.get("if") == "inputs.install == 'true'" and given["install"] != "true":
                continue
            assert not EXPRESSION.search(step["run"]), "an expression in a script would run what its input says"
            own = {name: self.filled(text, given) for name, text in step.get("env", {}).items()}
            ended = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.folder,
                env={**self.environment, **own},
                capture_output=True,
                text=True,
            )
            if ended.returncode:
                break
        assert ended is not None
        return ended

    @staticmethod
    def filled(text: str, given: Mapping[str, str]) -> str:
        return EXPRESSION.sub(lambda found: given[found[1].removeprefix("inputs.")], text)

    @property
    def outputs(self) -> dict[str, str]:
        """What GITHUB_OUTPUT says, read as the runner reads it."""
        found: dict[str, str] = {}
        lines = iter(self.files["GITHUB_OUTPUT"].read_text().splitlines())
        for line in lines:
            name, sign, rest = re.match(r"([^=<]+)(=|<<)(.*)", line).groups()  # type: ignore[union-attr]
            found[name] = rest if sign == "=" else "\n".join(iter(lambda end=rest: next(lines), rest))  # type: ignore[misc]
        return found

    @property
    def summary(self) -> str:
        return self.files["GITHUB_STEP_SUMMARY"].read_text()


def world() -> dict[str, str]:
    """This machine's environment with our command on the path."""
    return {**clean(os.environ), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.fixture
def runner(jobs: Path) -> Runner:
    return Runner(jobs.parent, world())


def test_the_action_passes_what_is_right(runner: Runner) -> None:
    ended = runner.run(install="false", paths="jobs", args="--strict")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_the_action_annotates_what_is_wrong_and_fails(runner: Runner, jobs: Path) -> None:
    (jobs / "bad.yaml").write_text(json.dumps(BAD, indent=1))
    ended = runner.run(install="false", paths="jobs/mnist.yaml\njobs/bad.yaml\n", sarif_file="found.sarif")
    assert ended.returncode == 1
    (line,) = ended.stdout.splitlines()
    assert line.startswith("::error file=jobs/bad.yaml,line=10,")
    sarif = json.loads((jobs.parent / "found.sarif").read_text())
    assert [result["level"] for result in sarif["runs"][0]["results"]] == ["error"]


def test_the_action_writes_sarif_also_when_nothing_is_wrong(runner: Runner, jobs: Path) -> None:
    assert runner.run(install="false", sarif_file="found.sarif").returncode == 0
    assert json.loads((jobs.parent / "found.sarif").read_text())["runs"][0]["results"] == []


def test_the_action_runs_nothing_that_an_input_says(runner: Runner, jobs: Path) -> None:
    for name in ("paths", "args", "env", "sarif_file", "command"):
        runner.run(install="false", **{name: "$(touch hacked); `touch hacked` && touch hacked"})
    assert not (jobs.parent / "hacked").exists()


def test_the_action_knows_its_three_commands_only(runner: Runner) -> None:
    ended = runner.run(install="false", command="stop")
    assert (ended.returncode, ended.stdout.startswith("::error::")) == (2, True)
    assert runner.run(install="false", paths="jobs", args="--nonsense").returncode == 2
    assert runner.run(install="false", command="plan", paths="jobs", args="--nonsense").returncode == 2


def test_paths_may_hold_spaces_and_options_may_follow_each_other(runner: Runner, jobs: Path) -> None:
    spaced = jobs.parent / "my jobs"
    shutil.copytree(jobs, spaced)
    ended = runner.run(install="false", paths="my jobs", args="--strict\n --set a=b", env="")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_environment_of_the_defaults_is_handed_on(runner: Runner, jobs: Path) -> None:
    defaults = {"apiVersion": "sagespec/v1", "kind": "Defaults", "environments": {"prod": {"max_run": 600}}}
    (jobs / "sagespec.yaml").write_text(json.dumps(defaults))
    assert runner.run(install="false", paths="jobs", env="prod").returncode == 0
    assert runner.run(install="false", paths="jobs", env="nowhere").returncode == 1


def test_a_plan_is_an_output_a_file_and_a_summary_and_can_be_applied(
    jobs: Path,
    aws: Aws,
) -> None:
    runner = Runner(jobs.parent, {**world(), **aws.environment})
    ended = runner.run(install="false", command="plan", paths="jobs")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert runner.outputs["changes"] == "true"
    assert runner.outputs["plan-file"] == "sagespec-plan.json"
    assert "mnist" in runner.outputs["report"]
    assert runner.summary.rstrip("\n") == runner.outputs["report"].rstrip("\n")

    ended = runner.run(install="false", command="apply", paths=runner.outputs["plan-file"])
    assert ended.returncode == 0, ended.stderr
    name = runner.outputs["job_name"]
    assert name.startswith("mnist-")
    assert [job["job_name"] for job in json.loads(runner.outputs["jobs"])] == [name]
    assert aws.jobs.status(name) == "InProgress"

    ended = runner.run(install="false", command="plan", paths="jobs")
    assert (ended.returncode, runner.outputs["changes"]) == (0, "false")


def test_an_action_that_cannot_plan_fails_as_the_command_does(jobs: Path, aws: Aws) -> None:
    runner = Runner(jobs.parent, {**world(), **aws.environment})
    (jobs / "bad.yaml").write_text(json.dumps(BAD))
    ended = runner.run(install="false", command="plan", paths="jobs")
    assert ended.returncode == 1
    assert runner.outputs == {}


@pytest.mark.slow
def test_the_action_installs_what_it_runs(jobs: Path, tmp_path: Path) -> None:
    """On a machine that has only Python."""
    venv.create(tmp_path / "machine", with_pip=True)
    path = f"{tmp_path / 'machine' / 'bin'}:/usr/bin:/bin"
    kept = {name: value for name, value in clean(os.environ).items() if not name.startswith("PYTHON")}
    runner = Runner(jobs.parent, {**kept, "PATH": path})
    ended = runner.run(paths="jobs")
    assert (ended.returncode, ended.stdout) == (0, ""), ended.stderr


def test_the_documented_workflow_uses_inputs_and_outputs_that_exist() -> None:
    jobs = [*GITHUB["jobs"].values(), *DRIFT["jobs"].values()]
    uses = [step for job in jobs for step in job["steps"] if "OWNER" in step.get("uses", "")]
    assert [step["with"].get("command", "validate") for step in uses] == ["validate", "plan", "apply", "plan"]
    for step in uses:
        assert set(step["with"]) <= set(ACTION["inputs"])
    named = set(re.findall(r"steps\.(\w+)\.outputs\.([\w-]+)", PAGE))
    assert named == {("plan", "report"), ("plan", "changes"), ("plan", "failed"), ("apply", "artifact")}
    assert {output for _, output in named} <= set(ACTION["outputs"])
    inner = {one["value"] for one in ACTION["outputs"].values()}
    assert inner == {f"${{{{ steps.run.outputs.{name} }}}}" for name in ACTION["outputs"]}


SCHEMAS = {
    "github-workflows": "vendor.github-workflows",
    "drift": "vendor.github-workflows",
    "gitlab-ci": "vendor.gitlab-ci",
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_recipe_is_one_that_its_service_reads(name: str, tmp_path: Path) -> None:
    """By the schemas of SchemaStore."""
    (tmp_path / "recipe.yml").write_text(RECIPES[name], encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema"]
    ended = subprocess.run([*command, SCHEMAS[name], tmp_path / "recipe.yml"], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout


def test_what_is_merged_waits_for_the_approval_of_its_environment_and_forks_have_no_role() -> None:
    apply, plan = GITHUB["jobs"]["apply"], GITHUB["jobs"]["plan"]
    assert apply["environment"] == "production"
    assert "repo:OWNER/REPOSITORY:environment:production" in PAGE
    assert [job["permissions"]["id-token"] for job in (apply, plan)] == ["write", "write"]
    assert apply["permissions"].get("pull-requests") is None


COMMENTS = """
const script = require("fs").readFileSync(0, "utf-8")
const comments = JSON.parse(process.argv[2]), said = []
const issues = {
  listComments: "list",
  updateComment: async one => said.push(["update", one.comment_id, one.body]),
  createComment: async one => said.push(["create", one.issue_number, one.body]),
}
const github = {rest: {issues}, paginate: async (what, place) => comments}
const context = {repo: {owner: "o", repo: "r"}, issue: {number: 7}}
const Async = (async () => {}).constructor
new Async("github", "context", script)(github, context).then(() => console.log(JSON.stringify(said)))
"""
"""actions/github-script, as far as the recipe uses it."""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js here")
@pytest.mark.parametrize(
    ("comments", "expected"),
    [
        ([], ["create", 7]),
        ([{"id": 1, "body": "hello"}, {"id": 2, "body": "<!-- sagespec plan dev -->\n"}], ["create", 7]),
        ([{"id": 1, "body": "hello"}, {"id": 3, "body": "<!-- sagespec plan prod -->\nold"}], ["update", 3]),
    ],
)
def test_a_pull_request_has_one_comment_for_each_environment(
    comments: list[Any], expected: list[Any], tmp_path: Path
) -> None:
    (step,) = [one for one in GITHUB["jobs"]["plan"]["steps"] if "github-script" in one.get("uses", "")]
    report = "<!-- sagespec plan prod -->\n### sagespec: 1 to create\n"
    (tmp_path / "run.js").write_text(COMMENTS)
    ended = subprocess.run(
        ["node", tmp_path / "run.js", json.dumps(comments)],
        input=step["with"]["script"],
        env={**os.environ, "REPORT": report},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ended.stdout) == [[*expected, report]]


def test_a_plan_of_a_job_that_has_failed_is_still_a_plan(jobs: Path, aws: Aws) -> None:
    runner = Runner(jobs.parent, {**world(), **aws.environment})
    aws.jobs.fate = lambda request: Fate("Failed", 5, "AlgorithmError: ExitCode 1")
    assert runner.run(install="false", command="apply", paths="jobs").returncode == 0
    aws.advance(60)
    ended = runner.run(install="false", command="plan", paths="jobs")
    assert ended.returncode == 0, ended.stderr
    assert (runner.outputs["changes"], runner.outputs["failed"]) == ("false", "true")
    assert "AlgorithmError" in runner.outputs["report"]


# CodeBuild and Jenkins ----------------------------------------------------------------------------------------------


def test_the_other_recipes_run_the_commands_that_gitlab_runs() -> None:
    """GitLab's are run below."""
    ours = {line for job in GITLAB.values() if isinstance(job, dict) for line in job.get("script", ())}
    phases = [line for phase in BUILDSPEC["phases"].values() for line in phase["commands"]]
    groovy = "".join(re.findall(r"^```groovy\n(.*?)^```$", PAGE, re.M | re.S))
    for commands in (phases, re.findall(r"sh '([^']*)'", groovy)):
        own = [
            line.removeprefix(".venv/bin/")
            for line in commands
            if "bin/sagespec " in line or line.startswith("sagespec ")
        ]
        assert [line.split()[1] for line in own] == ["validate", "plan", "apply"]
        assert {line.partition(" ||")[0] for line in ours} >= set(own)


# GitLab -------------------------------------------------------------------------------------------------------------


def gitlab(job: str, folder: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a job's script as GitLab's runner does: all lines in one shell that stops at the first failure."""
    script = "set -eo pipefail\n" + "\n".join(GITLAB[job]["script"])
    return subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_the_documented_gitlab_jobs_check_plan_and_apply(jobs: Path, aws: Aws) -> None:
    environment = {**world(), **aws.environment}
    (jobs / "sagespec.yaml").write_text(
        json.dumps({"apiVersion": "sagespec/v1", "kind": "Defaults", "environments": {"prod": {"max_run": 600}}})
    )
    checked = gitlab("validate", jobs.parent, environment)
    assert checked.returncode == 0, checked.stderr
    assert (jobs.parent / "sagespec.xml").read_text().startswith("<?xml")
    planned = gitlab("plan", jobs.parent, environment)
    assert planned.returncode == 0, planned.stderr
    assert "mnist" in (jobs.parent / "plan.md").read_text()
    waiting = subprocess.Popen(
        ["bash", "-c", "set -eo pipefail\n" + "\n".join(GITLAB["apply"]["script"])], cwd=jobs.parent, env=environment
    )
    for _ in range(600):
        aws.advance(60)
        try:
            assert waiting.wait(timeout=0.2) == 0
            break
        except subprocess.TimeoutExpired:
            continue
    (job,) = json.loads((jobs.parent / "jobs.json").read_text())["jobs"]
    assert job["status"] == "Completed"


def test_the_documented_gitlab_check_fails_and_keeps_its_report(jobs: Path) -> None:
    (jobs / "bad.yaml").write_text(json.dumps(BAD))
    ended = gitlab("validate", jobs.parent, world())
    assert ended.returncode == 1
    assert "bad.yaml" in (jobs.parent / "sagespec.xml").read_text()
    assert "jobs/bad.yaml:1:" in ended.stdout


# pre-commit ---------------------------------------------------------------------------------------------------------


def test_the_documented_hooks_are_the_ones_that_there_are() -> None:
    (repository,) = PRE_COMMIT["repos"]
    assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in HOOKS]


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "init.defaultBranch=main"]
    ended = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return ended.stdout.strip()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This repository as others clone it: what the package needs, in one commit."""
    clone = tmp_path_factory.mktemp("published") / "sagespec"
    clone.mkdir()
    for name in ("compiler", "schemas", "templates"):
        shutil.copytree(REPOSITORY / name, clone / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"):
        shutil.copy(REPOSITORY / name, clone)
    git(clone, "init", "--quiet")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "published")
    return clone


@pytest.mark.slow
def test_the_hooks_run_in_the_real_pre_commit(published: Path, jobs: Path, tmp_path: Path) -> None:
    """Right manifests pass, wrong ones do not; schemas pass while they are this version's."""
    project = jobs.parent
    config = json.loads(json.dumps(PRE_COMMIT))
    config["repos"][0] |= {"repo": published.as_uri(), "rev": git(published, "rev-parse", "HEAD")}
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    shutil.copytree(REPOSITORY / "schemas", project / "schemas")
    git(project, "init", "--quiet")
    git(project, "add", "--all")
    environment = {**clean(os.environ), "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    environment = {name: value for name, value in environment.items() if not name.startswith(("GIT_", "PYTHON"))}

    def hooks() -> tuple[int, dict[str, str], str]:
        command = [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color=never"]
        ended = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
        ends = dict(re.findall(r"^(sagespec \w+)\.+(?:\(.*\))?(\w+)$", ended.stdout, re.M))
        return ended.returncode, ends, ended.stdout + ended.stderr

    code, ends, said = hooks()
    assert (code, ends) == (0, {"sagespec validate": "Passed", "sagespec schema": "Passed"}), said
    (jobs / "bad.yaml").write_text(json.dumps(BAD, indent=1))
    (project / "schemas" / "training-job.schema.json").write_text("{}\n")
    git(project, "add", "--all")
    code, ends, said = hooks()
    assert (code, ends) == (1, {"sagespec validate": "Failed", "sagespec schema": "Failed"}), said
    assert "jobs/bad.yaml:10:" in said
    assert "training-job.schema.json is stale" in said
