"""What programs of the SDK start becomes manifests whole, or import says at its line what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sagespec.catalog import Facts
from sagespec.importing import Imported, UnreadableProgram, code_of, from_source

ROLE = "arn:aws:iam::123456789012:role/SageMakerRole"
START = f"""\
from sagemaker.tensorflow import TensorFlow
K = dict(entry_point="train.py", role="{ROLE}", instance_type="ml.m5.large", instance_count=1,
         framework_version="2.13", py_version="py310")
"""


def imported(program: str, knowledge: Facts) -> Imported:
    return from_source(START + program, knowledge)


def whole(program: str, knowledge: Facts) -> list[dict[str, Any]]:
    """The data of manifests with which nothing is left to do."""
    found = imported(program, knowledge)
    assert found.complete, [*found.left]
    return [dict(draft.data) for draft in found]


# What a job is started with ------------------------------------------------------------------------------------------

STARTS = {
    "fit": "e = TensorFlow(**K)\ne.fit({'train': 's3://b/t'})",
    "a function that gets it": "def start(e):\n    e.fit({'train': 's3://b/t'})\nstart(TensorFlow(**K))",
    "a function that makes it": "def make():\n    return TensorFlow(**K)\nmake().fit({'train': 's3://b/t'})",
    "a class": (
        "class T:\n    def build(self):\n        self.e = TensorFlow(**K)\n"
        "    def run(self, d):\n        self.e.fit(d)\nt = T()\nt.build()\nt.run({'train': 's3://b/t'})"
    ),
    "a class that is used elsewhere": (
        "class T:\n    def __init__(self):\n        self.e = TensorFlow(**K)\n"
        "    def run(self):\n        self.e.fit({'train': 's3://b/t'})"
    ),
    "a method kept in a name": "run = TensorFlow(**K).fit\nrun({'train': 's3://b/t'})",
    "getattr": "getattr(TensorFlow(**K), 'fit')(inputs={'train': 's3://b/t'})",
    "a thread": (
        "import threading\nthreading.Thread(target=TensorFlow(**K).fit, args=({'train': 's3://b/t'},)).start()"
    ),
    "a thread with words": (
        "from threading import Thread\nThread(target=TensorFlow(**K).fit, kwargs={'inputs': {'train': 's3://b/t'}}).start()"
    ),
    "an executor": (
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor() as pool:\n"
        "    pool.submit(TensorFlow(**K).fit, {'train': 's3://b/t'})"
    ),
    "an executor's map": (
        "from concurrent.futures import ThreadPoolExecutor\npool = ThreadPoolExecutor()\n"
        "pool.map(lambda e: e.fit({'train': 's3://b/t'}), [TensorFlow(**K)])"
    ),
    "a list": "es = [TensorFlow(**K)]\nfor e in es:\n    e.fit({'train': 's3://b/t'})",
    "append": "es = []\nes.append(TensorFlow(**K))\nes[0].fit({'train': 's3://b/t'})",
    "a dict": "es = {'a': TensorFlow(**K)}\nes['a'].fit({'train': 's3://b/t'})",
    "a comprehension": "[e.fit({'train': 's3://b/t'}) for e in [TensorFlow(**K)]]",
    "a lambda": "make = lambda **more: TensorFlow(**K, **more)\nmake().fit({'train': 's3://b/t'})",
    "a walrus": "(e := TensorFlow(**K)).fit({'train': 's3://b/t'})",
    "partial": "from functools import partial\npartial(TensorFlow, **K)().fit({'train': 's3://b/t'})",
    "a subclass": "class Mine(TensorFlow):\n    pass\nMine(**K).fit({'train': 's3://b/t'})",
    "a subclass with its own start": (
        "class Mine(TensorFlow):\n    def __init__(self, **more):\n        super().__init__(**K, **more)\n"
        "    def go(self):\n        self.fit({'train': 's3://b/t'})\nMine().go()"
    ),
    "an alias": "TF = TensorFlow\nTF(**K).fit({'train': 's3://b/t'})",
    "an import under another name": (
        "import sagemaker.tensorflow as smtf\nsmtf.TensorFlow(**K).fit({'train': 's3://b/t'})"
    ),
    "a table of classes": "{'tf': TensorFlow}['tf'](**K).fit({'train': 's3://b/t'})",
    "try": "try:\n    e = TensorFlow(**K)\n    e.fit({'train': 's3://b/t'})\nexcept ValueError as wrong:\n    print(wrong)",  # noqa: E501
    "an argument inside of a call": "print(TensorFlow(**K).fit({'train': 's3://b/t'}))",
    "async": "async def main():\n    e = TensorFlow(**K)\n    e.fit({'train': 's3://b/t'})\nimport asyncio\nasyncio.run(main())",  # noqa: E501
    "an operator of Airflow's": (
        "from airflow.operators.python import PythonOperator\ndef go(d):\n    TensorFlow(**K).fit(d)\n"
        "PythonOperator(task_id='t', python_callable=go, op_args=[{'train': 's3://b/t'}])"
    ),
    "a step of a pipeline": (
        "from sagemaker.workflow.steps import TrainingStep\n"
        "TrainingStep(name='s', estimator=TensorFlow(**K), inputs={'train': 's3://b/t'})"
    ),
    "a step of Step Functions": (
        "from stepfunctions.steps import TrainingStep\n"
        "TrainingStep('s', estimator=TensorFlow(**K), data={'train': 's3://b/t'})"
    ),
    "a config of Airflow's": (
        "from sagemaker.workflow.airflow import training_config\n"
        "training_config(estimator=TensorFlow(**K), inputs={'train': 's3://b/t'})"
    ),
}


@pytest.mark.parametrize("program", STARTS.values(), ids=STARTS)
def test_a_job_is_found_however_it_is_started(program: str, knowledge: Facts) -> None:
    (data,) = whole(program, knowledge)
    assert data == {
        "name": "train",
        "role": ROLE,
        "entry_point": "train.py",
        "framework_version": "2.13",
        "py_version": "py310",
        "instance_type": "ml.m5.large",
        "instance_count": 1,
        "channels": {"train": "s3://b/t"},
    }


LEFT = {
    "TensorFlow(**K)": "no start of it can be seen: its channels are not known (line 4)",
    "launch(TensorFlow(**K))": "it is passed to `launch(TensorFlow(**K))` (line 4)",
    "e = TensorFlow(**K)\ntune(e)\ne.fit()": "`tune(e)` (line 5) receives it too, and may have changed it",
    "hp = {'a': 1}\ntune(hp)\nTensorFlow(**K, hyperparameters=hp).fit()": (
        "`tune(hp)` (line 5) receives it too, and may have changed it"
    ),
    "e = TensorFlow(**K)\nif big():\n    e.fit()": "only where `big()` holds (line 5)",
    "for n in names():\n    TensorFlow(**K).fit()": "one job for each pass of the loop over `names()` (line 4)",
    "while more():\n    TensorFlow(**K).fit()": "one job for each pass of the loop (line 4)",
    "TensorFlow(**K, hyperparameters=load()).fit()": "hyperparameters is left out: it was load()",
    "TensorFlow(**K, hyperparameters={**load(), 'a': 1}).fit()": (
        "hyperparameters: what else `load()` brings is not known"
    ),
    "TensorFlow(**K, **more).fit()": "no field for the argument **more",
    "hp = {'epochs': 3}\nif x:\n    hp['lr'] = .1\nTensorFlow(**K, hyperparameters=hp).fit()": (
        "hyperparameters.lr is left out: it is 0.1, or is not there (x)"
    ),
    "TensorFlow(**K, output_path='file://out').fit()": (
        "output_path = 'file://out': a local run keeps its output under .sagespec/local"
    ),
}


@pytest.mark.parametrize(("program", "told"), LEFT.items(), ids=LEFT)
def test_what_is_not_certain_of_a_job_is_reported_with_it(program: str, told: str, knowledge: Facts) -> None:
    (draft,) = imported(program, knowledge)
    assert not draft.complete
    assert told in draft.remarks
    assert f"# {told}\n" in draft.text


SEEN = {
    "other.fit({'train': 's3://b/t'})": (
        "line 5: `other.fit({'train': 's3://b/t'})` may start a job of something that cannot be seen here"
    ),
    "def go(e):\n    e.fit({'train': 's3://b/t'})": (
        "line 6: `e.fit({'train': 's3://b/t'})` may start a job of something that cannot be seen here"
    ),
    "run_later(TensorFlow(**K).fit)": (
        "line 5: `fit` is passed to `run_later(TensorFlow(**K).fit)` (line 5): it is not known how it is called"
    ),
    "from sagemaker import KMeans\nKMeans(role='r')": (
        "line 6: KMeans(...) starts a training job that no manifest can describe"
    ),
    "import boto3\nboto3.client('sagemaker').create_hyper_parameter_tuning_job(**x)": (
        "line 6: a hyperparameter tuning job was seen and not taken"
    ),
}


@pytest.mark.parametrize(("program", "told"), SEEN.items(), ids=SEEN)
def test_what_belongs_to_no_job_is_reported_at_its_line(program: str, told: str, knowledge: Facts) -> None:
    found = imported(f"TensorFlow(**K).fit('s3://b/t')\n{program}", knowledge)
    assert told in map(str, found.remarks)
    assert not found.complete


def test_a_fit_of_other_libraries_is_none_of_ours(knowledge: Facts) -> None:
    program = """
from sklearn.preprocessing import StandardScaler
StandardScaler().fit(table)
model.fit(x, y)
model.fit(x, epochs=3)
TensorFlow(**K).fit('s3://b/t')
"""
    assert len(whole(program, knowledge)) == 1


def test_a_deployment_of_another_framework_is_seen_and_the_job_is_whole(knowledge: Facts) -> None:
    program = "from sagemaker.pytorch import PyTorch\ne = PyTorch(**K)\ne.fit('s3://b/t')\ne.deploy(1, 'ml.m5.large')"
    found = imported(program, knowledge)
    assert found.complete
    assert [*found.left] == [
        "line 7: deploy(...) was seen and not taken: it serves no TensorFlow model that can be seen"
    ]


def test_a_tuner_is_one_job_and_its_ranges_are_reported(knowledge: Facts) -> None:
    program = """
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner
e = TensorFlow(**K, hyperparameters={'epochs': 3})
HyperparameterTuner(e, 'loss', {'lr': ContinuousParameter(0.01, 0.2)}).fit({'train': 's3://b/t'})
"""
    (draft,) = imported(program, knowledge)
    assert draft.data["channels"] == {"train": "s3://b/t"}
    assert draft.remarks == (
        "hyperparameter tuning was seen and not taken; this is one job without what it tunes: "
        "lr: ContinuousParameter(0.01, 0.2)",
    )


def test_the_metrics_of_a_tuner_are_its_jobs_metrics(knowledge: Facts) -> None:
    program = """
from sagemaker.tuner import HyperparameterTuner
e = TensorFlow(**K, metric_definitions=[{'Name': 'old', 'Regex': 'a(.)'}])
HyperparameterTuner(e, 'loss', {}, [{'Name': 'loss', 'Regex': 'loss: (.*)'}]).fit('s3://b/t')
e.fit('s3://b/t')
"""
    tuned, alone = imported(program, knowledge)
    assert tuned.data["metric_definitions"] == [{"name": "loss", "regex": "loss: (.*)"}]
    assert alone.data["metric_definitions"] == [{"name": "old", "regex": "a(.)"}]


def test_one_of_two_estimators_are_two_jobs_each_under_its_condition(knowledge: Facts) -> None:
    program = """
if gpu:
    e = TensorFlow(**K, max_run=60)
else:
    e = TensorFlow(**K, max_run=90)
e.fit('s3://b/t')
"""
    one, two = imported(program, knowledge)
    assert (one.data["max_run"], two.data["max_run"]) == (60, 90)
    assert (one.data["name"], two.data["name"]) == ("train", "train-2")
    assert one.remarks == two.remarks == ("only where `gpu` says so (line 9)",)


def test_a_program_that_is_too_long_is_given_up_and_told(knowledge: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sagespec.importing.following.names.MAX_STEPS", 2_000)
    found = imported("TensorFlow(**K).fit()\nfor n in range(60):\n    x = [n + y for y in range(60)]", knowledge)
    assert [*found.left] == ["the program is too long to be followed to its end: jobs may be missing"]


# Values as they are at fit -------------------------------------------------------------------------------------------

VALUES = {
    "a dict that changes later": "hp = {'a': 1}\ne = TensorFlow(**K, hyperparameters=hp)\ne.fit()\nhp['a'] = 2",
    "a dict that was changed": "hp = {}\ne = TensorFlow(**K, hyperparameters=hp)\nhp['a'] = 1\ne.fit()",
    "update": "hp = {'a': 0}\nhp.update({'a': 1})\nTensorFlow(**K, hyperparameters=hp).fit()",
    "update by words": "hp = {'a': 0}\nhp.update(a=1)\nTensorFlow(**K, hyperparameters=hp).fit()",
    "|=": "hp = {}\nhp |= {'a': 1}\nTensorFlow(**K, hyperparameters=hp).fit()",
    "setdefault": "hp = {}\nhp.setdefault('a', 1)\nTensorFlow(**K, hyperparameters=hp).fit()",
    "set_hyperparameters": "e = TensorFlow(**K)\ne.set_hyperparameters(a=1)\ne.fit()\ne.set_hyperparameters(a=2)",
    "an attribute": "e = TensorFlow(**K)\ne.hyperparameters = {'a': 1}\ne.fit()\ne.hyperparameters = {}",
    "setattr": "e = TensorFlow(**K)\nsetattr(e, 'hyperparameters', {'a': 1})\ne.fit()",
    "a copy that changes": "hp = {'a': 1}\nother = hp.copy()\nother['a'] = 2\nTensorFlow(**K, hyperparameters=hp).fit()",  # noqa: E501
    "a function that changes it": "def tune(d):\n    d['a'] = 1\nhp = {}\ntune(hp)\nTensorFlow(**K, hyperparameters=hp).fit()",  # noqa: E501
    "both branches alike": "hp = {}\nif x:\n    hp['a'] = 1\nelse:\n    hp['a'] = 1\nTensorFlow(**K, hyperparameters=hp).fit()",  # noqa: E501
    "a branch that raises": "hp = {'a': 1}\nif x:\n    hp['a'] = 2\n    raise ValueError\nTensorFlow(**K, hyperparameters=hp).fit()",  # noqa: E501
    "a comprehension": "TensorFlow(**K, hyperparameters={k: v for k, v in [('a', 1)]}).fit()",
    "popped": "hp = {'a': 1, 'b': 2}\nhp.pop('b')\nTensorFlow(**K, hyperparameters=hp).fit()",
}


@pytest.mark.parametrize("program", VALUES.values(), ids=VALUES)
def test_values_are_those_at_the_moment_of_fit(program: str, knowledge: Facts) -> None:
    (data,) = whole(program, knowledge)
    assert data["hyperparameters"] == {"a": 1}


def test_what_is_set_between_two_fits_counts_for_the_second(knowledge: Facts) -> None:
    program = "e = TensorFlow(**K)\ne.fit()\ne.max_run = 60\ne.train_max_run = 70\ntags = []\ne.fit()"
    one, two = whole(program, knowledge)
    assert "max_run" not in one
    assert two["max_run"] == 70


def test_a_length_is_not_counted_where_a_dict_may_hold_more(knowledge: Facts) -> None:
    program = """
labels = {}
for name in names():
    labels[name] = len(labels)
TensorFlow(**K, hyperparameters={'labels': len(labels)}).fit()
"""
    (draft,) = imported(program, knowledge)
    assert ("hyperparameters", "labels") in draft.notes


def test_a_value_of_two_branches_shows_both(knowledge: Facts) -> None:
    program = "if x:\n    lr = 0.1\nelse:\n    lr = 0.2\nTensorFlow(**K, hyperparameters={'lr': lr}).fit()"
    (draft,) = imported(program, knowledge)
    assert draft.notes == {("hyperparameters", "lr"): "was: 0.1 or 0.2"}


def test_maps_of_two_branches_are_one_map(knowledge: Facts) -> None:
    program = """
if x:
    hp = {'a': 1, 'b': 1}
else:
    hp = {'a': 1, 'b': 2}
TensorFlow(**K, hyperparameters=hp).fit()
"""
    (draft,) = imported(program, knowledge)
    assert draft.data["hyperparameters"]["a"] == 1
    assert draft.notes == {("hyperparameters", "b"): "was: 1 or 2"}


# Values from outside -------------------------------------------------------------------------------------------------

DEFAULTS = {
    "import argparse\np = argparse.ArgumentParser()\np.add_argument('--n-epochs', type=int, default=3)\n"
    "x = p.parse_args().n_epochs": "{{ vars.n_epochs | default(3) }}",
    "import os\nx = os.environ.get('EPOCHS', '3')": "{{ vars.EPOCHS | default('3') }}",
    "import os\nx = os.getenv('EPOCHS', '3')": "{{ vars.EPOCHS | default('3') }}",
    "from sagemaker.workflow.parameters import ParameterString\nx = ParameterString(name='E', default_value=\"it's\")": (  # noqa: E501
        "{{ vars.E | default('it\\'s') }}"
    ),
}


@pytest.mark.parametrize(("program", "value"), DEFAULTS.items(), ids=str)
def test_what_has_a_default_keeps_it_and_is_not_asked_for(program: str, value: str, knowledge: Facts) -> None:
    found = imported(f"{program}\nTensorFlow(**K, hyperparameters={{'x': x}}).fit()", knowledge)
    assert found.complete
    (draft,) = found
    assert draft.data["hyperparameters"] == {"x": value}
    assert draft.comments["hyperparameters", "x"].startswith("was: ")


def test_a_default_of_a_function_that_nobody_calls_is_kept(knowledge: Facts) -> None:
    (data,) = whole("def go(epochs=3):\n    TensorFlow(**K, hyperparameters={'e': epochs}).fit()", knowledge)
    assert data["hyperparameters"] == {"e": "{{ vars.epochs | default(3) }}"}


# Names and loops -----------------------------------------------------------------------------------------------------

NAMES = {
    "job_name='vit-' + time.strftime('%Y')": "vit",
    "job_name=f'vit-{int(time.time())}'": "vit",
    "job_name='vit-{}-x'.format(stamp)": "vit-x",
    "job_name=name_from_base('vit')": "vit",
    "job_name=stamp": "train",
}


@pytest.mark.parametrize(("argument", "name"), NAMES.items(), ids=NAMES)
def test_of_a_name_the_constant_part_is_kept_and_nothing_is_left(argument: str, name: str, knowledge: Facts) -> None:
    found = imported(f"import time\nTensorFlow(**K).fit('s3://b/t', {argument})", knowledge)
    assert found.complete
    (draft,) = found
    assert draft.data["name"] == name
    assert draft.text.splitlines()[2] == f"name: {name} # was: {argument.partition('=')[2]}"


def test_a_loop_over_known_values_is_a_matrix(knowledge: Facts) -> None:
    program = """
for lr in [0.1, 0.01]:
    for size in ("large", "xlarge"):
        own = {**K, 'instance_type': f'ml.m5.{size}'}
        e = TensorFlow(**own, base_job_name=f'sweep-{lr}', hyperparameters={'lr': lr})
        e.fit(f's3://b/{size}')
"""
    (data,) = whole(program, knowledge)
    assert data["matrix"] == {"lr": [0.1, 0.01], "size": ["large", "xlarge"]}
    assert data["name"] == "sweep-0-{{ matrix.lr }}-{{ matrix.size }}"
    assert data["instance_type"] == "ml.m5.{{ matrix.size }}"
    assert data["hyperparameters"] == {"lr": "{{ matrix.lr }}"}
    assert data["channels"] == "s3://b/{{ matrix.size }}"


def test_values_that_go_in_pairs_are_manifests_of_their_own(knowledge: Facts) -> None:
    program = "for a, b in [(1, 2), (3, 4)]:\n    TensorFlow(**K, hyperparameters={'a': a, 'b': b}).fit()"
    one, two = whole(program, knowledge)
    assert (one["hyperparameters"], two["hyperparameters"]) == ({"a": 1, "b": 2}, {"a": 3, "b": 4})
    assert (one["name"], two["name"]) == ("train", "train-2")


def test_what_no_matrix_can_say_are_manifests_of_their_own(knowledge: Facts) -> None:
    program = "for n in [1, 2]:\n    TensorFlow(**K, hyperparameters={'n': n * n}).fit()"
    assert [data["hyperparameters"] for data in whole(program, knowledge)] == [{"n": 1}, {"n": 4}]


# Uploads, images, rules ----------------------------------------------------------------------------------------------

UPLOADS = {
    "s.upload_data('data')": "data",
    "s.upload_data('data', bucket=b, key_prefix='p') + '/train'": "data/train",
    "f\"{s.upload_data('data/')}/train/\"": "data/train",
    "os.path.join(s.upload_data('data'), 'train')": "data/train",
    "'{}/train'.format(s.upload_data(path='data'))": "data/train",
    "S3Uploader.upload('data/x.csv', 's3://b/x')": "data/x.csv",
    "TrainingInput(s.upload_data('data'))": "data",
}


@pytest.mark.parametrize(("value", "path"), UPLOADS.items(), ids=UPLOADS)
def test_what_is_uploaded_is_a_local_path(value: str, path: str, knowledge: Facts) -> None:
    head = "import os, sagemaker\nfrom sagemaker.inputs import TrainingInput\nfrom sagemaker.s3 import S3Uploader\ns = sagemaker.Session()"  # noqa: E501
    (data,) = whole(f"{head}\nTensorFlow(**K).fit({{'train': {value}}})", knowledge)
    assert data["channels"] == {"train": {"path": path}}


def test_an_image_that_is_asked_for_by_name_is_the_sdks(knowledge: Facts) -> None:
    program = """
from sagemaker import image_uris
from sagemaker.estimator import Estimator
image = image_uris.retrieve("tensorflow", "us-west-2", version="2.13", py_version="py310",
                            instance_type="ml.m5.large", image_scope="training")
del K["framework_version"], K["py_version"]
TensorFlow(**K, image_uri=image).fit()
Estimator(image, K["role"], 1, "ml.m5.large").fit()
"""
    named, imaged = whole(program, knowledge)
    assert (named["framework_version"], named["py_version"]) == ("2.13", "py310")
    uri = "763104351884.dkr.ecr.us-west-2.amazonaws.com/tensorflow-training:2.13-cpu-py310"
    assert imaged["image_uri"] == uri


def test_rules_have_their_image_and_what_they_need_saved(knowledge: Facts) -> None:
    program = """
import boto3, sagemaker
from sagemaker.debugger import ProfilerConfig, ProfilerRule, Rule, rule_configs
s = sagemaker.Session(boto3.Session(region_name="us-west-2"))
TensorFlow(**K, sagemaker_session=s, profiler_config=ProfilerConfig(system_monitor_interval_millis=500),
    rules=[
        Rule.sagemaker(rule_configs.loss_not_decreasing()),
        ProfilerRule.sagemaker(rule_configs.ProfilerReport()),
    ]).fit()
"""
    (data,) = whole(program, knowledge)
    image = "895741380848.dkr.ecr.us-west-2.amazonaws.com/sagemaker-debugger-rules:latest"

    def rule(name: str) -> dict[str, Any]:
        return {
            "rule_configuration_name": name,
            "rule_evaluator_image": image,
            "rule_parameters": {"rule_to_invoke": name},
        }

    assert data["rules"] == [rule("LossNotDecreasing")]
    assert data["profiler_rules"] == [rule("ProfilerReport")]
    assert data["profiler_config"] == {"profiling_interval_in_milliseconds": 500}
    assert data["debugger_hook_config"] == {
        "collection_configurations": [{"collection_name": "losses", "collection_parameters": {"save_interval": "500"}}]
    }


def test_a_model_to_go_on_from_is_a_channel(knowledge: Facts) -> None:
    (data,) = whole("TensorFlow(**K, model_uri='s3://b/m.tar.gz').fit({'train': 's3://b/t'})", knowledge)
    assert data["channels"] == {
        "train": "s3://b/t",
        "model": {
            "s3_data": "s3://b/m.tar.gz",
            "content_type": "application/x-sagemaker-model",
            "input_mode": "File",
            "distribution": "FullyReplicated",
        },
    }


FOLDERS = (
    "os.path.join(os.path.dirname(os.path.abspath(__file__)), 'src')",
    "os.path.dirname(__file__) + 'src'",
    "str(Path(__file__).parent / 'src')",
    "os.path.join(os.path.dirname(os.path.realpath(__file__)), 'src')",
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_programs_own_folder_is_where_its_manifest_stands(folder: str, knowledge: Facts) -> None:
    program = f"import os\nfrom pathlib import Path\nTensorFlow(**K, source_dir={folder}).fit()"
    (data,) = whole(program, knowledge)
    assert data["source_dir"] == "src"


# SDK 3 ---------------------------------------------------------------------------------------------------------------


def test_a_trainer_of_sdk_3_is_a_job_with_an_image(knowledge: Facts) -> None:
    program = f"""
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode, StoppingCondition
trainer = ModelTrainer(
    training_image="123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1",
    role="{ROLE}",
    base_job_name="mine",
    source_code=SourceCode(source_dir="src", entry_script="train.py", requirements="requirements.txt"),
    compute=Compute(instance_type="ml.g5.xlarge", instance_count=2, volume_size_in_gb=50),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
    hyperparameters={{"epochs": 3}},
    tags=[{{"key": "team", "value": "vision"}}],
)
trainer.train(input_data_config=[InputData(channel_name="train", data_source="s3://b/t")], wait=False)
"""
    (data,) = whole(program, knowledge)
    assert data == {
        "name": "mine",
        "role": ROLE,
        "image_uri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1",
        "source_dir": "src",
        "entry_point": "train.py",
        "instance_type": "ml.g5.xlarge",
        "instance_count": 2,
        "volume_size": 50,
        "max_run": 600,
        "hyperparameters": {"epochs": 3},
        "tags": {"team": "vision"},
        "channels": {"train": "s3://b/t"},
    }


@pytest.mark.parametrize(
    ("arguments", "after", "fields"),
    [
        (
            'compute=Compute(instance_groups=[InstanceGroup(instance_group_name="a", instance_type="ml.g5.xlarge", '
            'instance_count=2)], training_plan_arn="arn:plan")',
            "",
            {
                "instance_groups": [
                    {"instance_group_name": "a", "instance_type": "ml.g5.xlarge", "instance_count": 2},
                ],
                "training_plan": "arn:plan",
                "instance_type": None,
                "instance_count": None,
            },
        ),
        (
            'distributed=MPI(process_count_per_node=8, mpi_additional_options=["-x", "A=1"])',
            "",
            {"distribution": {"mpi": {"enabled": True, "processes_per_host": 8, "custom_mpi_options": "-x A=1"}}},
        ),
        (
            'training_image_config=TrainingImageConfig(training_repository_access_mode="Vpc", training_repository_'
            'auth_config=TrainingRepositoryAuthConfig(training_repository_credentials_provider_arn="arn:login"))',
            "",
            {
                "training_repository_access_mode": "Vpc",
                "training_repository_credentials_provider_arn": "arn:login",
            },
        ),
        (
            "",
            '.with_metric_definitions([MetricDefinition(name="loss", regex="loss=(.*?)")])',
            {"metric_definitions": [{"name": "loss", "regex": "loss=(.*?)"}]},
        ),
        (
            "",
            '.with_tensorboard_output_config(TensorBoardOutputConfig(s3_output_path="s3://b/t", local_path="/opt/t"))',
            {"tensorboard_output_config": {"s3_output_path": "s3://b/t", "local_path": "/opt/t"}},
        ),
        (
            'input_data_config=[Channel(channel_name="x", shuffle_config=ShuffleConfig(seed=3), data_source=DataSource('
            's3_data_source=S3DataSource(s3_uri="s3://b/x", instance_group_names=["a"])))]',
            "",
            {"channels": {"x": {"s3_data": "s3://b/x", "instance_groups": ["a"], "shuffle_config": {"seed": 3}}}},
        ),
        (
            'training_input_mode="Pipe", input_data_config=[InputData(channel_name="x", data_source="s3://b/x")]',
            "",
            {"input_mode": "Pipe", "channels": {"x": {"s3_data": "s3://b/x", "input_mode": "File"}}},
        ),
    ],
)
def test_what_a_trainer_of_sdk_3_is_reported_has_a_field(
    arguments: str, after: str, fields: dict[str, Any], knowledge: Facts
) -> None:
    configs = (
        "Channel Compute DataSource InputData InstanceGroup MetricDefinition S3DataSource ShuffleConfig SourceCode"
    )
    configs += " TensorBoardOutputConfig TrainingImageConfig TrainingRepositoryAuthConfig"
    program = f"""
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import {", ".join(configs.split())}
from sagemaker.train.distributed import MPI
ModelTrainer(
    training_image="123456789012.dkr.ecr.us-west-2.amazonaws.com/mine:1", role="{ROLE}", base_job_name="mine",
    source_code=SourceCode(source_dir="src", entry_script="train.py"), {arguments}
){after}.train()
"""
    (data,) = whole(program, knowledge)
    assert {name: data.get(name) for name in fields} == fields


def test_what_sdk_3_takes_by_itself_is_written_out(knowledge: Facts) -> None:
    program = """
from sagemaker.modules.train import ModelTrainer
from sagemaker.modules.configs import SourceCode
ModelTrainer(training_image=image, source_code=SourceCode(command="echo hello")).train()
"""
    (draft,) = from_source(program, knowledge)
    assert (draft.data["instance_type"], draft.data["instance_count"], draft.data["max_run"]) == (
        "ml.m5.xlarge",
        1,
        3600,
    )
    assert "no field for source_code: command = 'echo hello'" in draft.remarks


# Notebooks -----------------------------------------------------------------------------------------------------------


def notebook(*cells: str) -> str:
    return json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in cells]})


IPYTHON = (
    "pip install -U sagemaker",
    "!pip install a \\\n  b \\\n  c",
    "files = !ls data",
    "out = %env HOME",
    "%%bash\nfor f in *; do echo $f; done",
    "%%writefile train.py\nprint 'no python 3'",
    "    x = 1\n    y = 2",
    "estimator?",
    "?print",
    "%cd ..\nz = 1",
    "conda install x\nimport sagemaker",
    "if True:\n    !ls\n    %time f()",
    "print 'python 2'",
    "await f()",
)


@pytest.mark.parametrize("cell", IPYTHON, ids=repr)
def test_a_cell_of_ipythons_refuses_no_notebook(cell: str, knowledge: Facts) -> None:
    text = notebook(START, cell, "TensorFlow(**K).fit('s3://b/t')")
    found = from_source(code_of(text, "a.ipynb"), knowledge)
    assert found.complete, [*found.left]
    assert [draft.where for draft in found] == ["cell 3, line 1"]


def test_a_cell_that_is_not_python_is_skipped_and_reported(knowledge: Facts) -> None:
    text = notebook(START, "y = 2\nbucket = <your bucket>", "TensorFlow(**K).fit('s3://b/t')")
    found = from_source(code_of(text, "a.ipynb"), knowledge)
    assert found.complete
    assert [*found.left] == ["cell 2, line 2: this is not Python: bucket = <your bucket>; the cell is skipped"]


def test_what_a_broken_cell_has_set_is_not_what_it_was_before(knowledge: Facts) -> None:
    text = notebook(START, "bucket = 'old'", "bucket = <your bucket>", "TensorFlow(**K).fit(f's3://{bucket}/t')")
    (draft,) = from_source(code_of(text, "a.ipynb"), knowledge)
    assert draft.data["channels"] == "s3://{{ vars.cell_3 }}/t"
    assert not draft.complete


def test_a_job_in_a_broken_cell_is_missed_and_told(knowledge: Facts) -> None:
    broken = "TensorFlow(**K,\n    framework_version=1.10.0).fit()"
    text = notebook(START, broken, "TensorFlow(**K).fit('s3://b/t')")
    found = from_source(code_of(text, "a.ipynb"), knowledge)
    assert not found.complete
    assert (
        "cell 2, line 2: this is not Python: framework_version=1.10.0).fit(); put versions in quotes: '1.10.0'; it is skipped, and the job in it"  # noqa: E501
        in map(str, found.remarks)
    )
    with pytest.raises(UnreadableProgram) as caught:
        from_source(code_of(notebook(START, broken), "a.ipynb"), knowledge)
    assert caught.value.message.startswith("cell 2, line 2 is not Python: framework_version=1.10.0)")
    assert caught.value.hint == "put versions in quotes: '1.10.0'"


def test_a_script_of_python_2_is_read(knowledge: Facts) -> None:
    found = from_source(f"{START}print 'start'\nTensorFlow(**K).fit('s3://b/t')", knowledge)
    assert found.complete


LOOPS = {
    "break and continue": (
        "for size in ['large', 'xlarge']:\n    try:\n"
        "        e = TensorFlow(**{**K, 'instance_type': 'ml.m5.' + size})\n        e.fit('s3://b/t')\n"
        "    except Exception:\n        continue\n    else:\n        break\n"
        "TensorFlow(**K, max_run=9).fit('s3://b/t')",
        ["ml.m5.large", "ml.m5.xlarge", "ml.m5.large"],
    ),
    "break": (
        "for size in ['large', 'xlarge']:\n    e = TensorFlow(**{**K, 'instance_type': 'ml.m5.' + size})\n"
        "    e.fit('s3://b/t')\n    break",
        ["ml.m5.large"],
    ),
    "return in a branch": (
        "def go():\n    if x:\n        return\n    TensorFlow(**K).fit('s3://b/t')\n"
        "go()\nTensorFlow(**K).fit('s3://b/u')",
        ["ml.m5.large", "ml.m5.large"],
    ),
    "raise": ("raise SystemExit\nTensorFlow(**K).fit('s3://b/t')", ["ml.m5.large"]),
}


@pytest.mark.parametrize(("program", "types"), LOOPS.values(), ids=LOOPS)
def test_no_job_is_lost_behind_the_end_of_a_loop(program: str, types: list[str], knowledge: Facts) -> None:
    assert [draft.data["instance_type"] for draft in imported(program, knowledge)] == types


def test_a_pass_that_may_not_come_is_reported(knowledge: Facts) -> None:
    first, second, _ = imported(LOOPS["break and continue"][0], knowledge)
    assert first.remarks == ()
    assert second.remarks == ("only where an earlier pass has not ended the loop (line 4)",)


def test_what_a_container_gets_as_hyperparameters_are_hyperparameters(knowledge: Facts) -> None:
    program = """
from sagemaker.chainer import Chainer
Chainer("train.py", role="r", instance_count=2, instance_type="ml.p3.2xlarge", framework_version="5.0.0",
        py_version="py3", use_mpi=True, num_processes=4, process_slots_per_host=0, hyperparameters={"a": 1}).fit("s3://b/t")
"""
    (draft,) = imported(program, knowledge)
    expected = {"a": 1, "sagemaker_use_mpi": True, "sagemaker_num_processes": 4}
    assert (draft.data["hyperparameters"], draft.remarks) == (expected, ())


def test_the_fields_of_a_dataclass_come_after_those_of_its_bases(knowledge: Facts) -> None:
    program = """
from dataclasses import dataclass, field
@dataclass
class Base:
    model: str
    hyperparameters: dict
    VERSION = "2.13"
@dataclass
class Launch(Base):
    entry_point: str
    max_run: int = 600
    channels: dict = field(default_factory=dict)
    tags: dict = field(default_factory=lambda: {"team": "vision"})
    count: int = field(default=2)
    def __post_init__(self):
        self.channels["train"] = "s3://b/" + self.model
    def run(self):
        e = TensorFlow(entry_point=self.entry_point, role="r", framework_version=self.VERSION, py_version="py310",
                       tags=self.tags, instance_type="ml.m5.large", instance_count=self.count, max_run=self.max_run,
                       hyperparameters=self.hyperparameters)
        e.fit(self.channels)
Launch("net", {"a": 1}, "train.py", max_run=60).run()
Launch("other", {"a": 2}, "other.py").run()
"""
    one, two = imported(program, knowledge)
    same = {"framework_version": "2.13", "instance_count": 2, "tags": {"team": "vision"}}
    expected = [
        {"entry_point": "train.py", "max_run": 60, "hyperparameters": {"a": 1}, "channels": {"train": "s3://b/net"}},
        {"entry_point": "other.py", "max_run": 600, "hyperparameters": {"a": 2}, "channels": {"train": "s3://b/other"}},
    ]
    for draft, own in zip((one, two), expected, strict=True):
        assert {name: draft.data[name] for name in {**same, **own}} == {**same, **own}
