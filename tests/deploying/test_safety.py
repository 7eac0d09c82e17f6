"""What plan and apply must never do: nothing is stopped, lost or hidden wrongly.

Against a service with real manners; each of these was broken once.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from conftest import SMALLEST
from fakes.fixtures import Aws, session_of
from fakes.jobs import Fate, Jobs, Refused
from fakes.memory import Memory
from sagespec.building.request import Request
from sagespec.cli import run
from sagespec.deploying.applying.applier import Applier
from sagespec.deploying.planning.jobs.planner import Action, PlanOptions, decide, decide_all
from sagespec.deploying.services import ServiceError
from sagespec.deploying.services.sagemaker.s3 import ObjectStore
from sagespec.deploying.services.sagemaker.service import SageMaker
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs

LONG = 1e7
"""Seconds of a job that does not end."""
DEFAULTS = "apiVersion: sagespec/v1\nkind: Defaults\n"


@dataclass
class Repository:
    """A repository of manifests, and what people do with it."""

    aws: Aws
    folder: Path
    capsys: pytest.CaptureFixture[str]

    def write(self, name: str, file: str = "", **over: Any) -> Path:
        path = self.folder / (file or f"{name}.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = {**SMALLEST, "name": name, "model_dir": False, "entry_point": str(self.folder / "train.py"), **over}
        path.write_text(json.dumps(fields, indent=1))
        return path

    def defaults(self, text: str) -> None:
        (self.folder / "sagespec.yaml").write_text(DEFAULTS + text)

    def run(self, *words: str | Path) -> tuple[int, str]:
        """The exit code of a command, and everything that it has said."""
        code = run([str(word) for word in words])
        out, err = self.capsys.readouterr()
        return int(code), out + err

    def apply(self, *words: str | Path) -> tuple[int, str]:
        return self.run("apply", *(words or (".",)), "--yes")

    def job(self, name: str) -> str:
        """The newest training job of a manifest."""
        return self.aws.jobs.of(name)[-1]

    @property
    def stopped(self) -> list[str]:
        return [effect.job_name for effect in self.aws.jobs.done("StopTrainingJob")]

    @property
    def created(self) -> list[str]:
        return [effect.job_name for effect in self.aws.jobs.done("CreateTrainingJob")]


@pytest.fixture
def repository(
    aws: Aws,
    code: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    hurry: None,
) -> Repository:
    """Two manifests, whose jobs run for long; a stop takes a twentieth of a second."""
    monkeypatch.chdir(code)
    (code / ".git").mkdir()
    aws.jobs.fate = lambda request: Fate(seconds=LONG)
    aws.jobs.stop_seconds, aws.jobs.clock.scale = 1.0, 20.0
    aws.make_role()
    made = Repository(aws, code, capsys)
    made.defaults("project: vision\n")
    made.write("aa")
    made.write("bb")
    return made


# 1: absence of evidence is not evidence of absence ------------------------------------------------------------------


def _moved(path: Path, to: str) -> None:
    (path.parent / to).parent.mkdir(exist_ok=True)
    path.rename(path.parent / to)


def _behind_a_link(path: Path) -> None:
    elsewhere = path.parent.parent / f"{path.parent.name}-elsewhere"
    elsewhere.mkdir()
    path.rename(elsewhere / path.name)
    (path.parent / "more").symlink_to(elsewhere)


def _dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.yaml")


def _changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


NOT_READ: dict[str, tuple[Callable[[Path], Any], str]] = {
    "UTF-16": (lambda path: path.write_text(path.read_text(), encoding="utf-16"), "not-utf8"),
    "too large": (lambda path: path.write_text("#" * 1_100_000 + "\n" + path.read_text()), "file-too-large"),
    "a pointer of git-lfs": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
        "passed-over",
    ),
    "encrypted by git-crypt": (lambda path: path.write_bytes(b"\x00GITCRYPT\x00\xff\x80\x01"), "passed-over"),
    "a dangling link": (_dangling, "passed-over"),
    "apiversion": (lambda path: _changed(path, "apiVersion", "apiversion"), "not-read-as-a-manifest"),
    "sagepsec/v1": (lambda path: _changed(path, "sagespec/v1", "sagepsec/v1"), "not-read-as-a-manifest"),
    "no apiVersion": (lambda path: _changed(path, ' "apiVersion": "sagespec/v1",\n', ""), "not-read-as-a-manifest"),
    "kind: Defaults": (lambda path: _changed(path, "TrainingJob", "Defaults"), "defaults-not-read"),
    "in a list": (lambda path: path.write_text(f"[{path.read_text()}]"), "not-read-as-a-manifest"),
    "in a hidden folder": (lambda path: _moved(path, ".off/bb.yaml"), "passed-over"),
    "behind a link to a folder": (_behind_a_link, "passed-over"),
}
"""What can have happened to a manifest, and what `validate` calls it."""


@pytest.mark.parametrize(("happens", "rule"), NOT_READ.values(), ids=NOT_READ)
def test_a_manifest_that_is_not_read_is_reported_and_its_job_goes_on(
    happens: Callable[[Path], Any], rule: str, repository: Repository
) -> None:
    assert repository.apply()[0] == 0
    happens(repository.folder / "bb.yaml")
    code, said = repository.apply(".", "--prune")
    assert (code in (1, 3), repository.stopped) == (True, []), said
    _, said = repository.run("validate", ".")
    assert f"[{rule}]" in said


def test_an_empty_file_is_not_evidence_that_its_job_is_not_wanted(repository: Repository) -> None:
    assert repository.apply()[0] == 0
    (repository.folder / "bb.yaml").write_text("")
    code, said = repository.apply(".", "--prune")
    assert (code, repository.stopped) == (3, [])
    assert "it is not stopped: bb.yaml is there, and describes no job at all" in said


@pytest.mark.parametrize("given", ["aa.yaml", "jobs", "-"])
def test_what_lies_beside_the_given_path_goes_on(
    given: str, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("cc", "jobs/cc.yaml")
    assert repository.apply()[0] == 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO((repository.folder / "aa.yaml").read_bytes())))
    code, said = repository.apply(given, "--prune")
    assert (code, repository.stopped) == (0, [])
    assert "2 jobs run whose manifests are not under the given paths; --prune leaves them alone" in said


def test_a_folder_that_cannot_be_read_is_not_evidence(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.write("cc", "jobs/cc.yaml")
    assert repository.apply()[0] == 0
    (repository.folder / "bb.yaml").unlink()
    scandir = __import__("os").scandir

    def denied(path: str) -> Any:
        if str(path).endswith("jobs"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr("os.scandir", denied)
    code, said = repository.apply(".", "--prune")
    assert (code, repository.stopped) == (3, [])
    assert "jobs was not read (the folder cannot be read: permission denied)" in said


@pytest.mark.parametrize("gone", ["deleted", "another name"])
def test_a_manifest_that_is_gone_or_describes_it_no_more_ends_its_job(gone: str, repository: Repository) -> None:
    assert repository.apply()[0] == 0
    doomed = repository.job("bb")
    if gone == "deleted":
        (repository.folder / "bb.yaml").unlink()
    else:
        repository.write("cc", "bb.yaml")
    code, said = repository.apply(".", "--prune")
    assert (code, repository.stopped) == (0, [doomed]), said
    why = "its manifest, bb.yaml, is gone" if gone == "deleted" else "bb.yaml no longer describes it"
    assert f"- stop    bb  {doomed} runs, and {why}" in said


def test_foreign_yaml_is_none_of_our_business(repository: Repository) -> None:
    (repository.folder / "chart.yaml").write_text("apiVersion: apps/v1\nkind: Deployment\n")
    (repository.folder / "ack.yaml").write_text("apiVersion: sagemaker.services.k8s.aws/v1alpha1\nkind: TrainingJob\n")
    (repository.folder / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    (repository.folder / ".github").mkdir()
    (repository.folder / ".github" / "ci.yaml").write_text("steps: [{uses: sagespec/action@v1}]\n")
    (repository.folder / "empty.yaml").write_text("")
    assert repository.run("validate", ".") == (0, "2 manifests, nothing to say\n")
    assert repository.apply()[0] == 0
    (repository.folder / "bb.yaml").unlink()
    assert (repository.apply(".", "--prune")[0], repository.stopped) == (0, [repository.job("bb")])


# 2: ownership is explicit ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--prune"], ["--replace"]])
def test_two_repositories_without_a_project_do_not_stop_each_others_jobs(
    words: list[str], repository: Repository
) -> None:
    repository.defaults("tags: {team: vision}\n")
    assert repository.apply()[0] == 0
    (repository.folder / "bb.yaml").unlink()
    repository.write("aa", max_run=60, on_change="replace")
    code, said = repository.apply(".", *words)
    assert (code in (2, 3), repository.stopped) == (True, [])
    assert "write project: NAME in sagespec.yaml" in said
    code, said = repository.run("stop", "aa.yaml")
    assert (code, repository.stopped) == (2, [])


@pytest.fixture
def environments(repository: Repository) -> Repository:
    repository.defaults("project: vision\nenvironments: {dev: {}, prod: {}}\n")
    for name in ("dev", "prod"):
        assert repository.apply(".", "--env", name)[0] == 0
    assert len(set(repository.created)) == 4
    return repository


def test_one_environment_does_not_prune_another(environments: Repository) -> None:
    bb = environments.aws.jobs.of("bb")
    (environments.folder / "bb.yaml").unlink()
    assert (environments.apply(".", "--prune")[0], environments.stopped) == (0, [])  # --env was forgotten
    assert (environments.apply(".", "--prune", "--env", "dev")[0], environments.stopped) == (0, bb[:1])


def test_stop_with_an_environment_stops_its_jobs_alone(environments: Repository) -> None:
    dev, prod = environments.aws.jobs.of("aa")
    assert environments.run("stop", "aa.yaml", "--env", "prod")[0] == 0
    assert environments.stopped == [prod]
    assert environments.aws.jobs.status(dev) == "InProgress"


def test_replacing_in_one_environment_leaves_the_other_alone(environments: Repository) -> None:
    dev = environments.aws.jobs.of("aa")[0]
    environments.write("aa", max_run=60)
    code, said = environments.apply("aa.yaml", "--env", "dev", "--replace")
    assert (code, environments.stopped) == (0, [dev]), said


def test_a_project_that_is_written_later_shows_its_jobs_as_collisions_and_adopts_them(repository: Repository) -> None:
    repository.defaults("tags: {team: vision}\n")
    assert repository.apply()[0] == 0
    repository.defaults("project: vision\ntags: {team: vision}\n")
    code, said = repository.run("plan", ".")
    assert said.count("--adopt takes it over") == 2
    assert "2 to refuse" in said
    code, said = repository.apply(".", "--adopt")
    assert (code, len(repository.created)) == (0, 2), said
    assert repository.run("plan", ".", "--detailed-exitcode")[0] == 0


# 3: the account is checked --------------------------------------------------------------------------------------------


def test_credentials_of_another_account_stop_nothing_and_say_so_in_the_plan(repository: Repository) -> None:
    assert repository.apply()[0] == 0
    before = len(repository.aws.effects)
    repository.write("aa", max_run=60, role="arn:aws:iam::999999999999:role/SageMakerRole")
    repository.write("bb", max_run=60, account_id="999999999999", role="SageMakerRole")
    code, said = repository.run("plan", ".")
    assert said.count("the manifest is for account 999999999999, and the credentials are for 123456789012") == 2
    code, said = repository.apply(".", "--replace", "--prune")
    assert (code, len(repository.aws.effects)) == (3, before), said


def test_the_plan_shows_whose_credentials_it_was_made_with(repository: Repository) -> None:
    _, said = repository.run("plan", ".")
    assert "Account 123456789012, " in said
    _, said = repository.run("plan", ".", "--format", "json")
    assert json.loads(said)["account"] == "123456789012"


# 4: nothing is stopped before its replacement is certain -------------------------------------------------------------


def denied(request: Any, **_: Any) -> AWSResponse | None:
    """S3, as one that takes no object."""
    if request.method != "PUT":
        return None
    body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    return AWSResponse(request.url, 403, {"content-type": "application/xml"}, _Raw(body))


class _Raw:
    def __init__(self, body: bytes) -> None:
        self.body = io.BytesIO(body)

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self.body.read()


def planned(repository: Repository, options: PlanOptions, session: Any = None) -> tuple[Any, Applier]:
    results = Compiler(Options(Inputs())).run([str(repository.folder)])
    requests = [result.request for result in results if result.request is not None]
    service = SageMaker("us-west-2", session=session, creates_per_second=1000)
    plan = decide_all(requests, service.observe(requests), options)
    return plan, Applier(service, sleep=repository.aws.advance)


def test_what_cannot_be_uploaded_replaces_nothing(repository: Repository) -> None:
    assert repository.apply("aa.yaml")[0] == 0
    (repository.folder / "train.py").write_text((repository.folder / "train.py").read_text() + "# changed\n")
    (repository.folder / "bb.yaml").unlink()
    session = session_of()
    session.events.register("before-send.s3", denied)
    plan, applier = planned(repository, PlanOptions(replace=True), session)
    assert [change.action for change in plan.changes] == [Action.REPLACE]
    (outcome,) = applier.apply(plan, PlanOptions(replace=True))
    assert outcome.error is not None
    assert ("AccessDenied" in outcome.error.message, repository.stopped) == (True, [])


def test_a_role_that_is_not_there_replaces_nothing(repository: Repository) -> None:
    assert repository.apply("aa.yaml")[0] == 0
    repository.write("aa", role="arn:aws:iam::123456789012:role/Misspelt")
    code, said = repository.apply("aa.yaml", "--replace")
    assert (code, repository.stopped) == (3, []), said


@pytest.mark.parametrize(
    "refusal",
    [
        Refused("AccessDeniedException", "User is not authorized to perform: iam:PassRole on resource: x"),
        Refused("ResourceLimitExceeded", "The account-level service limit is 0 Instances"),
    ],
    ids=["PassRole", "quota"],
)
def test_what_only_a_creation_shows_is_reported_with_what_was_stopped_and_done_by_the_next_apply(
    refusal: Refused, repository: Repository
) -> None:
    assert repository.apply("aa.yaml")[0] == 0
    old = repository.job("aa")
    repository.write("aa", max_run=60)
    repository.aws.jobs.refusal = refusal
    code, said = repository.apply("aa.yaml", "--replace")
    assert code == 3
    assert f"{old} was stopped, and" in said
    assert "then run apply again: it creates aa-" in said
    repository.aws.jobs.refusal = None
    code, said = repository.apply("aa.yaml")
    assert (code, len(repository.created)) == (0, 2)


def test_a_replacement_stops_every_older_job_and_creates_the_new_one(repository: Repository) -> None:
    for seconds in (60, 120):
        repository.write("aa", max_run=seconds, on_change="keep")
        assert repository.apply("aa.yaml")[0] == 0
    old = repository.aws.jobs.of("aa")
    repository.write("aa", max_run=180)
    code, said = repository.apply("aa.yaml", "--replace")
    assert (code, sorted(repository.stopped)) == (0, sorted(old)), said
    assert repository.aws.jobs.status(repository.job("aa")) == "InProgress"


def test_a_rename_under_a_full_quota_loses_nothing(repository: Repository) -> None:
    (repository.folder / "bb.yaml").unlink()
    repository.aws.jobs.quota = 1
    assert repository.apply()[0] == 0
    (repository.folder / "aa.yaml").unlink()
    repository.write("cc")
    code, said = repository.apply(".", "--prune")
    assert (code, repository.stopped, repository.created) == (3, [], [repository.job("aa")]), said
    assert f"{repository.job('aa')} keeps running, because cc could not be started" in said
    assert repository.run("stop", repository.job("aa"), "--region", "us-west-2")[0] == 0
    repository.aws.advance(10)
    code, said = repository.apply(".", "--prune")
    assert (code, len(repository.created)) == (0, 2), said


def test_six_replacements_are_stopped_side_by_side(repository: Repository) -> None:
    """All are asked to stop before the first of them has ended."""
    names = [f"job{number}" for number in range(6)]
    for seconds in (60, 120):
        for name in names:
            repository.write(name, f"jobs/{name}.yaml", max_run=seconds)
        repository.aws.jobs.stop_seconds = 30.0
        assert repository.apply("jobs", "--replace")[0] == 0
    operations = [effect.operation for effect in repository.aws.effects if effect.operation != "AddTags"][6:]
    assert operations[:6] == ["StopTrainingJob"] * 6
    assert operations[6:] == ["CreateTrainingJob"] * 6


def test_a_job_that_never_ends_holds_nobody_and_not_for_ever(code: Path) -> None:
    """`Paused` is a status that nobody knows."""
    memory = Memory()
    first, second = (request_of(code, name=name) for name in ("first", "second"))
    memory.create(first, 1)
    memory.jobs[first.job_name()].status = "Paused"
    plan = decide_all([first, second], memory.observe([first, second]))
    assert [change.action for change in plan.changes] == [Action.WAIT, Action.CREATE]
    applier = Applier(memory, sleep=lambda seconds: None, patience=20)
    outcomes = {outcome.change.name: outcome for outcome in applier.apply(plan)}
    assert (outcomes["second"].done, outcomes["first"].done) == (True, False)
    assert "is Paused and has not ended within 20 s" in str(outcomes["first"].error)


def request_of(code: Path, **over: Any) -> Request:
    (code / "m.yaml").write_text(json.dumps({**SMALLEST, "model_dir": False, **over}))
    (result,) = Compiler(Options(Inputs())).run([str(code / "m.yaml")])
    assert result.request is not None, result.diagnostics
    return result.request


# 5: a job is (account, region, name) ----------------------------------------------------------------------------------


@pytest.fixture
def two_regions(repository: Repository) -> Repository:
    """The same job in two regions: with an image of its own, it is called the same in both."""
    aws = repository.aws
    aws.service.regions["us-east-1"] = east = Jobs(aws.jobs.clock, "us-east-1")
    east.fate, east.stop_seconds = (lambda request: Fate(seconds=LONG)), 1.0
    network = {"subnets": ["subnet-12345678"], "security_group_ids": ["sg-12345678"]}
    image = {"image_uri": "registry.example.com/x:1", "training_repository_access_mode": "Vpc", **network}
    plain = {key: value for key, value in SMALLEST.items() if key not in ("framework_version", "entry_point")}
    for region in ("us-west-2", "us-east-1"):
        for name in ("aa", "bb"):
            own = {"name": name, "region": region, "output_path": "s3://bucket/out"}
            (repository.folder / f"{name}-{region}.yaml").write_text(json.dumps({**plain, **image, **own}))
    for name in ("aa", "bb"):
        (repository.folder / f"{name}.yaml").unlink()
    assert repository.apply()[0] == 0
    assert set(aws.jobs.jobs) == set(east.jobs)
    return repository


def test_what_is_pruned_is_stopped_in_its_own_region(two_regions: Repository) -> None:
    east = two_regions.aws.service.regions["us-east-1"]
    (two_regions.folder / "bb-us-east-1.yaml").unlink()
    code, said = two_regions.apply(".", "--prune")
    assert (code, two_regions.stopped) == (0, []), said
    assert [effect.job_name[:2] for effect in east.done("StopTrainingJob")] == ["bb"]


def test_the_outcomes_of_two_regions_are_told_apart(two_regions: Repository) -> None:
    aws = two_regions.aws
    for jobs, status in ((aws.jobs, "Failed"), (aws.service.regions["us-east-1"], "Completed")):
        for job in jobs.jobs.values():
            job.fate = Fate(status, 1.0, "AlgorithmError: ExitCode 1" if status == "Failed" else "")
    aws.advance(100)
    code, said = two_regions.run(
        "apply", "aa-us-west-2.yaml", "aa-us-east-1.yaml", "--yes", "--wait", "--outputs", "o.json"
    )
    rows = json.loads((two_regions.folder / "o.json").read_text())["jobs"]
    assert (code, [row["status"] for row in rows]) == (4, ["Failed", "Completed"]), said


# 6: fresh status decides ----------------------------------------------------------------------------------------------


def test_a_failure_of_a_moment_ago_is_retried_although_search_does_not_know_of_it(repository: Repository) -> None:
    capacity = Fate("Failed", 5, "CapacityError: Unable to provision requested ML compute capacity.")
    repository.aws.jobs.fate = lambda request: capacity
    assert repository.apply("aa.yaml")[0] == 0
    repository.aws.advance(3600)
    repository.aws.jobs.search_lag = 3595
    code, said = repository.apply("aa.yaml")
    assert (code, [name[-3:] for name in repository.created[1:]]) == (0, ["-r2"]), said


@pytest.mark.parametrize("many", [False, True])
def test_a_job_that_was_stopped_a_moment_ago_does_not_hold_its_successor(many: bool, repository: Repository) -> None:
    names = [f"job{number}" for number in range(12 if many else 1)]
    for name in names:
        repository.write(name, f"jobs/{name}.yaml")
    assert repository.apply("jobs")[0] == 0
    repository.aws.advance(3600)
    for name in names:
        repository.aws.client("sagemaker").stop_training_job(TrainingJobName=repository.job(name))
        repository.write(name, f"jobs/{name}.yaml", max_run=60)
    repository.aws.advance(10)
    repository.aws.jobs.search_lag = 60
    code, said = repository.apply("jobs")
    assert (code, len(repository.created)) == (0, 2 * len(names)), said


def test_a_rerun_means_what_has_ended_although_search_does_not_know_of_it(repository: Repository) -> None:
    assert repository.apply("aa.yaml")[0] == 0
    repository.aws.advance(3600)
    repository.aws.client("sagemaker").stop_training_job(TrainingJobName=repository.job("aa"))
    repository.aws.advance(10)
    repository.aws.jobs.search_lag = 60
    code, said = repository.apply("aa.yaml", "--rerun")
    assert (code, len(repository.created)) == (0, 2), said


def both_running(repository: Repository) -> tuple[str, str]:
    """Two states of one manifest, applied at once: both run."""
    for seconds in (60, 120):
        repository.write("aa", max_run=seconds, on_change="keep")
        assert repository.apply("aa.yaml")[0] == 0
    repository.write("aa", max_run=120)
    old, new = repository.aws.jobs.of("aa")
    return old, new


def test_two_digests_that_run_together_are_reported_and_the_older_one_is_stopped_on_demand(
    repository: Repository,
) -> None:
    old, new = both_running(repository)
    code, said = repository.apply("aa.yaml")
    assert code == 3
    assert f"{old} runs beside it" in said
    assert "Nothing to do" not in said
    assert repository.run("plan", "aa.yaml", "--detailed-exitcode")[0] == 5
    code, said = repository.apply("aa.yaml", "--replace")
    assert (code, repository.stopped) == (0, [old]), said
    assert repository.aws.jobs.status(new) == "InProgress"


def test_tags_that_may_not_be_read_hide_no_running_job(repository: Repository) -> None:
    assert repository.apply("aa.yaml")[0] == 0
    repository.aws.jobs.search_lag = 600
    repository.write("aa", max_run=60)
    repository.aws.fail_next("ListTags", *["denied"] * 20)
    code, said = repository.apply("aa.yaml")
    assert (code, len(repository.created)) == (3, 1), said
    assert "its tags cannot be read" in said


def test_stop_of_a_manifest_stops_what_runs_for_an_older_state_of_it(repository: Repository) -> None:
    old, new = both_running(repository)
    repository.aws.jobs.jobs[new].fate = Fate("Completed", 1.0)
    repository.aws.advance(100)
    code, said = repository.run("stop", "aa.yaml")
    assert (code, repository.stopped) == (0, [old]), said


def test_a_job_that_has_failed_in_the_meantime_is_not_a_success(repository: Repository) -> None:
    """Another applier has created it, and it has failed since; nobody's index knows."""
    repository.aws.jobs.fate = lambda request: Fate("Failed", 5, "AlgorithmError: ExitCode 1")
    repository.aws.jobs.search_lag = repository.aws.jobs.list_lag = 600
    (repository.folder / "bb.yaml").unlink()
    plan, applier = planned(repository, PlanOptions())
    assert [change.action for change in plan.changes] == [Action.CREATE]
    assert repository.apply()[0] == 0
    repository.aws.advance(60)
    (outcome,) = applier.apply(plan)
    assert (outcome.adopted, outcome.change.unfulfilled, len(repository.created)) == (True, True, 1)


def test_a_capacity_failure_that_is_met_by_name_is_tried_again(repository: Repository) -> None:
    repository.aws.jobs.fate = lambda request: Fate("Failed", 5, "CapacityError: Unable to provision")
    repository.aws.jobs.search_lag = repository.aws.jobs.list_lag = 600
    (repository.folder / "bb.yaml").unlink()
    plan, applier = planned(repository, PlanOptions())
    assert repository.apply()[0] == 0
    repository.aws.advance(60)
    (outcome,) = applier.apply(plan)
    assert (outcome.error, [name[-3:] for name in repository.created[1:]]) == (None, ["-r2"])


def test_a_job_that_has_failed_and_is_left_so_is_seen_in_words_and_exit_code(repository: Repository) -> None:
    repository.aws.jobs.fate = lambda request: Fate("Failed", 5, "AlgorithmError: ExitCode 1")
    assert repository.apply("aa.yaml")[0] == 0
    repository.aws.advance(60)
    code, said = repository.apply("aa.yaml")
    assert (code, "Nothing is done: 1 job has failed." in said) == (4, True), said
    assert repository.run("plan", "aa.yaml")[0] == 0
    assert repository.run("plan", "aa.yaml", "--detailed-exitcode")[0] == 4


def test_a_warm_pool_that_nobody_asks_for_any_more_is_ended(repository: Repository) -> None:
    repository.aws.jobs.fate = lambda request: Fate(seconds=30)
    repository.write("aa", keep_alive_period_in_seconds=3600)
    assert repository.apply("aa.yaml")[0] == 0
    repository.aws.advance(600)
    repository.write("aa")
    code, said = repository.apply("aa.yaml")
    assert (code, "updated" in said) == (0, True), said
    assert repository.aws.jobs[repository.job("aa")]["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 0
    assert repository.run("plan", "aa.yaml", "--detailed-exitcode")[0] == 0


# 11: again is safe ----------------------------------------------------------------------------------------------------


def test_a_saved_rerun_finishes_and_starts_nothing_twice(repository: Repository) -> None:
    repository.aws.jobs.fate = lambda request: Fate(seconds=5)
    assert repository.apply()[0] == 0
    repository.aws.advance(60)
    assert repository.run("plan", ".", "--rerun", "--out", "p.plan")[0] == 0
    repository.aws.fail_next("CreateTrainingJob", "denied")
    assert repository.apply("p.plan")[0] == 3
    repository.aws.advance(60)  # what it did start has ended
    code, said = repository.apply("p.plan")
    assert (code, sorted(name[-3:] for name in repository.created[2:])) == (0, ["-r2", "-r2"]), said
    repository.aws.advance(60)
    assert (repository.apply("p.plan")[0], len(repository.created)) == (0, 4)


def test_a_rerun_that_failed_halfway_and_is_repeated_starts_each_job_once(repository: Repository) -> None:
    repository.aws.jobs.fate = lambda request: Fate(seconds=5)
    assert repository.apply()[0] == 0
    repository.aws.advance(60)
    repository.aws.fail_next("CreateTrainingJob", "denied")
    assert repository.apply(".", "--rerun")[0] == 3
    repository.aws.advance(60)
    code, said = repository.apply(".", "--rerun")
    assert (code, sorted(name[-3:] for name in repository.created[2:])) == (0, ["-r2", "-r2"]), said


# Uploads --------------------------------------------------------------------------------------------------------------

KEY = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("fields", "encryption"),
    [
        ({"output_path": "s3://bucket/out", "output_kms_key": KEY}, ("aws:kms", KEY)),
        ({"output_path": "s3://bucket/out", "output_kms_key": KEY, "code_location": "s3://bucket/c"}, ("aws:kms", KEY)),
        ({"output_path": "s3://other/out", "output_kms_key": KEY, "code_location": "s3://bucket/c"}, (None, None)),
        ({"output_path": "s3://bucket/out"}, (None, None)),
    ],
    ids=["the outputs' bucket", "code of its own in it", "another bucket", "no key"],
)
def test_what_goes_into_the_outputs_bucket_is_encrypted_as_the_outputs_are(
    fields: dict[str, Any], encryption: tuple[str | None, str | None], repository: Repository
) -> None:
    s3 = repository.aws.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    repository.write("aa", **fields)
    code, said = repository.apply("aa.yaml")
    assert code == 0, said
    (entry,) = s3.list_objects_v2(Bucket="bucket")["Contents"]
    head = s3.head_object(Bucket="bucket", Key=entry["Key"])
    shown = head.get("ServerSideEncryption") if encryption[0] else None
    assert (shown, head.get("SSEKMSKeyId")) == encryption


@pytest.mark.parametrize("demanded", ["aws:kms", "AES256"])
def test_a_bucket_that_demands_encryption_gets_it(demanded: str, repository: Repository) -> None:
    def policy(request: Any, **_: Any) -> AWSResponse | None:
        asked = request.headers.get("x-amz-server-side-encryption", b"")
        asked = asked.decode() if isinstance(asked, bytes) else asked
        is_object = request.method == "PUT" and "sourcedir" in request.url
        return denied(request) if is_object and asked != demanded else None

    session = session_of()
    session.events.register("before-send.s3", policy)
    (repository.folder / "bb.yaml").unlink()
    plan, applier = planned(repository, PlanOptions(), session)
    (outcome,) = applier.apply(plan)
    assert outcome.error is None
    assert repository.created == [repository.job("aa")]


def test_a_bucket_that_takes_nothing_is_reported_in_the_words_of_the_first_refusal(repository: Repository) -> None:
    session = session_of()
    session.events.register("before-send.s3", denied)
    (repository.folder / "bb.yaml").unlink()
    plan, applier = planned(repository, PlanOptions(), session)
    (outcome,) = applier.apply(plan)
    assert isinstance(outcome.error, ServiceError)
    assert "AccessDenied" in outcome.error.message


def test_decisions_are_made_of_the_same_jobs_whoever_asks(code: Path) -> None:
    """`decide` of one request and `decide_all` of many agree."""
    wanted, other = request_of(code), request_of(code, max_run=60)
    memory = Memory()
    memory.create(other, 1)
    jobs = list(memory.observe([wanted]))
    assert decide_all([wanted], jobs).changes == (decide(wanted, jobs),)


def test_the_store_is_asked_for_nothing_where_no_key_is_given() -> None:
    assert ObjectStore(None, "us-west-2").encryption[0] == {}
