"""A training job that the endpoint beside it cannot serve, or calls by another name: seen across two manifests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ENDPOINT, SMALLEST
from lsp.in_memory import Editor
from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.building.draft import Trained
from sagespec.cli.runs import names_shared
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs

DEFAULTS = {"apiVersion": "sagespec/v1", "kind": "Defaults"}
RULE = "unservable-training-script"
NUMBER = "TensorFlow Serving loads a model only from a folder that is called by a number"
H5 = "TensorFlow Serving loads no .h5 file, and the script saves nothing else"
HEAD = """\
import argparse
import os
import tensorflow as tf

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sm-model-dir", default=os.environ.get("SM_MODEL_DIR"))
    parser.add_argument("--place", default="")
    args, _ = parser.parse_known_args()
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit([[1.0]], [[1.0]], epochs=3)
"""


def findings(folder: Path, script: str, path: Path | None = None, build: bool = False, **over: Any) -> list[Diagnostic]:
    """What is said of the rule, of an endpoint that serves what the script trains."""
    (folder / "train.py").write_text(script)
    job = {**SMALLEST, "name": "mnist", "framework_version": "2.14", "model_dir": False, **over}
    served = {**ENDPOINT, "name": "serve", "model_data": None, "framework_version": None, "training_job": "mnist"}
    for name, fields in {"job.yaml": job, "serve.yaml": served}.items():
        whole = {key: value for key, value in fields.items() if value is not None}
        (folder / name).write_text(yaml.safe_dump(whole, sort_keys=False))
    results = Compiler(Options(build=build)).run([str(path or folder)])
    return [found for result in results for found in result.diagnostics if found.rule == RULE]


BAD = {
    "the model's folder itself": ("model.export(args.sm_model_dir)", NUMBER),
    "by its variable": ('model.save(os.environ["SM_MODEL_DIR"])', NUMBER),
    "by its path": ('tf.saved_model.save(model, "/opt/ml/model")', NUMBER),
    "a name for a number": ('model.save(os.path.join(args.sm_model_dir, "final"))', NUMBER),
    "a file": ('model.save(os.path.join(args.sm_model_dir, "model.h5"))', H5),
    "weights": ('model.save_weights(os.path.join(args.sm_model_dir, "w.h5")); model.save("m.h5")', H5),
}
GOOD = {
    "a number": 'model.export(os.path.join(args.sm_model_dir, "1"))',
    "a number with zeros, and a name that Keras ignores": (
        'model.save(os.path.join(args.sm_model_dir, "000000001"), "my_model.h5")'
    ),
    "a number in the path": 'model.save("/opt/ml/model/export/Servo/1")',
    "a number in a formatted text": 'model.save(f"{args.sm_model_dir}/1")',
    "a time": "import time\n    model.save(os.path.join(args.sm_model_dir, str(int(time.time()))))",
    "a path that is not known": "model.save(args.place)",
    "a file, and a number": 'model.save("m.h5")\n    model.export(os.path.join(args.sm_model_dir, "1"))',
    "moved afterwards": 'import shutil\n    model.save("final")\n    shutil.copytree("final", "/opt/ml/model/1")',
    "a checkpoint of TensorFlow's": "tf.train.Checkpoint(model=model).save(args.sm_model_dir)",
    "an exporter": 'tf.estimator.FinalExporter("x", None)',
    "nothing that is known": "print(model)",
}


@pytest.mark.parametrize(("line", "message"), BAD.values(), ids=BAD)
def test_a_script_that_saves_nothing_that_can_be_served_is_reported_at_its_line(
    line: str, message: str, tmp_path: Path
) -> None:
    [found] = findings(tmp_path, f"{HEAD}    {line}\n")
    assert (Path(found.place.source.name).name, found.message) == ("train.py", message)
    assert found.place.span.line == HEAD.count("\n") + 1
    [endpoint] = found.related
    assert Path(endpoint.place.source.name).name == "serve.yaml"


@pytest.mark.parametrize("line", GOOD.values(), ids=GOOD)
def test_nothing_is_said_of_a_script_that_may_save_what_can_be_served(line: str, tmp_path: Path) -> None:
    assert findings(tmp_path, f"{HEAD}    {line}\n") == []


def test_it_is_said_of_the_endpoint_alone_and_while_compiling_too(tmp_path: Path) -> None:
    script = f"{HEAD}    model.export(args.sm_model_dir)\n"
    assert len(findings(tmp_path, script, tmp_path / "serve.yaml")) == 1
    assert len(findings(tmp_path, script, tmp_path / "serve.yaml", build=True)) == 1
    assert findings(tmp_path, script, tmp_path / "job.yaml") == []


def test_the_cure_is_what_the_keras_of_the_version_does(tmp_path: Path) -> None:
    script = f'{HEAD}    model.save(os.path.join(args.sm_model_dir, "m.h5"))\n'
    place = 'os.path.join(os.environ["SM_MODEL_DIR"], "1")'
    assert [found.hint for found in findings(tmp_path, script)] == [f"add model.save({place})"]
    assert [found.hint for found in findings(tmp_path, script, framework_version="2.19")] == [
        f"add model.export({place})"
    ]


def test_a_manifest_that_names_a_folder_is_believed(tmp_path: Path) -> None:
    script = f"{HEAD}    model.export(args.sm_model_dir)\n"
    assert findings(tmp_path, script, hyperparameters={"sm-model-dir": "/opt/ml/model/1"}) == []


def test_a_comment_in_the_script_allows_it(tmp_path: Path) -> None:
    assert findings(tmp_path, f"{HEAD}    model.export(args.sm_model_dir)  # sagespec: allow {RULE}\n") == []


def test_an_image_of_one_s_own_may_load_anything(tmp_path: Path) -> None:
    image = {"image_uri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1", "framework_version": None}
    assert findings(tmp_path, f"{HEAD}    model.export(args.sm_model_dir)\n", py_version=None, **image) == []


def test_in_legacy_mode_a_model_is_exported_by_serving_input_fn_only(tmp_path: Path) -> None:
    functions = "".join(f"def {name}(*_): ...\n" for name in ("model_fn", "train_input_fn", "eval_input_fn"))
    legacy = {
        "framework_version": "1.10",
        "py_version": "py2",
        "training_steps": 100,
        "evaluation_steps": 10,
        "model_dir": None,
    }
    [found] = findings(tmp_path, functions, **legacy)
    assert found.message == "no model of 'mnist' can be served: its script has no serving_input_fn"
    assert Path(found.place.source.name).name == "serve.yaml"
    assert findings(tmp_path, functions + "def serving_input_fn(*_): ...\n", **legacy) == []


def errors_of(folder: Path, job: dict[str, Any], served: dict[str, Any], build: bool = False) -> list[tuple[str, ...]]:
    """(rule, field, message) of every error, of an endpoint that serves what a job trains."""
    names = ("model_fn", "train_input_fn", "eval_input_fn", "serving_input_fn") if "training_steps" in job else ()
    (folder / "train.py").write_text("".join(f"def {name}(*_): ...\n" for name in names) or "import tensorflow\n")
    endpoint = {**ENDPOINT, "name": "serve", "model_data": None, "framework_version": None, "training_job": "mnist"}
    whole = {"job.yaml": {**SMALLEST, "name": "mnist", **job}, "serve.yaml": {**endpoint, **served}}
    for name, fields in whole.items():
        given = {key: value for key, value in fields.items() if value is not None}
        (folder / name).write_text(yaml.safe_dump(given, sort_keys=False))
    results = Compiler(Options(build=build)).run([str(folder / "serve.yaml")])
    found = [each for result in results for each in result.diagnostics if each.severity is Severity.ERROR]
    assert {Path(each.path).name for each in found} <= {"serve.yaml"}
    return [(each.rule, *map(str, each.field), each.message.replace(f"{folder}/", "")) for each in found]


NO_SERVER = "there is no TensorFlow Serving image of TensorFlow 2.7.1 in SageMaker's SDK 2.257.7"
VPC = {"subnets": ["subnet-1"], "security_group_ids": ["sg-1"]}
SERVERLESS = {"instance_type": None, "initial_instance_count": None, "serverless_inference_config": {}}


@pytest.mark.parametrize("region", ["us-west-2", None])
@pytest.mark.parametrize("build", [False, True])
def test_an_endpoint_is_judged_with_what_it_takes_from_its_job(
    build: bool, region: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    job = {"framework_version": "2.7.1", "py_version": "py38", "region": region}
    found = errors_of(tmp_path, job, {"region": region}, build and region is not None)
    line = 1 + (tmp_path / "job.yaml").read_text().splitlines().index("framework_version: 2.7.1")
    message = f"{NO_SERVER} (framework_version of 'mnist', job.yaml:{line})"
    assert found == [("version-without-server", "training_job", message)]


def test_what_the_endpoint_says_itself_it_does_not_take(tmp_path: Path) -> None:
    job = {"framework_version": "2.7.1", "py_version": "py38"}
    assert errors_of(tmp_path, job, {"framework_version": "2.7"}) == []
    [(rule, field, message)] = errors_of(tmp_path, job, {"framework_version": "2.6.2"})
    assert (rule, field, "job.yaml" in message) == ("version-without-server", "framework_version", False)


def test_an_endpoint_with_two_models_is_judged_as_it_is_written(tmp_path: Path) -> None:
    [(rule, field, _)] = errors_of(tmp_path, {"framework_version": "2.14"}, {"model_data": "s3://bucket/model.tar.gz"})
    assert (rule, field) == ("two-models", "model_data")


def test_a_job_s_network_is_its_endpoint_s(tmp_path: Path) -> None:
    found = errors_of(tmp_path, {"framework_version": "2.14", **VPC}, SERVERLESS)
    assert [(rule, field) for rule, field, _ in found] == [("serverless-conflict", "training_job")] * 2
    assert errors_of(tmp_path, {"framework_version": "2.14"}, SERVERLESS) == []


def test_code_cannot_be_laid_into_a_model_that_the_job_leaves_unpacked(tmp_path: Path) -> None:
    (tmp_path / "inference.py").write_text("def handler(data, context): ...\n")
    unpacked = {"framework_version": "2.14", "disable_output_compression": True}
    found = errors_of(tmp_path, unpacked, {"entry_point": "inference.py"})
    assert [rule for rule, *_ in found] == ["model-source-with-code"]
    assert errors_of(tmp_path, {"framework_version": "2.14"}, {"entry_point": "inference.py"}) == []


def test_the_server_of_an_old_job_is_that_of_its_version_and_has_its_code(tmp_path: Path) -> None:
    legacy = {"framework_version": "1.10", "py_version": "py2", "training_steps": 9, "evaluation_steps": 9}
    assert errors_of(tmp_path, {**legacy, "model_dir": None}, {"instance_type": "ml.m4.xlarge"}) == []
    [(rule, field, message)] = errors_of(
        tmp_path, {**legacy, "model_dir": None}, {"endpoint_type": "tensorflow-serving"}
    )
    assert (rule, field) == ("version-without-server", "training_job")
    assert "TensorFlow 1.10" in message


def test_in_the_editor_an_endpoint_is_judged_again_when_its_job_is_edited(tmp_path: Path) -> None:
    fields = {"framework_version": "2.14", "py_version": "py310"}
    errors_of(tmp_path, fields, {})
    editor = Editor(tmp_path)
    served, job = (tmp_path / name for name in ("serve.yaml", "job.yaml"))
    document = editor.open("serve.yaml", served.read_text())
    assert document.path is not None
    assert editor.judgements.findings(document.path) == ()
    trained = job.read_text()
    editor.open("job.yaml", trained.replace("2.14", "2.7.1").replace("py310", "py38"))  # and not saved
    [found] = editor.judgements.findings(document.path)
    assert (found.rule, found.field) == ("version-without-server", ("training_job",))
    assert "job.yaml" in found.message
    editor.open("job.yaml", trained, 2)
    assert editor.judgements.findings(document.path) == ()


# The name of the job


def put(folder: Path, name: str, fields: dict[str, Any]) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump({key: value for key, value in fields.items() if value is not None}))


def serving(job: str, **over: Any) -> dict[str, Any]:
    return {**ENDPOINT, "name": "serve", "model_data": None, "training_job": job, **over}


def judged(*paths: Path, build: bool = False, inputs: Inputs | None = None) -> list[Diagnostic]:
    results = Compiler(Options(inputs or Inputs(), build=build)).run(list(map(str, paths)))
    return [found for result in results for found in result.diagnostics]


@pytest.mark.parametrize("jobs", [["mnist"], ["mnist", "iris", "mnist-2"]], ids=["one", "several"])
@pytest.mark.parametrize("typed", ["mnsit", "minst", "mnst", "mnnist", "Mnist"])
def test_a_misspelt_training_job_is_reported_with_the_near_name(typed: str, jobs: list[str], tmp_path: Path) -> None:
    for job in jobs:
        put(tmp_path, f"jobs/{job}.yaml", {**SMALLEST, "name": job})
    (tmp_path / "jobs" / "train.py").write_text(HEAD)
    put(tmp_path, "serve.yaml", serving(typed))
    [found] = judged(tmp_path)
    assert (found.rule, found.severity, found.field) == ("misspelt-training-job", Severity.WARNING, ("training_job",))
    assert found.message == f"no training job here is called '{typed}'"
    assert found.hint == "did you mean mnist?"
    assert found.place.source.line(found.span.line) == f"training_job: {typed}"


@pytest.mark.parametrize(
    ("typed", "job"),
    [
        ("mnist", "mnist"),
        ("mnist", "iris"),
        ("mnist-2", "mnist-3"),
        ("run-10", "run-1"),
        ("churn-eu", "churn-us"),
        ("mnist", "mnist-tuned"),
    ],
)
def test_nothing_is_said_of_a_job_that_may_lie_elsewhere(typed: str, job: str, tmp_path: Path) -> None:
    put(tmp_path, "job.yaml", {**SMALLEST, "name": job, "model_dir": False})
    (tmp_path / "train.py").write_text(f'{HEAD}    model.export(os.path.join(args.sm_model_dir, "1"))\n')
    put(tmp_path, "serve.yaml", serving(typed))
    assert judged(tmp_path) == []


def test_the_job_of_a_wrong_manifest_is_there(tmp_path: Path) -> None:
    put(tmp_path, "right.yaml", {**SMALLEST, "name": "mnist-b"})
    put(tmp_path, "wrong.yaml", {**SMALLEST, "name": "mnist-bb", "instance_count": 0})
    (tmp_path / "train.py").write_text(HEAD)
    put(tmp_path, "serve.yaml", serving("mnist-bb"))
    assert "misspelt-training-job" not in [found.rule for found in judged(tmp_path)]


def test_a_near_job_of_another_project_is_not_meant(tmp_path: Path) -> None:
    for project in ("one", "two"):
        put(tmp_path, f"{project}/sagespec.yaml", {**DEFAULTS, "project": project})
    put(tmp_path, "one/job.yaml", {**SMALLEST, "name": "mnist"})
    (tmp_path / "one" / "train.py").write_text(HEAD)
    put(tmp_path, "two/serve.yaml", serving("mnsit"))
    assert judged(tmp_path) == []
    put(tmp_path, "one/serve.yaml", serving("mnsit"))
    assert [found.rule for found in judged(tmp_path)] == ["misspelt-training-job"]


def test_a_name_that_one_environment_misspells_is_told_of_that_one(tmp_path: Path) -> None:
    environments = {"dev": {"vars": {"job": "mnist"}}, "prod": {"vars": {"job": "mnsit"}}}
    put(tmp_path, "sagespec.yaml", {**DEFAULTS, "environments": environments})
    put(tmp_path, "job.yaml", {**SMALLEST, "name": "mnist"})
    (tmp_path / "train.py").write_text(HEAD)
    put(tmp_path, "serve.yaml", serving("{{ vars.job }}"))
    [found] = judged(tmp_path)
    assert found.message == "no training job here is called 'mnsit' (environment prod)"


def test_a_comment_allows_a_job_that_lies_elsewhere(tmp_path: Path) -> None:
    put(tmp_path, "job.yaml", {**SMALLEST, "name": "mnist"})
    (tmp_path / "train.py").write_text(HEAD)
    put(tmp_path, "serve.yaml", serving("mnsit"))
    path = tmp_path / "serve.yaml"
    path.write_text(path.read_text().replace("mnsit", "mnsit # sagespec: allow misspelt-training-job"))
    assert judged(tmp_path) == []


def test_compile_says_a_misspelt_job_once(tmp_path: Path) -> None:
    put(tmp_path, "job.yaml", {**SMALLEST, "name": "mnist"})
    (tmp_path / "train.py").write_text(HEAD)
    put(tmp_path, "serve.yaml", serving("mnsit"))
    [found] = judged(tmp_path, build=True)
    assert (found.rule, found.severity, found.hint) == ("unknown-training-job", Severity.ERROR, "did you mean mnist?")


# What only the service knows is not needed to see a job beside its endpoint


def planned(*paths: Path) -> tuple[list[Result], list[str]]:
    """(what becomes of manifests where the service may be asked, what it was asked); nothing has been trained."""
    asked: list[str] = []

    def account(region: str) -> str:
        asked.append(region)
        return "123456789012"

    def trained(name: str, *_: object) -> Trained:
        asked.append(name)
        return Trained(waits_for="it")

    options = Options(ask_account=account, trained=trained)
    return list(Compiler(options).run(list(map(str, paths)))), asked


BARE = {**SMALLEST, "name": "mnist", "framework_version": "2.14", "model_dir": False, "role": "SageMakerRole"}


def test_an_allowance_is_not_unused_because_the_account_is_still_to_be_asked_for(tmp_path: Path) -> None:
    put(tmp_path, "job.yaml", BARE)
    put(tmp_path, "serve.yaml", serving("mnist"))
    (tmp_path / "train.py").write_text(f"{HEAD}    model.save('/opt/ml/model/m.h5')  # sagespec: allow {RULE}\n")
    results, asked = planned(tmp_path)
    assert [
        found.rule for result in results for found in result.diagnostics if found.rule != "image-out-of-patch"
    ] == []
    assert asked == ["us-west-2", "mnist"], "the account of the job beside is the one that is known already"


def test_what_a_job_makes_wrong_in_its_endpoint_is_reported_before_the_service_is_asked(tmp_path: Path) -> None:
    put(tmp_path, "job.yaml", BARE)
    put(tmp_path, "serve.yaml", serving("mnist", framework_version=None, endpoint_type="python"))
    (tmp_path / "train.py").write_text(HEAD)
    results, asked = planned(tmp_path)
    assert "version-without-server" in [found.rule for result in results for found in result.diagnostics]
    assert asked == []


@pytest.mark.parametrize(
    "neighbour", [{}, {"other.yaml": {**BARE, "name": "other", "bogus": 1}}], ids=["none", "wrong"]
)
def test_an_endpoint_alone_foresees_what_the_job_beside_it_promises(
    neighbour: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    for name, fields in {"job.yaml": BARE, "serve.yaml": serving("mnist", framework_version=None), **neighbour}.items():
        put(tmp_path, name, fields)
    (tmp_path / "train.py").write_text(HEAD)
    [result], _ = planned(tmp_path / "serve.yaml")
    assert result.request is not None
    assert "tensorflow-inference:2.14" in result.request.serving.image


@pytest.mark.parametrize("bare", ["a", "b"])
def test_two_jobs_of_one_name_are_reported_where_only_the_service_knows_the_account_of_one(
    bare: str, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        put(tmp_path, f"{name}.yaml", {**BARE, **({} if name == bare else {"role": SMALLEST["role"]})})
    (tmp_path / "train.py").write_text(HEAD)
    results, _ = planned(tmp_path)
    assert [Path(found.path).stem for result in results for found in result.diagnostics if "name" in found.rule] == [
        bare
    ]
    assert names_shared([result.request for result in results if result.request is not None]) == ["mnist"]


def test_an_account_that_is_not_known_may_be_that_of_another_of_the_name(tmp_path: Path) -> None:
    put(tmp_path, "serve.yaml", serving("mnist", role=None))
    [result], _ = planned(tmp_path)
    assert result.request is not None
    unknown, site = result.request, result.request.site
    here, there = (unknown._replace(site=site._replace(account=account)) for account in ("1" * 12, "2" * 12))
    assert unknown.site.account is None
    assert names_shared([unknown, here]) == names_shared([here, there, here]) == ["serve"]
    assert names_shared([unknown]) == names_shared([here, there]) == []


def test_endpoints_of_many_folders_look_through_the_jobs_of_a_run_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[list[str]] = []
    run = Compiler.run

    def counted(self: Compiler, paths: Iterable[str]) -> Iterator[Result]:
        runs.append(list(paths))
        return run(self, runs[-1])

    monkeypatch.setattr(Compiler, "run", counted)
    for name in ("a", "b", "c"):
        put(tmp_path, f"{name}/job.yaml", {**SMALLEST, "name": name})
        put(tmp_path, f"{name}/serve.yaml", serving(name, name=f"serve-{name}"))
        (tmp_path / name / "train.py").write_text(f"{HEAD}    model.save('/opt/ml/model/m.h5')\n")
    found = [each for result in Compiler(Options(build=False)).run([str(tmp_path)]) for each in result.diagnostics]
    assert [each.rule for each in found] == [RULE] * 3
    assert runs == [[str(tmp_path)]] * 2, "the run, and one for what its endpoints serve"
