"""Looking into the training script: never executed, right about a wide corpus, silent where it cannot know."""

from __future__ import annotations

import ast
import json
import random
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import sagespec.scripts
from conftest import SMALLEST, Judge, alone
from sagespec.base.diagnostic import Diagnostic
from sagespec.base.files import Files
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.checking.rule import Rule
from sagespec.deploying.services.local.container.contract import arguments as as_the_container_passes_them
from sagespec.kinds.training_job.rules import FAMILIES
from sagespec.kinds.training_job.shared.passed import as_argument, option_of
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs
from sagespec.reporting.findings.diagnostics import FORMATS
from sagespec.reporting.findings.diagnostics import text as shown
from sagespec.reporting.findings.report import Report
from sagespec.reporting.terminal.style import Style
from sagespec.scripts import Scripts
from sagespec.scripts.syntax.python2 import as_python3
from sagespec.scripts.syntax.walking import walk
from sagespec.scripts.values import value
from sagespec.scripts.values.constants import UNKNOWN
from scripts.script_corpus import MUTATIONS, Example, corpus, mutants

RECALL = 0.88
"""What benchmarks/scripts.md records, rounded down: it may grow and must not shrink."""

OURS = {
    rule.name
    for family in FAMILIES
    if re.search(r"\.rules\.(script\.|legacy\.(functions|values))", family.__name__)
    for rule in vars(family).values()
    if isinstance(rule, Rule)
}


@pytest.fixture
def compiled(tmp_path: Path, knowledge: Facts) -> Callable[[Example], list[Diagnostic]]:
    def diagnosed(example: Example) -> list[Diagnostic]:
        example.write(tmp_path)
        source = Source("job.yaml", yaml.safe_dump(example.manifest, sort_keys=False), tmp_path)
        (result, *_) = Compiler(Options(Inputs(), build=False), knowledge).source(source)
        return list(result.diagnostics)

    return diagnosed


@pytest.mark.parametrize("example", corpus(), ids=lambda example: example.name)
def test_nothing_is_said_of_a_right_job(example: Example, compiled: Callable[[Example], list[Diagnostic]]) -> None:
    assert compiled(example) == []


def test_most_single_mistakes_are_found(tmp_path: Path, knowledge: Facts) -> None:
    run = Compiler(Options(Inputs(), build=False), knowledge)
    found, wrong = 0, 0
    for number, (_, mutant) in enumerate(mutants()):
        folder = tmp_path / str(number)
        mutant.write(folder)
        result = alone(run, Source("job.yaml", json.dumps(mutant.manifest), folder))
        wrong += 1
        found += bool({diagnostic.rule for diagnostic in result.diagnostics} & OURS)
    assert wrong > 1000
    assert found / wrong >= RECALL


def test_every_mutation_applies_to_some_job_of_the_corpus() -> None:
    assert {name for name, _ in mutants()} == set(MUTATIONS)


@pytest.fixture
def judged(code: Path, judge: Judge) -> Callable[..., list[Diagnostic]]:
    """What is said of a script (and helper modules) with some fields of the manifest."""

    def found(text: str, over: Mapping[str, Any] | None = None, **helpers: str) -> list[Diagnostic]:
        (code / "train.py").write_text(text)
        for name, helper in helpers.items():
            (code / f"{name}.py").write_text(helper)
        return [diagnostic for diagnostic in judge(over or {}).diagnostics if diagnostic.rule in OURS]

    return found


def test_what_is_larger_than_code_is_data_and_not_looked_at(judged: Callable[..., list[Diagnostic]]) -> None:
    assert judged("x = (\n") != []
    assert judged("x = 1\n" * 100_000 + "x = (\n") == []


Said = Callable[..., list[Diagnostic]]


PARSER = """\
import argparse
import os

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model_dir")
    {option}
    args = parser.parse_args()
    print(os.environ["SM_MODEL_DIR"])
"""


def with_option(option: str) -> str:
    return PARSER.format(option=option)


def test_a_finding_points_into_the_script_and_names_the_field_of_the_manifest(judged: Said, code: Path) -> None:
    option = 'parser.add_argument("--épochs", action="store_true")'
    (found,) = judged(with_option(option), {"hyperparameters": {"épochs": True}})
    assert found.path.endswith("train.py")
    assert (found.span.line, found.span.column, found.span.end_column) == (7, 5, 57)
    assert found.field == ("hyperparameters", "épochs")
    (related,) = found.related
    assert related.place.source.name == "mnist.yaml"


def test_a_finding_stands_in_the_manifest_where_the_cure_is_there_and_names_the_script(judged: Said) -> None:
    text = with_option('parser.add_argument("--batch-size", type=int)')
    (found,) = judged(text, {"hyperparameters": {"batch_size": 1}})
    assert (found.path, found.field) == ("mnist.yaml", ("hyperparameters", "batch_size"))
    (related,) = found.related
    assert related.place.source.name.endswith("train.py")
    for show in FORMATS.values():
        told = "\n".join(show(Report([Result("mnist.yaml", (found,))]), Style()))
        assert "mnist.yaml" in told
        assert "train.py" in told


def test_the_script_s_line_is_shown(judged: Said) -> None:
    option = 'parser.add_argument("--epochs", action="store_true")'
    diagnostics = judged(with_option(option), {"hyperparameters": {"epochs": True}})
    lines = list(shown(Report([Result("mnist.yaml", tuple(diagnostics))]), Style()))
    assert any(option in line for line in lines)


CONSTANT = """\
import os
from os import path
A = "a"
NAMES = ["a", "b"]
MODELS = {"a": open, "b": None}
DEBUG = False
def f(x, given): pass
"""

CERTAIN = [
    'A + "b" + str(3)',
    'f"{A}-{1 + 1}-{0.5:.2f}"',
    '"{}/{b}".format(A, b=NAMES[1])',
    '"%s-%d" % (A, 3)',
    '"/".join(NAMES)',
    'os.path.join(A, "/b", "c")',
    'path.join("", A)',
    "given.upper() if not DEBUG else x",
    'sorted({"b", "a"})[0]',
    "list(MODELS)[1]",
    'dict(a="x")["a"]',
    '"a" in NAMES and A == "a"',
    "MODELS['b'] is None",
    "int('3') * 7 // 2 - 1",
]


@pytest.mark.parametrize("expression", CERTAIN)
def test_what_is_known_of_a_script_is_what_python_says(expression: str) -> None:
    names: dict[str, Any] = {"given": "g"}
    exec(CONSTANT, names)
    module = walk(ast.parse(CONSTANT))
    found = value(ast.parse(expression, mode="eval").body, module, given={"given": "g"})
    assert found == eval(expression, names)


@pytest.mark.parametrize(
    "expression",
    ["x", "f", "7 / 2", "MODELS['a']", "A + 1", 'f"{x}"', "A if x else A", "A is 'a'", "open(A)", "os.path.join(A, x)"],
)
def test_what_only_a_run_would_tell_is_left_open(expression: str) -> None:
    assert value(ast.parse(expression, mode="eval").body, walk(ast.parse(CONSTANT))) is UNKNOWN


@pytest.mark.parametrize(
    "change",
    ["X.append('b')", "X[0] = 'b'", "del X[0]", "X += ['b']", "X = list('b')", "X[0].y.append('b')", "def X(): pass"],
)
def test_a_list_that_is_changed_anywhere_is_left_open(change: str) -> None:
    asked = ast.parse("X", mode="eval").body
    assert value(asked, walk(ast.parse("X = ['a']\nprint(X.index('a'))\n"))) == ("a",)
    assert value(asked, walk(ast.parse(f"X = ['a']\ndef f():\n    global X\n    pass\n{change}\n"))) is UNKNOWN


def test_a_function_of_the_script_s_own_is_not_the_builtin_of_that_name() -> None:
    module = walk(ast.parse("def range(n): return [n]\n"))
    assert value(ast.parse("range(3)", mode="eval").body, module) is UNKNOWN


def test_names_that_double_each_time_are_read_once_each() -> None:
    """Otherwise this would be read 2**60 times."""
    text = "a0 = ['x']\n" + "".join(f"a{n + 1} = [a{n}, a{n}]\n" for n in range(30))
    assert value(ast.parse("'y' if a30 == [] else 'x'", mode="eval").body, walk(ast.parse(text))) == "x"


@pytest.mark.parametrize(
    "value", [0, 1, -3, 1.5, 1e-05, True, False, None, "text", "", [1, "a"], {"b": 1, "a": None}, "é", 10.0], ids=repr
)
@pytest.mark.parametrize("name", ["epochs", "k"])
def test_a_value_is_checked_as_the_container_passes_it(name: str, value: Any) -> None:
    """The witness is the local runner's, which is compared with AWS's own toolkit."""
    assert [option_of(name), as_argument(value)] == as_the_container_passes_them({name: value})


OPTIONS = {
    "type=int": [3, 3.0, "3", "x", True, None, [1]],
    "type=float": [3, 0.1, "x", False, None],
    "type=str": [3, "x", None, [1, 2]],
    "choices=['a', 'b']": ["a", "c", 1, None],
    "type=int, choices=range(3)": [0, 2, 3, "1"],
    "type=float, choices=[0.5, 1.0]": [0.5, 1, 2],
    "type=json.loads": ["[1]", [1], {"a": 1}, True, 2, "x"],
    "action='store_true'": [True, False],
    "action=argparse.BooleanOptionalAction": [True],
    "action='append', type=int": [1, "x"],
    "action='count'": [2],
    "nargs=2": ["a"],
    "nargs='+', type=int": [1, [1, 2]],
    "nargs='?', type=int": [1, "x"],
    "nargs='*'": ["a"],
    "required=True": ["a"],
}


@pytest.mark.parametrize("strict", [True, False], ids=["parse_args", "parse_known_args"])
@pytest.mark.parametrize(
    ("option", "value"), [(option, value) for option, values in OPTIONS.items() for value in values], ids=repr
)
def test_an_error_is_said_exactly_where_argparse_stops(judged: Said, option: str, value: Any, strict: bool) -> None:
    """The witness is argparse itself, behind a shell that splits what nobody has quoted."""
    import argparse

    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--model_dir")
    eval(f"parser.add_argument('--value', {option})", {"parser": parser, "argparse": argparse, "json": json})
    stops = False
    try:
        given = shlex.split(" ".join(as_the_container_passes_them({"value": value, "model_dir": "s3://bucket/model"})))
        parser.parse_args(given) if strict else parser.parse_known_args(given)
    except (argparse.ArgumentError, SystemExit):
        stops = True
    text = with_option(f'parser.add_argument("--value", {option})').replace("import os", "import json\nimport os")
    if not strict:
        text = text.replace("args = parser.parse_args()", "args, _ = parser.parse_known_args()")
    rules = {found.rule for found in judged(text, {"hyperparameters": {"value": value}})}
    if not strict and not stops:  # it goes on with another value than was meant
        rules -= {"value-for-flag", "value-changed-by-shell"}
    assert bool(rules) == stops


def test_a_flag_that_false_would_switch_on_is_an_error(judged: Said) -> None:
    text = with_option('parser.add_argument("--flag", action="store_true")').replace(
        "args = parser.parse_args()", "args, _ = parser.parse_known_args()"
    )
    assert [found.rule for found in judged(text, {"hyperparameters": {"flag": False}})] == ["value-for-flag"]
    assert judged(text, {"hyperparameters": {"flag": True}}) == []


@pytest.mark.parametrize(
    ("raw", "said_of_it"),
    [
        (b"print(1)\0\n", "it holds NUL bytes"),
        (b"\x80\x81\xff", "encoding"),
        (b"# -*- coding: nonsense -*-\n", "encoding"),
        ("print('é')\n".encode("latin-1"), "encoding"),
    ],
)
def test_a_script_that_is_not_text_for_any_python_is_an_error(
    code: Path, judge: Judge, raw: bytes, said_of_it: str
) -> None:
    (code / "train.py").write_bytes(raw)
    (found,) = judge().diagnostics
    assert found.rule == "script-syntax-error"
    assert said_of_it in found.message


def test_a_script_for_a_newer_python_than_the_image_s_is_an_error(judged: Said) -> None:
    text = "import os\nmatch os.environ['SM_HPS']:\n    case 'x':\n        print(os.environ['SM_MODEL_DIR'])\n"
    assert [found.rule for found in judged(text, {"framework_version": "2.4"})] == ["script-for-other-python"]
    assert judged(text) == []


@pytest.mark.parametrize(
    ("guard", "rules"),
    [
        ("", ["name-not-in-version"]),
        ('if tf.__version__.startswith("1."): ', []),
        ('if os.environ["SM_CURRENT_HOST"]: ', []),
    ],
)
def test_a_name_that_the_version_lacks_is_an_error_where_every_run_comes_by(
    judged: Said, guard: str, rules: list[str]
) -> None:
    text = f"import os\nimport tensorflow as tf\n{guard}tf.placeholder(tf.float32)\nprint(os.environ['SM_MODEL_DIR'])\n"
    assert [found.rule for found in judged(text)] == rules
    assert judged(text, {"framework_version": "1.15", "py_version": "py3"}) == []
    assert judged(text.replace("import tensorflow as", "import tensorflow.compat.v1 as")) == []
    either = "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    import tensorflow as tf"
    assert judged(text.replace("import tensorflow as tf", either)) == []


SAVES = """\
import os
import tensorflow as tf
model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
model.compile("sgd", "mse")
model.fit([[1.0]], [[1.0]], epochs=3)
folder = os.path.join(os.environ["SM_MODEL_DIR"], "1")
{save}
"""


@pytest.mark.parametrize(
    ("save", "wrong"),
    [
        ("model.save(folder)", True),
        ('model.save(folder, save_format="tf")', True),
        ("if os.environ['SM_CURRENT_HOST'] == 'algo-1':\n    model.save(folder)", False),
        ("current_host = 'x'\nif current_host == 'algo-1':\n    model.save(folder)", True),
        ("tf.keras.models.save_model(model, folder)", True),
        ('model.save(f"{folder}/model")', True),
        ('model.save(f"{folder}.keras")', False),
        ("model.save(open_a_file())", False),
        ("model.export(folder)", False),
        ("tf.saved_model.save(model, folder)", False),
        ('model.save_weights(folder + "/weights")', True),
        ('model.save_weights(folder + "/x.weights.h5")', False),
        ("tf.keras.callbacks.ModelCheckpoint(folder)", True),
    ],
)
def test_keras_3_saves_files_only(judged: Said, save: str, wrong: bool) -> None:
    text = SAVES.format(save=save)
    assert [found.rule for found in judged(text, {"model_dir": False})] == ["model-saved-as-folder"] * wrong
    assert judged(text, {"model_dir": False, "framework_version": "2.14"}) == []
    assert judged(text, {"model_dir": False, "environment": {"TF_USE_LEGACY_KERAS": "1"}}) == []


def test_an_ambiguous_abbreviation_is_an_error_and_a_plain_one_is_none(judged: Said) -> None:
    text = with_option('parser.add_argument("--rate"); parser.add_argument("--ratio")')
    (found,) = judged(text, {"hyperparameters": {"rat": 1}})
    assert found.message == "--rat could mean --rate or --ratio"
    assert judged(text, {"hyperparameters": {"rati": 1}}) == []
    exact = text.replace("ArgumentParser()", "ArgumentParser(allow_abbrev=False)")
    assert [found.rule for found in judged(exact, {"hyperparameters": {"rati": 1}})] == [
        "hyperparameter-unknown-to-script"
    ]


@pytest.mark.parametrize(
    "option",
    [
        'add = parser.add_argument; add("--epochs", type=int)',
        'group = parser.add_argument_group("more"); add = group.add_argument; add("--epochs", type=int)',
        'add = functools.partial(parser.add_argument, type=int); add("--epochs")',
    ],
)
def test_a_short_name_for_add_argument_is_followed(judged: Said, option: str) -> None:
    text = "import functools\n" + with_option(option)
    assert judged(text, {"hyperparameters": {"epochs": 1}}) == []
    assert [found.rule for found in judged(text, {"hyperparameters": {"epochs": "x"}})] == ["value-refused-by-type"]
    assert [found.rule for found in judged(text, {"hyperparameters": {"zeal": 1}})] == [
        "hyperparameter-unknown-to-script"
    ]


def test_of_several_parsers_each_strict_one_stops_at_what_only_another_knows(judged: Said) -> None:
    text = with_option(
        'parser.add_argument("--epochs")\n    other = argparse.ArgumentParser(); other.add_argument("--rate")'
    )
    strict = text.replace("args = parser.parse_args()", "args = parser.parse_args(); other.parse_args()")
    rules = [found.rule for found in judged(strict, {"hyperparameters": {"epochs": 1, "rate": 1}})]
    assert rules == ["hyperparameter-unknown-to-script"]
    lenient = text.replace("args = parser.parse_args()", "args = parser.parse_known_args(); other.parse_known_args()")
    assert judged(lenient, {"hyperparameters": {"epochs": 1, "rate": 1}}) == []


SILENT = {
    "add_argument is handed out": "library.add_options(parser.add_argument)",
    "options from a loop": 'for name in ("a", "b"):\n        parser.add_argument("--" + name)',
    "options from elsewhere": "library.add_options(parser)",
    "more options by keyword": 'parser.add_argument(*["--zeal"])',
    "a parser taken apart": "parser._add_action(None)",
}


@pytest.mark.parametrize("option", SILENT.values(), ids=SILENT)
def test_nothing_is_said_of_options_that_cannot_be_known(judged: Said, option: str) -> None:
    assert judged(with_option(option), {"hyperparameters": {"zeal": 1}}) == []


@pytest.mark.parametrize(
    "parse",
    [
        "parser.parse_args([])",
        "parser.parse_args(read_file())",
        "library.Parser().parse_args()",
        "exec('parser.parse_args()')",
    ],
)
def test_nothing_is_said_where_the_command_line_may_not_be_what_is_parsed(judged: Said, parse: str) -> None:
    text = with_option("").replace("parser.parse_args()", parse)
    assert judged(text, {"hyperparameters": {"zeal": 1}}) == []


def test_what_stands_under_a_helper_s_main_guard_is_not_part_of_the_program(judged: Said) -> None:
    helper = 'import os\nif __name__ == "__main__":\n    print(os.environ["SM_CHANNEL_ELSEWHERE"])\n'
    text = "import helper\n" + with_option("")
    assert judged(text, {"source_dir": "."}, helper=helper) == []


def test_a_helper_beside_a_lone_entry_point_is_not_packed_and_not_read(judged: Said) -> None:
    helper = 'import os\nprint(os.environ["SM_CHANNEL_ELSEWHERE"])\n'
    text = "import helper\n" + with_option("")
    assert [found.rule for found in judged(text, {}, helper=helper)] == ["imported-module-not-packed"]
    assert [found.rule for found in judged(text, {"source_dir": "."}, helper=helper)] == ["channel-not-given"]
    assert [found.rule for found in judged(text, {"dependencies": ["helper.py"]}, helper=helper)] == [
        "channel-not-given"
    ]


@pytest.mark.parametrize(
    "statement", ["try:\n    import helper\nexcept ImportError:\n    helper = None", "import numpy", "import nowhere"]
)
def test_an_import_that_may_work_without_the_module_beside_it_is_not_a_mistake(judged: Said, statement: str) -> None:
    assert judged(f"{statement}\n{with_option('')}", {}, helper="", numpy="") == []


def test_a_channel_is_followed_through_the_parameter_of_a_function(judged: Said) -> None:
    text = """\
import os


def folder(name):
    return os.environ[f"SM_CHANNEL_{name.upper()}"]


if __name__ == "__main__":
    print(folder("train"), folder(name="test"))
"""
    channels = {"train": "s3://bucket/train", "test": "s3://bucket/test"}
    assert judged(text, {"channels": channels}) == []
    (found,) = judged(text, {"channels": {"train": "s3://bucket/train"}})
    (script,) = found.related
    assert (found.rule, script.place.span.line, script.place.span.column) == ("channel-not-given", 9, 28)
    (found,) = judged(text, {"channels": {**channels, "spare": "s3://bucket/spare"}})
    assert (found.rule, found.field) == ("unused-channel", ("channels", "spare"))
    silent = text.replace('name="test"', "name=os.uname().sysname")
    assert judged(silent, {"channels": {"spare": "s3://bucket/spare"}}) == []


@pytest.mark.parametrize(
    "way",
    [
        'Path(os.environ["SM_CHANNEL_TRAIN"]).parent / "spare"',
        'os.path.join(os.environ["SM_CHANNEL_TRAIN"], "..", "spare")',
        'os.listdir("/opt/ml/input/data")',
        'os.path.join("/opt/ml", "input", "data", "spare")',
        "dict(os.environ)",
        'subprocess.run(["bash", "train.sh"])',
        "importlib.import_module(os.environ['SM_CHANNEL_TRAIN'])",
        "private_package.load()",
    ],
)
def test_a_channel_may_be_read_in_ways_that_do_not_name_it(judged: Said, way: str) -> None:
    imports = "import importlib, os, subprocess\nfrom pathlib import Path\n"
    imports += "import private_package\n" if "private" in way else ""
    text = (
        f'{imports}if __name__ == "__main__":\n    print({way}, os.environ["SM_CHANNEL_TRAIN"], os.environ["SM_HPS"])\n'
    )
    channels = {"train": "s3://bucket/train", "spare": "s3://bucket/spare"}
    assert judged(text, {"channels": channels}) == []


def test_a_finding_about_a_helper_names_the_helper(judged: Said) -> None:
    helper = 'import os\n\n\ndef folder():\n    return os.environ["SM_CHANNEL_TRIAN"]\n'
    text = "from helper import folder\n" + with_option("folder()")
    (found,) = judged(text, {"source_dir": ".", "channels": {"train": "s3://bucket/train"}}, helper=helper)
    (script,) = found.related
    assert script.place.source.name.endswith("helper.py")
    assert script.place.span.line == 5
    assert "did you mean 'train'" in found.hint


@pytest.mark.parametrize(
    "lookup",
    [
        'os.environ.get("SM_CHANNEL_TEST")',
        'os.getenv("SM_CHANNEL_TEST", "here")',
        'os.environ["SM_CHANNEL_TEST"] if args else None',
        'args and os.environ["SM_CHANNEL_TEST"]',
        '[os.environ["SM_CHANNEL_TEST"] for _ in args]',
        '(lambda: os.environ["SM_CHANNEL_TEST"])',
        '"SM_CHANNEL_TEST" in os.environ and os.environ["SM_CHANNEL_TEST"]',
    ],
)
def test_a_channel_that_the_script_may_do_without_need_not_be_given(judged: Said, lookup: str) -> None:
    text = f'import os\n\nif __name__ == "__main__":\n    args = []\n    print({lookup}, os.environ["SM_HPS"])\n'
    assert judged(text) == []


def test_a_channel_that_is_looked_up_in_a_try_need_not_be_given(judged: Said) -> None:
    text = """\
import os

try:
    TEST = os.environ["SM_CHANNEL_TEST"]
except KeyError:
    TEST = None
"""
    assert judged(text) == []
    assert [found.rule for found in judged(text.replace("TEST = None", "raise"))] == ["channel-not-given"]


def test_a_comment_in_the_script_silences_a_warning_there(judged: Said) -> None:
    text = "import keras\ndef input_fn(data): pass\n"
    text += "model = keras.Sequential()\nmodel.fit([1], [1], epochs=1)  # SM_MODEL_DIR{}\n"
    rules = {found.rule for found in judged(text.format(""))}
    assert rules == {"training-without-main-guard", "model-not-saved"}
    allowed = text.format("  # sagespec: allow training-without-main-guard, model-not-saved")
    assert judged(allowed) == []


def test_an_allowance_in_a_script_that_silences_nothing_is_said(code: Path, knowledge: Facts) -> None:
    (code / "train.py").write_text(
        '"""# sagespec: allow model-not-saved"""\nx = 1  # sagespec: allow model-not-saved\n'
    )
    (code / "job.yaml").write_text(yaml.safe_dump(SMALLEST))
    results: list[Result] = list(Compiler(Options(Inputs(), build=False), knowledge).run([str(code / "job.yaml")]))
    unused = [found for result in results for found in result.diagnostics if found.rule == "unused-allowance"]
    assert [(Path(found.path).name, found.span.line) for found in unused] == [("train.py", 2)]


def test_python_2_is_read_where_it_stands() -> None:
    text = 'if x <> 1L:\n    print >>out, "é", x\nelse:\n    raise Error, "why"\n'
    readable = as_python3(text)
    assert readable is not None
    assert [len(line) for line in readable.split("\n")] == [len(line) for line in text.split("\n")]
    assert readable.index('"é"') == text.index('"é"')
    assert as_python3("print('either')\n") is None
    assert as_python3("neither (nor\n") is None


def test_a_text_is_analysed_once_however_many_jobs_run_it(
    tmp_path: Path, knowledge: Facts, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    parse = sagespec.scripts.parse

    def counted(text: str) -> Any:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr(sagespec.scripts, "parse", counted)
    unique = f"# {tmp_path}\n{with_option('')}"
    for number in range(30):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "train.py").write_text(unique)
        (folder / "job.yaml").write_text(yaml.safe_dump({**SMALLEST, "name": f"job-{number}"}))
    results = list(Compiler(Options(Inputs(), build=False), knowledge).run([str(tmp_path)]))
    assert len(results) == 30
    assert parsed == [unique]


def test_nothing_is_read_of_an_image_with_its_own_program(tmp_path: Path) -> None:
    assert Scripts(Files()).of(tmp_path, "train.sh", None) is None
    assert Scripts(Files()).of(tmp_path, "train.py", "s3://bucket/code.tar.gz") is None
    assert Scripts(Files()).of(tmp_path, "nowhere.py", None) is None
    assert Scripts(Files()).of(tmp_path, "x" * 5000 + ".py", None) is None


HOSTILE = {
    "nested": "x = " + "(" * 5000 + ")" * 5000,
    "long sum": "x = " + "+".join(["1"] * 20000),
    "long attribute": "x" + ".a" * 20000,
    "nested ifs": "".join(f"{' ' * depth}if 1:\n" for depth in range(99)) + " " * 99 + "pass\n",
    "zero byte": "x = '\0'",
    "unfinished": "def f(:\n",
    "deep names": "a0 = 'x'\n"
    + "".join(f"a{n + 1} = a{n} + a{n}\n" for n in range(200))
    + "import os\nos.environ[a200]\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_script_gives_no_traceback(judged: Said, text: str) -> None:
    assert {found.rule for found in judged(text)} <= {"script-syntax-error"}


def test_a_script_cut_anywhere_gives_no_traceback(judged: Said) -> None:
    whole = [text for example in corpus() for text in example.files.values() if len(text) > 200]
    dice = random.Random(7)
    for _ in range(60):
        text = dice.choice(whole)
        cut = dice.randrange(len(text))
        judged(text[:cut] + dice.choice(["", "(", '"""', "\x0c", "\t"]) + text[cut + dice.randrange(3) :])
