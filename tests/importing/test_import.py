"""What others have written becomes a manifest: training jobs that exist, scripts and notebooks."""

from __future__ import annotations

import ast
import gzip
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import REPOSITORY, SCRIPT, SMALLEST, Judge
from fakes.fixtures import Aws
from fakes.jobs import with_defaults
from oracle.comparing import IN_THE_CONTAINER, LAX, ORACLE, comparable, differences
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.cli import run
from sagespec.importing import UnreadableProgram, code_of, from_description, from_source, from_text
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs

ALL = {"code_location": "", "debugger_hook_config": {}, "profiler_config": {}}
"""Fields that must be in a manifest so that `comparable` leaves nothing out."""
NAME = "mnist-2026-01-02-03-04-05-678"


def compiled(text: str, knowledge: Facts, folder: Path = Path("/nowhere")) -> Result:
    options = Options(Inputs(), allowed=IN_THE_CONTAINER)
    return next(Compiler(options, knowledge).source(Source("imported.yaml", text, folder)))


def recorded() -> Iterator[dict[str, Any]]:
    with gzip.open(ORACLE / "samples.jsonl.gz", "rt", encoding="utf-8") as lines:
        for sample in map(json.loads, lines):
            if "request" in sample and LAX not in sample["id"]:
                yield sample


def answered(request: Mapping[str, Any]) -> dict[str, Any]:
    """What DescribeTrainingJob would say of a job, by the words of the fake service."""
    said: dict[str, Any] = json.loads(json.dumps(request).replace("JOBNAME", NAME))
    arn = f"arn:aws:sagemaker:us-west-2:123456789012:training-job/{NAME}"
    region = re.search(r"\.ecr\.([^.]+)\.", json.dumps(request))
    return {
        **with_defaults(said),
        "TrainingJobArn": arn.replace("us-west-2", region[1] if region else "us-west-2"),
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "CreationTime": "2026-01-02T03:04:05Z",
        "ModelArtifacts": {"S3ModelArtifacts": "s3://bucket/model.tar.gz"},
        "BillableTimeInSeconds": 60,
        "FinalMetricDataList": [{"MetricName": "loss", "Value": 0.5}],
    }


def meant(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request without names, and with what the service fills in."""
    own = {**body, "HyperParameters": dict(body.get("HyperParameters", {}))}
    own["HyperParameters"].pop("sagemaker_submit_directory", None)  # looked at by itself
    return with_defaults(comparable(own, ALL))


# Training jobs that exist -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_description_of_every_recorded_job_compiles_to_the_jobs_own_request(knowledge: Facts) -> None:
    """All requests that the SDK was recorded with, legacy and script mode; none needs `request:`."""
    count = 0
    for sample in recorded():
        count += 1
        said = answered(sample["request"])
        draft = from_description(said, knowledge)
        result = compiled(draft.text, knowledge)
        assert result.request is not None, (sample["id"], result.diagnostics, draft.text)
        body = result.request.body()
        wanted = {**sample["request"], "InputDataConfig": said["InputDataConfig"]}  # with the code's own place
        assert list(differences(meant(wanted), meant(body))) == [], (sample["id"], draft.text)
        source = "sagemaker_submit_directory"
        assert said["HyperParameters"].get(source) == body["HyperParameters"].get(source), sample["id"]
        assert "request" not in draft.data, sample["id"]
        assert draft.complete
    assert count > 1_500


OF_JOBS = [
    path for path in sorted(REPOSITORY.glob("tests/golden/sagemaker/*.json")) if "TrainingJobName" in path.read_text()
]


@pytest.mark.parametrize("golden", OF_JOBS, ids=lambda path: path.stem)
def test_a_job_of_ours_has_its_name_and_its_digest_again(golden: Path, knowledge: Facts) -> None:
    body = json.loads(golden.read_text(encoding="utf-8"))
    result = compiled(from_description(body, knowledge).text, knowledge)
    assert result.request is not None, result.diagnostics
    again = result.request.body()
    assert again["TrainingJobName"] == body["TrainingJobName"]
    assert {**again, "Tags": []} == {**body, "Tags": []}


@pytest.fixture
def body(judge: Judge) -> dict[str, Any]:
    result = judge({"hyperparameters": {"epochs": 5}, "tags": {"team": "vision"}})
    assert result.request is not None
    body = result.request.body()
    return answered(json.loads(json.dumps(body).replace(body["TrainingJobName"], "JOBNAME")))


def again(body: Mapping[str, Any], knowledge: Facts) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """What an imported job compiles to, and its fields."""
    draft = from_description(body, knowledge)
    result = compiled(draft.text, knowledge)
    assert result.request is not None, (draft.text, result.diagnostics)
    return result.request.body(), draft.data


def test_versions_code_and_names_are_said_in_a_manifests_words(body: dict[str, Any], knowledge: Facts) -> None:
    source = json.loads(body["HyperParameters"]["sagemaker_submit_directory"])
    assert source.startswith("s3://sagemaker-us-west-2-123456789012/sagespec/code/")
    assert from_description(body, knowledge).data == {
        "name": "mnist",
        "tags": {"team": "vision"},
        "region": "us-west-2",
        "role": SMALLEST["role"],
        "framework_version": "2.21",
        "py_version": "py312",
        "entry_point": "train.py",
        "source_dir": source,
        "instance_type": "ml.m5.xlarge",
        "instance_count": 1,
        "hyperparameters": {"epochs": 5},
    }


def test_what_no_field_can_say_goes_under_request(body: dict[str, Any], knowledge: Facts) -> None:
    body["StoppingCondition"]["MaxPendingTimeInSeconds"] = 7200
    made, data = again(body, knowledge)
    assert data["request"] == {"StoppingCondition": {"MaxPendingTimeInSeconds": 7200}}
    assert made["StoppingCondition"] == body["StoppingCondition"]


def test_managed_mlflow_is_a_field(body: dict[str, Any], knowledge: Facts) -> None:
    tracking = "arn:aws:sagemaker:us-west-2:123456789012:mlflow-tracking-server/one"
    body["MlflowConfig"] = {"MlflowResourceArn": tracking, "MlflowRunName": "first"}
    made, data = again(body, knowledge)
    assert data["mlflow_config"] == {"mlflow_resource_arn": tracking, "mlflow_run_name": "first"}
    assert made["MlflowConfig"] == body["MlflowConfig"]


def test_a_value_that_a_field_refuses_goes_under_request(body: dict[str, Any], knowledge: Facts) -> None:
    body["OutputDataConfig"]["S3OutputPath"] = "https://s3.amazonaws.com/bucket/out"
    body["HyperParameters"]["model_dir"] = '"/opt/ml/model"'
    made, data = again(body, knowledge)
    assert "output_path" not in data
    assert data["request"] == {"OutputDataConfig": {"S3OutputPath": "https://s3.amazonaws.com/bucket/out"}}
    assert made["OutputDataConfig"] == {"S3OutputPath": "https://s3.amazonaws.com/bucket/out"}


def test_hyperparameters_mean_what_they_meant_to_the_script(body: dict[str, Any], knowledge: Facts) -> None:
    """JSON that is spaced otherwise is the same value, and text without quotes is a text."""
    body["HyperParameters"] |= {"layers": "[1,2]", "optimizer": "adam", "rate": "NaN", "note": '"{{ x }} \\u00fc"'}
    made, data = again(body, knowledge)
    sent = made["HyperParameters"]
    assert json.loads(sent["layers"]) == [1, 2]
    assert json.loads(sent["optimizer"]) == "adam"
    assert json.loads(sent["rate"]) == "NaN"
    assert json.loads(sent["note"]) == "{{ x }} ü"
    assert data["hyperparameters"]["layers"] == [1, 2]


def test_hyperparameters_that_are_called_as_legacy_fields_do_not_make_a_legacy_job(
    body: dict[str, Any], knowledge: Facts
) -> None:
    del body["HyperParameters"]["model_dir"]
    body["HyperParameters"] |= {"training_steps": "100", "checkpoint_path": '"s3://bucket/ck"'}
    made, data = again(body, knowledge)
    assert data["hyperparameters"] == {"epochs": 5, "training_steps": 100, "checkpoint_path": "s3://bucket/ck"}
    assert (data["model_dir"], "request" in data) == (False, False)
    assert made["HyperParameters"].keys() == body["HyperParameters"].keys()


def test_an_image_without_a_script_keeps_its_hyperparameters_to_the_letter(knowledge: Facts) -> None:
    image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1"
    given = {"epochs": "5", "rate": "1e-3", "flag": "true", "name": '"x"', "pad": "05"}
    body = {
        "TrainingJobName": "mine",
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "RoleArn": SMALLEST["role"],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "HyperParameters": given,
    }
    made, data = again(body, knowledge)
    assert made["HyperParameters"] == given
    assert data["image_uri"] == image
    assert data["hyperparameters"]["epochs"] == 5


def test_the_job_that_the_developer_guide_prints_is_a_legacy_job_with_an_image(knowledge: Facts) -> None:
    name = "sagemaker-tensorflow-py2-cpu-2017-11-18-03-11-11-686"
    source = f"s3://sagemakermv/customcode/tensorflow_iris/{name}/sourcedir.tar.gz"
    location = {"S3DataType": "S3Prefix", "S3DataDistributionType": "FullyReplicated", "S3Uri": "s3://sample/iris"}
    body = {
        "InputDataConfig": [{"ChannelName": "training", "DataSource": {"S3DataSource": location}}],
        "OutputDataConfig": {"S3OutputPath": "s3://sagemakermv/artifacts"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 86400},
        "TrainingJobName": name,
        "AlgorithmSpecification": {
            "TrainingInputMode": "File",
            "TrainingImage": "142577830533.dkr.ecr.us-west-2.amazonaws.com/sagemaker-tensorflow-py2-cpu:1.0.5",
        },
        "HyperParameters": {
            "sagemaker_program": '"iris_dnn_classifier.py"',
            "checkpoint_path": '"s3://sagemakermv/artifacts/checkpoints"',
            "sagemaker_job_name": f'"{name}"',
            "sagemaker_submit_directory": f'"{source}"',
            "sagemaker_region": '"us-west-2"',
            "training_steps": "100",
            "sagemaker_container_log_level": "20",
        },
        "ResourceConfig": {"VolumeSizeInGB": 30, "InstanceCount": 1, "InstanceType": "ml.c4.xlarge"},
        "RoleArn": "arn:aws:iam::123456789012:role/SageMakerRole",
    }
    made, data = again(body, knowledge)
    assert data["name"] == "sagemaker-tensorflow-py2-cpu"
    assert data["request"] == {"HyperParameters": {"evaluation_steps": None}}
    sent = made["HyperParameters"]
    sent = {key: value for key, value in sent.items() if key in body["HyperParameters"]}
    assert sent == {**body["HyperParameters"], "sagemaker_job_name": json.dumps(made["TrainingJobName"])}
    same = ("InputDataConfig", "OutputDataConfig", "StoppingCondition", "AlgorithmSpecification", "ResourceConfig")
    assert {member: made[member] for member in same} == {member: body[member] for member in same}


NO_JOBS = ("[]", "{}", '{"TrainingJobSummaries": []}', '{"TrainingJobName": 1}', "- a\n- b\n")


@pytest.mark.parametrize("text", NO_JOBS)
def test_what_is_not_a_training_job_is_reported(text: str, knowledge: Facts) -> None:
    with pytest.raises(UnreadableProgram, match=r"there is no training job in x\.json"):
        from_text(text, "x.json", knowledge)


def test_what_is_neither_json_nor_yaml_is_reported(knowledge: Facts) -> None:
    with pytest.raises(UnreadableProgram, match=r"x\.json is neither JSON nor YAML"):
        from_text("{", "x.json", knowledge)


def test_a_job_without_an_image_is_told_apart(body: dict[str, Any], knowledge: Facts) -> None:
    algorithm = "arn:aws:sagemaker:us-west-2:865070037744:algorithm/scikit-decision-trees"
    body["AlgorithmSpecification"] = {"AlgorithmName": algorithm, "TrainingInputMode": "File"}
    with pytest.raises(UnreadableProgram, match="runs an algorithm by its name"):
        from_description(body, knowledge)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
def test_a_description_with_anything_in_it_is_imported_or_refused(data: st.DataObject) -> None:
    from datetime import date

    from sagespec.catalog import facts

    said = json.loads((REPOSITORY / "tests/golden/sagemaker/mnist.json").read_text(encoding="utf-8"))
    member = data.draw(st.sampled_from(sorted(said)))
    inner = said[member]
    if isinstance(inner, dict) and data.draw(st.booleans()):
        inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(JSON)
    else:
        said[member] = data.draw(JSON)
    try:
        draft = from_description(said, facts(date(2026, 11, 20)))
    except UnreadableProgram:
        return
    assert draft.text.startswith("apiVersion: sagespec/v1\n")


# The command --------------------------------------------------------------------------------------------------------


def test_a_file_with_a_description_is_imported(
    body: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], knowledge: Facts
) -> None:
    file = tmp_path / "describe.json"
    file.write_text(json.dumps(body))
    assert run(["import", "--file", str(file)]) == 0
    printed = capsys.readouterr()
    assert printed.out == from_description(body, knowledge).text
    assert printed.err == ""


@pytest.mark.usefixtures("code")
def test_a_job_is_imported_from_the_service_with_its_tags(
    aws: Aws,
    judge: Judge,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    knowledge: Facts,
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    result = judge({"hyperparameters": {"epochs": 5}, "tags": {"team": "vision"}})
    assert result.request is not None
    body = result.request.body()
    aws.client("sagemaker").create_training_job(**body)
    assert run(["import", body["TrainingJobName"]]) == 0
    printed = capsys.readouterr().out
    again = compiled(printed, knowledge)
    assert "tags:\n  team: vision\n" in printed
    assert again.request is not None
    assert again.request.body()["TrainingJobName"] == body["TrainingJobName"]
    assert run(["import", "nobody"]) == 3


WRONG = [
    ([], 2),
    (["job", "--file", "x.json"], 2),
    (["nowhere.py"], 2),
    (["--file", "nowhere.json"], 2),
    (["empty.py"], 1),
    (["broken.ipynb"], 1),
]


@pytest.mark.parametrize(("arguments", "code"), WRONG, ids=str)
def test_what_cannot_be_imported_ends_with_a_word_and_a_code(
    arguments: list[str],
    code: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.py").write_text("")
    Path("broken.ipynb").write_text("{}")
    assert run(["import", *arguments]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")


# Scripts and notebooks ----------------------------------------------------------------------------------------------

SCRIPTS = sorted(path for path in (REPOSITORY / "tests/golden/import").glob("*.*") if path.suffix in (".py", ".ipynb"))


def drafted(path: Path, knowledge: Facts) -> str:
    drafts = from_source(code_of(path.read_text(encoding="utf-8"), path.name), knowledge)
    return drafts.text + "".join(f"# left: {line}\n" for line in drafts.left)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_becomes_manifests(script: Path, knowledge: Facts, golden: Callable[[Path, str], None]) -> None:
    golden(script.with_suffix(".yaml"), drafted(script, knowledge))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_validate_asks_for_what_was_not_certain_and_for_nothing_else(
    script: Path, knowledge: Facts, tmp_path: Path
) -> None:
    """Every gap is an expression that has no value; a manifest without gaps is right as it is."""
    (tmp_path / "code").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x").write_text("1")
    for draft in from_source(code_of(script.read_text(encoding="utf-8"), script.name), knowledge):
        for name in ("train.py", "code/train.py", "mnist.py", "tf-train.py"):
            (tmp_path / name).write_text(LEGACY if "training_steps" in draft.data else SCRIPT)
        source = Source("m.yaml", draft.text, tmp_path)
        results = Compiler(Options(Inputs(), build=False), knowledge).source(source)
        wrong = [one for result in results for one in result.diagnostics if one.severity.value == "error"]
        asked = {one.field for one in wrong if one.rule == "bad-expression"}
        assert asked == set(draft.notes)
        assert [one for one in wrong if one.rule != "bad-expression" and one.field != ("entry_point",)] == []


LEGACY = """\
def estimator_fn(run_config, params): ...
def train_input_fn(training_dir, params): ...
def eval_input_fn(training_dir, params): ...
def serving_input_fn(params): ...
"""


def test_the_page_about_moving_shows_what_import_makes(knowledge: Facts) -> None:
    page = (REPOSITORY / "docs" / "migration.md").read_text(encoding="utf-8")
    found = re.search(r"^```python\n(.*?)^```$.*?^```yaml\n(.*?)^```$", page, re.M | re.S)
    assert found is not None
    (draft,) = from_source(found[1], knowledge)
    assert draft.text == found[2]


def test_values_given_from_outside_complete_a_manifest(knowledge: Facts, code: Path) -> None:
    script = """
from sagemaker.tensorflow import TensorFlow
TensorFlow(entry_point="train.py", role=role, instance_type=kind, instance_count=count, framework_version="2.13",
           py_version="py310").fit(f"s3://{bucket}/train")
"""
    (draft,) = from_source(script, knowledge)
    given = {"role": SMALLEST["role"], "kind": "ml.m5.large", "count": "3", "bucket": "my-bucket"}
    source = Source("m.yaml", draft.text, code)
    compiler = Compiler(Options(Inputs(variables=given, environ={"AWS_REGION": "us-west-2"})), knowledge)
    (result,) = compiler.source(source)
    assert result.request is not None, result.diagnostics
    body = result.request.body()
    assert body["ResourceConfig"]["InstanceCount"] == 3
    assert body["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == "s3://my-bucket/train"


CERTAIN = {
    '"a" + "b"': "ab",
    'f"{1 + 1}-{0.5:.2f}"': "2-0.50",
    '"{}/{x}".format("a", x=1)': "a/1",
    '"{1}{0}".format("a", "b")': "ba",
    '"%s-%d" % ("a", 3)': "a-3",
    '"/".join(["a", "b"])': "a/b",
    'os.path.join("s3://", "bucket", "key")': "s3://bucket/key",
    'os.path.join("a/", "b")': "a/b",
    'os.path.join("/a", "b", "")': "/a/b/",
    'os.path.join("a", "/b")': "/b",
    'os.path.join("", "a", "", "b")': "a/b",
    '{"a": {"b": ["c"]}}["a"]["b"][0]': "c",
    'str(3) if "x" == "x" else unknown': "3",
    '("a", "b")[1]': "b",
    '"a" if not [] else b': "a",
    '(None or "a")': "a",
    'dict(a="x")["a"]': "x",
    '"a".upper() + "B".lower()': "Ab",
    '"{{{}{}".format("a", "b", "c")': "{ab",
    '"{node}-{text}".format(node="a", text="b")': "a-b",
    '"%d" % True': None,
    '"%d" % 1.5': None,
    'sorted({"b", "a"})[0]': "a",
    'list({"a": os, "b": 1})[1]': "b",
    'tuple(["a", "b"])[-1]': "b",
    "str(list(range(1, 9, 3))[2])": "7",
    'str(len("abc"))': "3",
    '"abc"[1:]': "bc",
    '"a/b".split("/")[-1]': "b",
    '" a-b ".strip().replace("-", "_")': "a_b",
    'os.path.basename("s3://b/c.csv")': "c.csv",
    'os.path.dirname("a/b/c")': "a/b",
    '"-".join(str(n) for n in range(3))': "0-1-2",
    '"".join([k for k, v in {"a": 1, "b": 2}.items() if v > 1])': "b",
    '(lambda x: x + "!")("a")': "a!",
    '{**{"a": "x"}, "b": "y"}["a"]': "x",
    '{"a": "x", **unknown}["a"]': None,
    '[*["a"], "b"][1]': "b",
    'max("a", "b")': "b",
    '"a" if 1 < 2 else b': "a",
    'int("11", 2)': None,
    '"a" + 1': None,
    '"a" if f() is None else "b"': None,
    '"a" if "x" is "x" else "b"': None,
    '"a" if None is None else "b"': "a",
    '"{}/{}".format("a", *x)': None,
    'os.path.join("a", *x)': None,
    '"/".join([1, 2])': None,
    '"x" * 3': None,
    "f()": None,
    "a.b": None,
    'f"{x!r}"': None,
    '"%(a)s" % {"a": 1}': None,
    "[x for x in y]": None,
    '{}["a"]': None,
    "1 / 0": None,
    '"{}".format()': None,
    '"{".format(1)': None,
}


@pytest.mark.parametrize(("expression", "value"), CERTAIN.items(), ids=str)
def test_an_expression_is_what_python_says_it_is_or_is_left_open(
    expression: str, value: str | None, knowledge: Facts
) -> None:
    """Python itself is the witness of what is certain."""
    (draft,) = from_source(f"import os\nTensorFlow(output_path={expression})", knowledge)
    if value is None:
        assert ("output_path",) in draft.notes
    else:
        import os

        assert draft.data["output_path"] == value == eval(expression, {"os": os})
        assert ("output_path",) not in draft.notes


FLOW = {
    'x = "a"\nx = "b"': "b",
    'x = "a"\nif maybe():\n    x = "b"': None,
    'x = "a"\nif maybe():\n    y = "b"': "a",
    'if maybe():\n    x = "a"\nelse:\n    x = "a"': "a",
    'if maybe():\n    x = "a"': None,
    'x = "a"\nfor x in y: pass': None,
    'x = "a"\nfor x in ["b", "c"]: pass': "c",
    'x = "a"\nfor n in [1, 2]: x += "b"': "abb",
    'x = "a"\nwhile maybe():\n    x = x + "b"': None,
    'try:\n    x = "a"\nexcept ValueError:\n    x = "b"': None,
    'x = "a"\nx += "b"': "ab",
    'x, y = "a", "b"': "a",
    'x: str = "a"': "a",
    "with open(f) as x: pass": None,
    'x = "a"\ndef f():\n    x = "b"': "a",
    'x = "a"\ndef f():\n    global x\n    x = "b"\nf()': "b",
    'x = "a"\ndef f():\n    global x\n    x = "b"\nif maybe():\n    f()': None,
    'd = {"k": "a"}\nd["k"] = "b"\nx = d["k"]': "b",
    'd = {"k": "a"}\nif maybe():\n    d["k"] = "b"\nx = d["k"]': None,
    'd = {"k": "a"}\nfor i in y:\n    d["k"] = i\nx = d["k"]': None,
    'd = {}\nd.update(k="a")\nx = d["k"]': "a",
    'd = {"k": "a"}\nd.update(unknown)\nx = d["k"]': None,
    'd = {"k": "a"}\nd[unknown] = "b"\nx = d["k"]': None,
    'd = {"k": "a"}\ndel d["k"]\nx = d["k"]': None,
    'd = {"k": "a"}\nd.pop("k")\nx = d["k"]': None,
    'd = {"k": "a"}\nd.pop(unknown)\nx = d["k"]': None,
    "from elsewhere import x": None,
}


@pytest.mark.parametrize(("flow", "value"), FLOW.items(), ids=lambda value: str(value).replace("\n", "; "))
def test_a_name_is_what_the_statements_before_leave_it_or_is_left_open(
    flow: str, value: str | None, knowledge: Facts
) -> None:
    (draft,) = from_source(f"{flow}\nTensorFlow(output_path=x)", knowledge)
    assert (draft.data["output_path"] if ("output_path",) not in draft.notes else None) == value


def test_nothing_of_a_script_is_run(tmp_path: Path, knowledge: Facts) -> None:
    trap = tmp_path / "trap"
    script = f"""
from sagemaker.tensorflow import TensorFlow
open({str(trap)!r}, "w").close()
class Evil(str):
    def __format__(self, form): open({str(trap)!r}, "w")
TensorFlow(entry_point=f"{{Evil('x')}}", role=__import__("os").system("touch {trap}"))
"""
    (draft,) = from_source(script, knowledge)
    assert ("role",) in draft.notes
    assert not trap.exists()


def test_another_class_of_that_name_is_not_an_estimator(knowledge: Facts) -> None:
    with pytest.raises(UnreadableProgram, match="no estimator"):
        from_source("from mine import TensorFlow\nTensorFlow(entry_point='train.py')", knowledge)


def test_an_unquoted_version_is_reported_with_its_line_and_its_cure(knowledge: Facts) -> None:
    with pytest.raises(UnreadableProgram) as caught:
        from_source("TensorFlow(entry_point='a.py',\n    framework_version=1.10.0)", knowledge)
    assert caught.value.message == "line 2 is not Python: framework_version=1.10.0)"
    assert caught.value.hint == "put versions in quotes: '1.10.0'"


def notebook(*cells: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})


def test_what_only_ipython_understands_is_passed_over(knowledge: Facts) -> None:
    text = notebook(
        "%matplotlib inline\n!pip install x\nfiles = !ls\nprint?\nif True:\n    %time f()",
        "%%bash\nif [ x ]; then",
        "%%time\nkind = 'ml.m5.%s' \\\n    % 'large'  # is it?\n",
        "from sagemaker.tensorflow import TensorFlow\nTensorFlow(\n  instance_type=kind, # right?\n)",
    )
    (draft,) = from_source(code_of(text, "a.ipynb"), knowledge)
    assert draft.data["instance_type"] == "ml.m5.large"


def test_old_notebooks_have_sheets() -> None:
    sheet = {"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}, {"cell_type": "markdown"}]}
    assert code_of(json.dumps({"worksheets": [sheet]}), "a.ipynb").text == "x = 1\ny = 2"


def test_what_is_imported_from_elsewhere_is_a_part_of_a_text(knowledge: Facts) -> None:
    (draft,) = from_source('from config import BUCKET\nTensorFlow(output_path=f"s3://{BUCKET}/out")', knowledge)
    assert draft.data["output_path"] == "s3://{{ vars.BUCKET }}/out"


def test_a_number_that_no_manifest_can_hold_is_left_open(knowledge: Facts) -> None:
    (draft,) = from_source("TensorFlow(hyperparameters={'a': float('nan'), 'b': 1e999, 'c': 0.5})", knowledge)
    assert draft.text.count("{{ vars.") == 2 + len(draft.notes) - 2
    assert draft.data["hyperparameters"]["c"] == 0.5
    assert {path for path in draft.notes if path[0] == "hyperparameters"} == {
        ("hyperparameters", "a"),
        ("hyperparameters", "b"),
    }


def test_any_python_is_read_or_refused(knowledge: Facts) -> None:
    """Files of the project, and one that nests deeper than anybody would."""
    files = sorted([*REPOSITORY.glob("compiler/**/*.py"), *REPOSITORY.glob("tests/*.py")])
    for path in files[::12]:
        code = path.read_text(encoding="utf-8").replace("from __future__ import annotations\n", "\n")
        assert from_source(f"{code}\nTensorFlow()\n", knowledge).drafts
    for text in ("x = " + "-" * 100_000 + "1", "x = " + "(" * 5_000 + ")" * 5_000, "\0", "x = 'a' + " * 5_000 + "'b'"):
        with pytest.raises(UnreadableProgram):
            from_source(text, knowledge)


def test_comments_in_a_manifest_are_one_line_each(knowledge: Facts) -> None:
    script = 'TensorFlow(role=f("a\\nb: c\\u2028#", """\nx\n"""), entry_point="train.py")'
    ast.parse(script)
    (draft,) = from_source(script, knowledge)
    lines = draft.text.splitlines()
    assert len([line for line in lines if line.startswith("role:")]) == 1
    assert all(re.match(r"[a-zA-Z_]+:|# ", line) for line in lines)
