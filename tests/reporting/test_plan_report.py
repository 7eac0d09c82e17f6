"""What a plan tells a reviewer: what differs, what is sent, what it may cost; and how a job's ending is told."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from conftest import REPOSITORY, SMALLEST
from fakes.memory import BORN, Job, Memory, described
from reporting.plan_schema import check_plan
from sagespec.building.cost import Prices, PricesError, hours, money, prices_of
from sagespec.building.request import Request
from sagespec.catalog import Facts
from sagespec.cli import run
from sagespec.deploying.following.ending import ending_of
from sagespec.deploying.planning.changed_files import ChangedFiles, archive_before, changed_files
from sagespec.deploying.planning.deciding import plan_unseen
from sagespec.deploying.planning.differ import differences
from sagespec.deploying.planning.jobs.planner import Action, PlanOptions, decide, decide_all
from sagespec.deploying.planning.observed import ObservedJob
from sagespec.deploying.planning.pruning import PruneVerdict
from sagespec.deploying.pool import ServicePool, follow_all
from sagespec.kinds.training_job.cost import bill as bill_of_request
from sagespec.kinds.training_job.cost import bill_of
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs
from sagespec.reading.syntax.reader import load
from sagespec.reporting.plans.data import plan_json
from sagespec.reporting.plans.markdown import endings_markdown, plan_markdown
from sagespec.reporting.plans.outputs import github_lines
from sagespec.reporting.plans.plan import plan_text, shown
from sagespec.reporting.plans.status import status_text
from sagespec.reporting.terminal.board import board_on
from sagespec.reporting.terminal.style import Style

GOLDEN = REPOSITORY / "tests" / "golden" / "plans"
CASES = yaml.safe_load((REPOSITORY / "tests" / "reporting" / "plans" / "differences.yaml").read_text())
PLAIN = Style()


WITHOUT_SHELL = {"framework_version": "2.4"}
"""Newer containers give values to a shell, which `|` is not for."""


@pytest.fixture
def make(code: Path, knowledge: Facts) -> Callable[..., Request]:
    """The request of the smallest manifest with some fields laid over it."""

    def made(over: dict[str, Any], allow: tuple[str, ...] = ()) -> Request:
        path = code / "mnist.yaml"
        path.write_text(json.dumps({**SMALLEST, **over}, indent=1))
        result = next(Compiler(Options(Inputs(), allow), knowledge).source(load(path, "mnist.yaml")))
        assert result.request is not None, result.diagnostics
        return result.request

    return made


def seen(request: Request, status: str = "InProgress", attempt: int = 1, **more: Any) -> ObservedJob:
    """A job of a request, as the service would show it."""
    facts = {name: more.pop(name) for name in ("secondary", "failure") if name in more}
    body = described(request.body(attempt), status, **more)
    tags = request.all_tags(attempt)
    given = {"tags": tags, "project": request.project, "live": request.live(), "body": body, **facts}
    return ObservedJob(request.job_name(attempt), request.name, status, digest=request.digest, attempt=attempt, **given)


def lines(before: Request, after: Request, **more: Any) -> list[str]:
    job = seen(before, **more)
    live = job.live if before.digest == after.digest else None
    found = differences(after, job.body, job.tags, live)
    return [f"{one.field}: {shown(one)[0]} → {shown(one)[1]} ({one.effect.value})" for one in found]


# What differs -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_difference_is_reported_in_the_words_of_the_manifest(
    case: dict[str, Any], make: Callable[..., Request]
) -> None:
    allow = tuple(case.get("allow", ()))
    before, after = make(case["before"], allow), make(case["after"], allow)
    assert lines(before, after) == case["expect"]


def test_a_later_attempt_of_another_name_differs_in_nothing_but_what_was_changed(make: Callable[..., Request]) -> None:
    """The job's name stands inside its request: in model_dir, in hyperparameters."""
    before, after = make({"hyperparameters": {"a": 1}}), make({"hyperparameters": {"a": 2}})
    assert lines(before, after, attempt=3) == ["hyperparameters.a: 1 → 2 (new run)"]


def test_changed_code_and_data_go_by_their_hash(make: Callable[..., Request], code: Path) -> None:
    (code / "data").mkdir()
    (code / "data" / "x").write_text("1")
    channels = {"channels": {"train": {"path": "data"}}}
    before = make(channels)
    (code / "data" / "x").write_text("2")
    (code / "train.py").write_text((code / "train.py").read_text() + "# changed\n")
    found = [re.sub(r"[0-9a-f]{10}…", "HASH", line) for line in lines(before, make(channels))]
    assert found == ["channels.train: HASH → HASH (new run)", "source: HASH → HASH (new run)"]


def test_a_member_that_search_does_not_show_is_not_taken_for_missing(make: Callable[..., Request]) -> None:
    request = make({"enable_infra_check": True})
    body = described(request.body())
    del body["InfraCheckConfig"]
    assert [one.field for one in differences(request, body, request.all_tags())] == ["enable_infra_check"]
    assert differences(request, {**body, "Tags": []}, request.all_tags()) == ()


def test_a_job_of_the_same_request_differs_in_nothing_whatever_the_service_shows(make: Callable[..., Request]) -> None:
    request = make({})
    body = {**described(request.body()), "ResourceConfig": {"InstanceType": "ml.other"}, "NewMember": 1}
    job = ObservedJob(
        request.job_name(), request.name, "InProgress", digest=request.digest, tags=request.all_tags(), body=body
    )
    assert decide(request, [job]).differences == ()


# What it may cost -------------------------------------------------------------------------------------------------

PRICES = Prices("2026-11-01", {"ml.g5.xlarge": 1.5, "ml.t3.medium": 0.05, "volume_gb_month": 0.73})


def bill(knowledge: Facts, body: dict[str, Any], **more: Any) -> Any:
    return bill_of(body, knowledge, prices=PRICES, **more)


def test_a_bill_counts_instances_until_their_limit(knowledge: Facts) -> None:
    body = {
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
        "StoppingCondition": {"MaxRuntimeInSeconds": 7200},
    }
    found = bill(knowledge, body)
    assert (found.instance_hours, found.usd, found.attempts) == ({"ml.g5.xlarge": 4.0}, 6.0, 1)
    (model,) = found.accelerator_hours
    assert model == knowledge.instances["ml.g5.xlarge"].accelerator_model


def test_a_job_without_a_limit_may_run_for_a_day(knowledge: Facts) -> None:
    body = {"ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1}}
    assert bill(knowledge, body).instance_hours == {"ml.g5.xlarge": 24.0}


def test_a_spot_job_is_counted_with_all_its_waiting(knowledge: Facts) -> None:
    body = {
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        "EnableManagedSpotTraining": True,
    }
    assert bill(knowledge, body).usd == 3.0


def test_the_services_own_retries_share_one_limit_and_ours_do_not(knowledge: Facts) -> None:
    """RetryStrategy: the limits hold for all attempts together."""
    body = {
        "ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "RetryStrategy": {"MaximumRetryAttempts": 30},
    }
    assert bill(knowledge, body, retry="never", max_attempts=3).usd == 1.5
    assert bill(knowledge, body, retry="infrastructure", max_attempts=3).usd == 4.5


def test_a_later_attempt_is_billed_for_what_is_left(make: Callable[..., Request], knowledge: Facts) -> None:
    request = make({"max_run": 3600})
    left = [bill_of_request(request, knowledge, attempt).attempts for attempt in (1, 2, 3, 4)]
    assert left == [3, 2, 1, 1]


def test_warm_pools_volumes_groups_and_rule_jobs_are_counted(knowledge: Facts) -> None:
    body = {
        "ResourceConfig": {
            "InstanceGroups": [
                {"InstanceGroupName": "a", "InstanceType": "ml.g5.xlarge", "InstanceCount": 1},
                {"InstanceGroupName": "b", "InstanceType": "ml.t3.medium", "InstanceCount": 2},
            ],
            "VolumeSizeInGB": 50,
            "KeepAlivePeriodInSeconds": 1800,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "DebugRuleConfigurations": [
            {"RuleConfigurationName": "mine", "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 10},
            {"RuleConfigurationName": "theirs"},
        ],
    }
    found = bill(knowledge, body)
    assert found.instance_hours == {"ml.g5.xlarge": 1.5, "ml.t3.medium": 4.0}
    # g5 has a disk of its own, where the volume's size means nothing.
    assert found.volume_gb_hours == 2 * 50 * 1.5 + 10
    assert found.usd == pytest.approx(1.5 * 1.5 + 4 * 0.05 + 160 * 0.73 / 730)


def test_what_has_no_price_is_named(knowledge: Facts) -> None:
    body = {"ResourceConfig": {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1}}
    found = bill(knowledge, body)
    assert (found.unpriced, found.usd) == (("ml.p5.48xlarge",), None)


def test_no_price_is_ours(knowledge: Facts) -> None:
    body = {"ResourceConfig": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1}}
    assert bill_of(body, knowledge).usd is None


@pytest.mark.parametrize(("usd", "text"), [(0, "$0.00"), (0.001, "$0.01"), (0.3, "$0.30"), (1234.5, "$1,234.50")])
def test_a_bound_is_never_rounded_down(usd: float, text: str) -> None:
    assert money(usd) == text


@pytest.mark.parametrize(("amount", "text"), [(10, "10 h"), (0.5, "0.5 h"), (100, "100 h"), (1234.567, "1,234.57 h")])
def test_hours_are_written_as_people_write_them(amount: float, text: str) -> None:
    assert hours(amount) == text


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ([], ()),
        ({"us-west-2": {}}, ("date",)),
        ({"date": "soon"}, ("date",)),
        ({"date": "2026-11-01", "us-west-2": 3}, ("us-west-2",)),
        ({"date": "2026-11-01", "us-west-2": {"ml.g5.xlarge": "1.5"}}, ("us-west-2", "ml.g5.xlarge")),
        ({"date": "2026-11-01", "us-west-2": {"ml.g5.xlarge": True}}, ("us-west-2", "ml.g5.xlarge")),
        ({"date": "2026-11-01", "us-west-2": {"ml.g5.xlarge": -1}}, ("us-west-2", "ml.g5.xlarge")),
    ],
)
def test_a_price_file_that_is_none_is_reported_where(data: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(PricesError) as raised:
        prices_of(data, "us-west-2")
    assert raised.value.path == path


# max_job_cost -----------------------------------------------------------------------------------------------------

PRICE_FILE = 'date: "2026-11-01"\nus-west-2: {ml.m5.xlarge: 0.25, volume_gb_month: 0.14}\n'


def priced(folder: Path, knowledge: Facts, settings: str, prices: str | None = PRICE_FILE, **over: Any) -> Result:
    (folder / "sagespec.yaml").write_text(f"apiVersion: sagespec/v1\nkind: Defaults\n{settings}")
    if prices is not None:
        (folder / "prices.yaml").write_text(prices)
    manifest = folder / "mnist.yaml"
    manifest.write_text(json.dumps({**SMALLEST, "max_run": 3600, "on_failure": {"retry": "never"}, **over}))
    (result,) = Compiler(Options(Inputs()), knowledge).run([str(manifest)])
    return result


def findings_of(result: Result) -> list[tuple[str, str, int]]:
    return [(found.rule, Path(found.path).name, found.span.line) for found in result.diagnostics]


def test_a_job_that_costs_too_much_is_refused_at_the_line_of_the_limit(code: Path, knowledge: Facts) -> None:
    settings = "prices: prices.yaml\nmax_job_cost: {}\n"
    cheap, dear = priced(code, knowledge, settings.format(1)), priced(code, knowledge, settings.format(0.2))
    assert (cheap.diagnostics, cheap.request is not None) == ((), True)
    assert (findings_of(dear), dear.request) == ([("job-costs-too-much", "sagespec.yaml", 4)], None)
    assert "may cost $0.26, and max_job_cost is $0.20" in dear.diagnostics[0].message


def test_a_type_without_a_price_is_a_warning_at_its_line(code: Path, knowledge: Facts) -> None:
    found = priced(code, knowledge, "prices: prices.yaml\nmax_job_cost: 1\n", instance_type="ml.c5.xlarge")
    assert findings_of(found) == [("unknown-price", "mnist.yaml", 1)]
    assert found.request is not None


@pytest.mark.parametrize(
    ("settings", "prices", "expected"),
    [
        ("max_job_cost: 1\n", None, ("unknown-price", "sagespec.yaml", 3)),
        ("prices: nowhere.yaml\n", None, ("unusable-prices", "sagespec.yaml", 3)),
        ("prices: prices.yaml\n", "", ("unusable-prices", "sagespec.yaml", 3)),
        ("prices: prices.yaml\n", "us-west-2: {}\n", ("unusable-prices", "prices.yaml", 1)),
        (
            "prices: prices.yaml\n",
            'date: "2026-11-01"\nus-west-2:\n  ml.m5.xlarge: x\n',
            ("unusable-prices", "prices.yaml", 3),
        ),
    ],
)
def test_prices_that_cannot_be_used_are_reported_at_their_place(
    settings: str, prices: str | None, expected: tuple[str, str, int], code: Path, knowledge: Facts
) -> None:
    assert findings_of(priced(code, knowledge, settings, prices)) == [expected]


# The plan as people read it ---------------------------------------------------------------------------------------


@pytest.fixture
def plan(make: Callable[..., Request], code: Path) -> Any:
    """One job of each kind: new, kept, changed while it runs, failed for good, another's tags."""
    (code / "lib").mkdir()
    (code / "lib" / "train.py").write_bytes((code / "train.py").read_bytes())
    (code / "lib" / "__pycache__").mkdir()
    new = {"name": "new", "source_dir": "lib", "instance_type": "ml.g5.xlarge", "max_run": 3600}
    requests = [
        make(new),
        make({"name": "kept"}),
        make({"name": "running", **WITHOUT_SHELL, "hyperparameters": {"epochs": 20, "separator": "b|c"}}),
        make({"name": "broken"}),
        make({"name": "tagged", "tags": {"team": "b"}}),
    ]
    jobs = [
        seen(requests[1]),
        seen(make({"name": "running", **WITHOUT_SHELL, "hyperparameters": {"epochs": 10, "separator": ","}})),
        seen(requests[3], "Failed", failure="AlgorithmError: ExitCode 1\n<script>alert(1)</script>"),
        seen(make({"name": "tagged", "tags": {"team": "a"}})),
    ]
    return decide_all(requests, jobs)


def steady(text: str) -> str:
    """Without what follows from the bytes of the test's script."""
    return re.sub(r"\d+ bytes", "236 bytes", re.sub(r"\b[0-9a-f]{10}\b", "0123456789", text))


def test_a_plan_as_text(plan: Any, golden: Callable[[Path, str], None]) -> None:
    golden(GOLDEN / "plan.txt", steady("\n".join(plan_text(plan, PLAIN)) + "\n"))


def test_a_plan_as_markdown(plan: Any, golden: Callable[[Path, str], None]) -> None:
    golden(GOLDEN / "plan.md", steady(plan_markdown(plan)))


def test_a_plan_of_jobs_and_endpoints_is_what_its_schema_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of all examples, priced or not."""
    assert run(["plan", "--offline", "--format", "json", str(REPOSITORY / "specs")]) == 0
    kinds = {job["kind"] for job in check_plan(capsys.readouterr().out)["jobs"]}
    assert kinds == {"TrainingJob", "Endpoint"}
    (tmp_path / "p.yaml").write_text('date: "2026-11-01"\nus-west-2: {ml.m5.xlarge: 0.25, volume_gb_month: 0.14}\n')
    (tmp_path / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nprices: p.yaml\n")
    (tmp_path / "train.py").write_text("print(1)\n")
    (tmp_path / "job.yaml").write_text(json.dumps({**SMALLEST, "region": "us-west-2", "instance_type": "ml.m5.xlarge"}))
    assert run(["plan", "--offline", "--format", "json", str(tmp_path / "job.yaml")]) == 0
    assert check_plan(capsys.readouterr().out)["total"]["usd"] > 0


def test_a_plan_as_json(plan: Any) -> None:
    found = check_plan(plan_json(plan))
    assert found["version"] == 1
    by_name = {job["name"]: job for job in found["jobs"]}
    assert {name: job["action"] for name, job in by_name.items()} == {
        "new": "create",
        "kept": "keep",
        "running": "refuse",
        "broken": "keep",
        "tagged": "tag",
    }
    assert by_name["running"]["differences"] == [
        {
            "field": "hyperparameters.epochs",
            "member": "HyperParameters.epochs",
            "before": 10,
            "after": 20,
            "class": "new run",
        },
        {
            "field": "hyperparameters.separator",
            "member": "HyperParameters.separator",
            "before": ",",
            "after": "b|c",
            "class": "new run",
        },
    ]
    assert by_name["running"]["bill"] is None
    assert by_name["new"]["bill"]["instance_hours"] == {"ml.g5.xlarge": 3.0}
    (upload,) = by_name["new"]["uploads"]
    assert (upload["kind"], upload["files"], upload["ignored"][0]["name"]) == ("code", 1, "__pycache__/")


def test_nothing_in_a_plan_becomes_markup(plan: Any) -> None:
    """A job's name, reason or tag is somebody's text; a Markdown reader must not see HTML in it."""
    rendered = MarkdownIt("gfm-like", {"linkify": False}).render(plan_markdown(plan))
    assert "<script>" not in rendered
    assert "&lt;script&gt;" in rendered
    assert "<code>b|c</code>" in rendered


# The plan as a reviewer reads it ------------------------------------------------------------------------------------


@pytest.fixture
def sweep(make: Callable[..., Request]) -> list[Request]:
    """Jobs that differ in their names and in one hyperparameter."""
    return [make({"name": f"sweep-{rate}", "hyperparameters": {"rate": rate, "epochs": 3}}) for rate in range(12)]


def test_jobs_that_are_alike_are_one_row(sweep: list[Request], make: Callable[..., Request]) -> None:
    other = make({"name": "sweep-large", "instance_type": "ml.g5.xlarge", "hyperparameters": {"rate": 1}})
    text = plan_markdown(decide_all([*sweep, other], []))
    table = [line for line in text.splitlines() if line.startswith("| + create")]
    assert table == [
        "| + create | `sweep-*` (12 jobs) | 1 × ml.m5.xlarge | on demand | 24 h × 3 attempts | 72 h each | new |",
        "| + create | `sweep-large` | 1 × ml.g5.xlarge | on demand | 24 h × 3 attempts | 72 h | new |",
    ]
    assert "| job | `rate` |\n|---|---|\n| `sweep-0` | `0` |\n| `sweep-1` | `1` |\n" in text
    assert "- the same in all: epochs: 3\n" in text


def test_jobs_that_ran_before_and_are_alike_are_one_row(sweep: list[Request], make: Callable[..., Request]) -> None:
    """Each says of its own job that it has changed; a reviewer reads it once."""
    before = [
        make({"name": request.name, "instance_count": 2, "hyperparameters": {"rate": rate, "epochs": 3}})
        for rate, request in enumerate(sweep)
    ]
    text = plan_markdown(decide_all(sweep, [seen(request, "Completed") for request in before]))
    assert "| new |" not in text
    (row,) = [line for line in text.splitlines() if line.startswith("| + create")]
    assert row.endswith("| the job is Completed, and the manifest or its code has changed since |")
    assert text.count("| `instance_count` | `2` | `1` | new run |") == 1


def test_jobs_that_differ_in_their_names_alone_need_no_table_of_what_differs(make: Callable[..., Request]) -> None:
    requests = [make({"name": name, "hyperparameters": {"epochs": 3}}) for name in ("one", "two")]
    text = plan_markdown(decide_all(requests, []))
    assert "| + create | `one`, `two` |" in text
    assert "| job |\n" not in text.replace("| job |  |", "| job |\n")
    assert "- the same in all: epochs: 3\n" in text


def test_a_comment_is_never_cut_inside_of_a_block(make: Callable[..., Request]) -> None:
    """Forty jobs of which each is a row of its own."""
    requests = [make({"name": f"job-{'x' * 20}-{n}", "max_run": 3600 + n}) for n in range(40)]
    plan = decide_all(requests, [])
    plan = plan._replace(changes=tuple(change._replace(notes=("a note " * 20,)) for change in plan.changes))
    for longest in (60_000, 6_000, 2_500, 700):
        text = plan_markdown(plan, longest)
        assert len(text.encode()) <= longest
        assert text.count("<details") == text.count("</details>")
        assert text.startswith("<!-- sagespec plan -->\n### sagespec: 40 to create\n")
        assert ("would not fit into a comment" in text) == (longest < 20_000)
        table = [line for line in text.splitlines() if line.startswith("| +")]
        assert all(line.endswith("| new |") for line in table)
        assert len(table) == 40 if longest > 5_000 else len(table) < 40


def test_each_environment_has_a_comment_of_its_own(make: Callable[..., Request]) -> None:
    request = make({})._replace(environment="prod")
    text = plan_markdown(decide_all([request], []))
    assert text.startswith("<!-- sagespec plan prod -->\n")
    assert "\nAccount 123456789012, environment prod, us-west-2.\n" in text


def test_a_plan_that_asked_nobody_says_so(make: Callable[..., Request]) -> None:
    plan = plan_unseen([make({})], PlanOptions())
    shown = "Offline: nobody was asked what exists, so every job counts as new."
    assert shown in list(plan_text(plan, PLAIN))
    assert f"> {shown}" in plan_markdown(plan)
    assert json.loads(plan_json(plan))["offline"] is True


def test_a_bill_says_how_it_is_counted_and_which_fields_decide_it(make: Callable[..., Request]) -> None:
    spot = {"use_spot_instances": True, "max_run": 3600, "max_wait": 7200, "checkpoint_s3_uri": "s3://bucket/c"}
    warm = {
        "instance_count": 2,
        "max_run": 3600,
        "keep_alive_period_in_seconds": 1800,
        "on_failure": {"retry": "never"},
    }
    shown = [
        next(line for line in plan_text(decide_all([make(over)], []), PLAIN) if "bill:" in line).partition(": 1 ×")
        for over in ({}, spot)
    ]
    assert [f"1 ×{line[2]}" for line in shown] == [
        "1 × 24 h (max_run) × 3 attempts (on_failure.max_attempts)",
        "1 × 2 h (max_wait) × 3 attempts (on_failure.max_attempts); spot instances cost less",
    ]
    text = "\n".join(plan_text(decide_all([make(warm)], []), PLAIN))
    assert text.count(": 2 × 60 min (max_run) + warm pool 2 × 30 min (keep_alive_period_in_seconds)") == 1


def test_the_files_that_have_changed_are_named(make: Callable[..., Request], code: Path, tmp_path: Path) -> None:
    (code / "lib").mkdir()
    for name in ("train.py", "model.py", "gone.py", "same.py"):
        (code / "lib" / name).write_bytes((code / "train.py").read_bytes() + name.encode().join([b"# ", b""]))
    before = make({"source_dir": "lib"})
    with (tmp_path / "old.tar.gz").open("wb") as file:
        before.uploads[0].content.pack(file)
    job = seen(before, "Completed")
    (code / "lib" / "gone.py").unlink()
    (code / "lib" / "new.py").write_text("")
    (code / "lib" / "model.py").write_text("x = 1\n")
    plan = decide_all([make({"source_dir": "lib"})], [job])
    assert archive_before(plan.changes[0]) == before.uploads[0].uri

    service = Memory("west")
    service.files[before.uploads[0].uri] = ((tmp_path / "old.tar.gz").read_bytes(), 0.0)
    named = ServicePool(lambda site: service).naming_files(plan)
    assert named.changes[0].files == ChangedFiles(("new.py",), ("gone.py",), ("model.py",))
    text = "\n".join(line.strip() for line in plan_text(named, PLAIN))
    assert "added: new.py\nremoved: gone.py\nchanged: model.py\n" in text
    assert "mnist: 1 difference, 3 files of the code" in plan_markdown(named)
    assert check_plan(plan_json(named))["jobs"][0]["files"]["changed"] == ["model.py"]


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b cut"])
def test_an_archive_that_cannot_be_read_leaves_a_plan(
    content: bytes, make: Callable[..., Request], code: Path, tmp_path: Path
) -> None:
    job = seen(make({}), "Completed")
    (code / "train.py").write_text((code / "train.py").read_text() + "# changed\n")
    plan = decide_all([make({})], [job])
    (tmp_path / "old").write_bytes(content)
    assert changed_files(tmp_path / "old", plan.changes[0]).unknown.startswith("the archive of the job before cannot")


def test_an_archive_that_may_not_be_read_is_reported(make: Callable[..., Request], code: Path) -> None:
    job = seen(make({}), "Completed")
    (code / "train.py").write_text((code / "train.py").read_text() + "# changed\n")
    plan = ServicePool(lambda site: Memory("west")).naming_files(decide_all([make({})], [job]))
    text = "\n".join(plan_text(plan, PLAIN))
    assert "which files: the archive of the job before cannot be read: there is no s3://" in text


# Following and endings --------------------------------------------------------------------------------------------


def ended_job(make: Callable[..., Request], status: str = "Completed", **more: Any) -> ObservedJob:
    request = make(
        {"use_spot_instances": True, "max_wait": 172_800, "checkpoint_s3_uri": "s3://b/c", "instance_count": 2}
    )
    known = {
        "TrainingStartTime": BORN + timedelta(minutes=2),
        "TrainingEndTime": BORN + timedelta(minutes=12),
        "TrainingTimeInSeconds": 600,
        "BillableTimeInSeconds": 210,
        "ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"},
        "FinalMetricDataList": [{"MetricName": "loss", "Value": 0.25, "Timestamp": BORN}],
        **more,
    }
    return seen(request, status, **known)


def test_an_ending_holds_what_the_next_step_needs(make: Callable[..., Request]) -> None:
    ending = ending_of(ended_job(make), "s3://b/model.tar.gz")
    assert (ending.succeeded, ending.lost) == (True, False)
    assert ending.metrics == {"loss": 0.25}
    assert (ending.billable_seconds, ending.instances, ending.spot_saving) == (420, 2, 0.65)
    assert ending.log == f"/aws/sagemaker/TrainingJobs/{ending.job_name}/ (us-west-2)"


def test_a_model_that_is_not_where_the_service_says_is_noticed(make: Callable[..., Request]) -> None:
    ending = ending_of(ended_job(make), None)
    assert ending.lost
    assert any("nothing lies at s3://b/model.tar.gz" in line for line in status_text([ending], PLAIN))


@pytest.mark.parametrize(("status", "secondary"), [("Stopped", "MaxRuntimeExceeded"), ("Stopped", "Stopped")])
def test_a_job_that_was_stopped_has_not_succeeded(status: str, secondary: str, make: Callable[..., Request]) -> None:
    assert not ending_of(ended_job(make, status, secondary=secondary)).succeeded


def test_endings_as_people_read_them(make: Callable[..., Request], golden: Callable[[Path, str], None]) -> None:
    failed = ended_job(make, "Failed", failure="AlgorithmError: ExitCode 137\nkilled <b>")
    endings = [ending_of(ended_job(make), "s3://b/model.tar.gz"), ending_of(failed, None, ["step 1", "Killed"])]
    golden(GOLDEN / "status.txt", steady("\n".join(status_text(endings, PLAIN)) + "\n"))
    golden(GOLDEN / "endings.md", steady(endings_markdown(endings)))


def test_an_output_cannot_break_out_of_its_line() -> None:
    """The failure's text comes from the training script: it must not be able to set other outputs."""
    text = "".join(github_lines([{"job_name": "a", "failure_reason": "x\nEOF\nstatus=Completed"}]))
    key, mark = re.search(r"^(failure_reason)<<(\S+)$", text, re.M).groups()  # type: ignore[union-attr]
    assert f"{key}<<{mark}\nx\nEOF\nstatus=Completed\n{mark}\n" in text
    assert "\nstatus=\n" in text


def test_states_are_plain_lines_where_there_is_no_terminal(make: Callable[..., Request]) -> None:
    states, logs = io.StringIO(), io.StringIO()
    job = seen(make({}), secondary="Downloading")
    with board_on(states, logs, [job.job_name]) as board:
        board.state(job)
        board.line("step 1")
    assert states.getvalue() == f"{job.job_name}  InProgress (Downloading)\n"
    assert logs.getvalue() == "step 1\n"


def test_states_move_in_one_place_on_a_terminal(make: Callable[..., Request], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    states, logs = io.StringIO(), io.StringIO()
    job = seen(make({}))
    with board_on(states, logs, [job.job_name], now=lambda: 3671.0, width=100) as board:
        board.state(ObservedJob(job.job_name, job.name, "InProgress", "Downloading", created=10.0))
        board.line("step 1")
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", states.getvalue())
    assert re.search(rf"{job.job_name} +Downloading +1:01:01", text)
    assert logs.getvalue() == "step 1\n", "log lines that go to a file have no colour and no table among them"


def test_a_long_log_line_is_not_cut_into_several_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    with board_on(terminal, terminal, ["mnist-1"], width=20) as board:
        board.line("[red] " + " ".join(["word"] * 20))
    assert "[red] " + " ".join(["word"] * 20) in terminal.getvalue()


def test_jobs_of_several_services_are_followed_together(make: Callable[..., Request]) -> None:
    """Neither waits for the other: the second service's job ends only after the first one's has begun to be seen."""
    request = make({})
    one, two = Memory("one"), Memory("two")
    one.jobs["a"], two.jobs["b"] = Job(request.body(), {}), Job(request.body(), {})
    looks: list[str] = []

    def look(name: str, other: str) -> Callable[[Job], None]:
        def on_describe(job: Job) -> None:
            looks.append(name)
            if other in looks:
                job.status = job.secondary = "Completed"

        return on_describe

    one.on_describe, two.on_describe = look("a", "b"), look("b", "a")
    one.poll_seconds = two.poll_seconds = 0.001
    news = [(item.job_name, item.seen.status) for item in follow_all([("a", one), ("b", two)]) if item.seen]
    assert {("a", "Completed"), ("b", "Completed")} <= set(news)


def test_what_is_pruned_is_stopped_where_it_runs(make: Callable[..., Request]) -> None:
    """Two regions, and the job without a manifest runs in the second."""
    west, east, gone = (
        make({"name": name, "region": region})._replace(project="vision")
        for name, region in (("west", "us-west-2"), ("east", "us-east-1"), ("gone", "us-east-1"))
    )
    services = {"us-west-2": Memory("west"), "us-east-1": Memory("east")}
    services["us-east-1"].create(gone, 1)
    pool = ServicePool(lambda site: services[site.region])
    plan = pool.plan([west, east], PlanOptions(prune=True), lambda job: (PruneVerdict.GONE, "its manifest is gone"))
    assert [(change.name, change.action) for change in plan.changes] == [
        ("west", Action.CREATE),
        ("east", Action.CREATE),
        ("gone", Action.STOP),
    ]
    outcomes = list(pool.apply(plan, PlanOptions(prune=True), lambda what, done, total: None))
    assert all(outcome.done for outcome in outcomes)
    assert ("stop", gone.job_name()) in services["us-east-1"].done


def test_a_new_job_says_what_it_is_trained_with_and_a_secret_stays_one(make: Callable[..., Request]) -> None:
    given = {"epochs": 20, "api_key": "Zk93hs82hQw1LmPz0aYt4TgB"}
    spot = {"use_spot_instances": True, "max_run": 3600, "max_wait": 7200, "checkpoint_s3_uri": "s3://bucket/c"}
    request = make({"name": "new", "hyperparameters": given, **spot}, allow=("secret-in-manifest",))
    shown = "\n".join(plan_text(decide_all([request], []), PLAIN))
    assert "spot in us-west-2, at most 60 min" in shown
    assert "hyperparameters: epochs: 20, api_key: " in shown
    assert given["api_key"] not in shown
