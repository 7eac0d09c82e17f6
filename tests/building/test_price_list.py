"""A price file is made of AWS's price list, and what jobs may cost together has a bound."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import REPOSITORY, SMALLEST
from sagespec.building.cost import Bill, BillItem, prices_of
from sagespec.building.price_list import PriceListError, price_file, read_price_list
from sagespec.catalog import Facts
from sagespec.cli import run
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs

LISTS = REPOSITORY / "tests" / "building" / "prices"
TEXT = (LISTS / "us-east-1.json").read_text(encoding="utf-8")
US_EAST_1 = {
    "ml.g5.2xlarge": 1.515,
    "ml.m5.xlarge": 0.23,
    "volume_gb_month": 0.14,
    "hosting": {"ml.c7g.large": 0.087},
}
"""On demand and in a region: without spot, notebooks, clusters, the free tier and Outposts."""


@pytest.mark.parametrize("form", ["json", "csv"])
def test_both_forms_of_the_price_list_make_the_same_price_file(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "prices.yaml"
    assert run(["prices", str(LISTS / f"us-east-1.{form}"), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"{out}\n"
    made = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert made == {"date": "2026-11-01", "us-east-1": US_EAST_1}


@pytest.mark.parametrize("as_text", [True, False], ids=["as the API answers", "unpacked"])
def test_the_answer_of_get_products_makes_the_same_price_file(as_text: bool) -> None:
    """The form: botocore's documentation of GetProducts, whose PriceList holds JSON texts."""
    data = json.loads(TEXT)
    found = [
        {
            "product": product,
            "serviceCode": "AmazonSageMaker",
            "terms": {"OnDemand": data["terms"]["OnDemand"].get(sku, {})},
            "version": data["version"],
            "publicationDate": data["publicationDate"],
        }
        for sku, product in data["products"].items()
    ]
    answer = {"FormatVersion": "aws_v1", "PriceList": [json.dumps(one) if as_text else one for one in found]}
    made = price_file([read_price_list(io.StringIO(json.dumps(answer)), "a")])
    assert made == price_file([read_price_list(io.StringIO(TEXT), "a")])


def test_an_endpoint_is_priced_by_what_hosting_costs() -> None:
    prices = prices_of(yaml.safe_load(price_file([read_price_list(io.StringIO(TEXT), "a")])), "us-east-1")
    job, endpoint = (BillItem("x", "ml.c7g.large", 1, 3600, hosted=hosted) for hosted in (False, True))
    assert (Bill((job,), 1, prices=prices).usd, Bill((endpoint,), 1, prices=prices).usd) == (None, 0.087)


def test_lists_of_several_regions_are_one_file_with_the_older_date(tmp_path: Path, capsys: Any) -> None:
    other = tmp_path / "eu.json"
    other.write_text(TEXT.replace("us-east-1", "eu-west-1").replace("2026-11-01T09", "2026-10-02T09"))
    command = ["prices", str(LISTS / "us-east-1.csv"), str(other)]
    assert run(command) == 0
    made = yaml.safe_load(capsys.readouterr().out)
    assert (made["date"], list(made)) == ("2026-10-02", ["date", "eu-west-1", "us-east-1"])
    assert run([*command, "--region", "eu-west-1"]) == 0
    assert list(yaml.safe_load(capsys.readouterr().out)) == ["date", "eu-west-1"]


def test_what_is_paid_in_advance_is_not_a_price_of_a_job() -> None:
    """Terms beside OnDemand, and the use of a training plan, which has a usage type of its own."""
    data = json.loads(TEXT)
    data["terms"]["Reserved"] = json.loads(TEXT.replace("0.2300000000", "9.0000000000"))["terms"]["OnDemand"]
    planned = dict(
        next(each for each in data["products"].values() if each["attributes"]["usagetype"].endswith("5.xlarge"))
    )
    for number, usage in enumerate(("USE1-TrainPlanInUse:ml.m5.xlarge", "USE1-Train:ml.m5.xlarge-trainingplanunused")):
        sku = f"PLAN{number}"
        data["products"][sku] = {**planned, "sku": sku, "attributes": {**planned["attributes"], "usagetype": usage}}
        data["terms"]["OnDemand"][sku] = data["terms"]["Reserved"][planned["sku"]]
    assert read_price_list(io.StringIO(json.dumps(data)), "a").regions == {
        "us-east-1": {kind: price for kind, price in US_EAST_1.items() if kind != "hosting"}
    }


def test_of_two_prices_the_higher_one_counts() -> None:
    twice = TEXT.replace("USE1-TrSpt:", "USE1-Train:").replace("0.0700000000", "0.3000000000")
    assert read_price_list(io.StringIO(twice), "a").regions["us-east-1"]["ml.m5.xlarge"] == 0.3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (TEXT.replace('"AmazonSageMaker"', '"AmazonEC2"'), "a is the price list of AmazonEC2, not of AmazonSageMaker"),
        (TEXT[:2000], "a is not a price list of AmazonSageMaker"),
        ("date: 2026-11-01\n", "a is not a price list of AmazonSageMaker"),
        ("", "a is not a price list of AmazonSageMaker"),
        ("{}", "a is not a price list of AmazonSageMaker"),
        (TEXT.replace("-Train:", "-Other:"), "a has no price of a training job"),
    ],
)
def test_what_is_not_a_price_list_is_reported(text: str, said: str) -> None:
    with pytest.raises(PriceListError) as raised:
        read_price_list(io.StringIO(text), "a")
    assert raised.value.message == said


def test_a_region_that_no_list_has_and_a_file_that_is_not_there_are_reported(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(["prices", str(LISTS / "us-east-1.csv"), "--region", "mars-1"]) == 2
    assert "there are no prices of mars-1 here, only of us-east-1" in capsys.readouterr().err
    assert run(["prices", "nowhere.json"]) == 2
    assert "nowhere.json cannot be read: No such file or directory" in capsys.readouterr().err


# max_total_cost ---------------------------------------------------------------------------------------------------

SETTINGS = "apiVersion: sagespec/v1\nkind: Defaults\nprices: prices.yaml\n"
SET = {"name": "a-{{ matrix.n }}", "matrix": {"n": [1, 2, 3]}, "hyperparameters": {"number": "{{ matrix.n }}"}}


def judged(folder: Path, knowledge: Facts, settings: str, role: str = SMALLEST["role"], **options: Any) -> list[Result]:
    """Three jobs of $0.25 and a bit."""
    (folder / "prices.yaml").write_text('date: "2026-11-01"\nus-west-2: {ml.m5.xlarge: 0.25, volume_gb_month: 0.14}\n')
    (folder / "sagespec.yaml").write_text(SETTINGS + settings)
    manifest = folder / "set.yaml"
    manifest.write_text(
        json.dumps({**SMALLEST, "max_run": 3600, "role": role, "on_failure": {"retry": "never"}, **SET})
    )
    return list(Compiler(Options(Inputs(), **options), knowledge).run([str(manifest)]))


@pytest.mark.parametrize("build", [True, False])
def test_a_set_that_costs_too_much_is_refused_at_the_line_of_the_limit(
    build: bool, code: Path, knowledge: Facts
) -> None:
    *jobs, last = judged(code, knowledge, "max_total_cost: 0.60\n", build=build)
    assert [result.diagnostics for result in jobs] == [(), (), ()]
    (found,) = last.diagnostics
    assert (found.rule, Path(found.path).name, found.span.line) == ("jobs-cost-too-much", "sagespec.yaml", 4)
    assert found.message == (
        "3 jobs may cost $0.77 together, and max_total_cost is $0.60; the dearest is 'a-3' with $0.26"
    )


def test_a_set_is_summed_up_once_when_the_service_is_asked_for_its_account(code: Path, knowledge: Facts) -> None:
    asked: list[str] = []

    def account(region: str) -> str:
        asked.append(region)
        return "123456789012"

    *jobs, last = judged(code, knowledge, "max_total_cost: 0.60\n", role="SageMakerRole", ask_account=account)
    assert [found.message.partition(",")[0] for found in last.diagnostics] == ["3 jobs may cost $0.77 together"]
    jobs = judged(code, knowledge, "max_total_cost: 1\n", role="SageMakerRole", ask_account=account)
    assert [result.diagnostics for result in jobs] == [(), (), ()]
    assert [result.request is not None for result in jobs] == [True] * 3
    assert asked == ["us-west-2"], "of the second set alone"


def test_a_set_that_costs_less_is_not(code: Path, knowledge: Facts) -> None:
    assert [result.diagnostics for result in judged(code, knowledge, "max_total_cost: 1\n")] == [(), (), ()]
    assert len(judged(code, knowledge, "max_total_cost: 0.60\n", only=("a-1", "a-2"))) == 2


def test_each_environment_has_a_sum_of_its_own(code: Path, knowledge: Facts) -> None:
    settings = "environments: {dev: {max_total_cost: 1}, prod: {max_total_cost: 0.5, tags: {a: b}}}\n"
    *_, last = judged(code, knowledge, settings, build=False)
    (found,) = last.diagnostics
    assert found.message.startswith("3 jobs may cost $0.77 together in environment prod, and max_total_cost is $0.50")
    assert found.span.line == 4


def test_a_bound_without_prices_is_reported(code: Path, knowledge: Facts) -> None:
    (code / "sagespec.yaml").write_text("apiVersion: sagespec/v1\nkind: Defaults\nmax_total_cost: 5\n")
    (code / "set.yaml").write_text(json.dumps(SMALLEST))
    (result,) = Compiler(Options(Inputs()), knowledge).run([str(code / "set.yaml")])
    assert [found.message for found in result.diagnostics] == ["max_total_cost means nothing without prices"]
