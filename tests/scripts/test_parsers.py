"""Scripts with subcommands, or with another library than argparse: each example was run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import SMALLEST
from sagespec.base.files import Files
from sagespec.base.source import Source
from sagespec.catalog import Facts
from sagespec.pipeline import Compiler, Options
from sagespec.reading.render import Inputs
from sagespec.scripts import Scripts

CLICK = """
import click
@click.command()
@click.option("--epochs", "-e", type=int, default=3)
@click.option("--batch_size", default=32)
@click.option("--augment", is_flag=True)
@click.option("--shuffle/--no-shuffle", default=True)
@click.option("--optimizer", type=click.Choice(["adam", "sgd"]))
def main(**options):
    print(options)
if __name__ == "__main__":
    main()
"""
TYPER = """
import typer
def main(epochs: int = 3, learning_rate: float = 0.1, augment: bool = False, rate: float = typer.Option(1, "--rate")):
    print(epochs)
if __name__ == "__main__":
    typer.run(main)
"""
TYPER_APP = """
from typing import Annotated
import typer
app = typer.Typer()
@app.command()
def main(name: str, epochs: Annotated[int, typer.Option("--epochs", "-e")] = 3):
    print(epochs)
if __name__ == "__main__":
    app()
"""
FIRE = """
import fire
def train(epochs=3, learning_rate=0.1):
    print(epochs)
if __name__ == "__main__":
    fire.Fire(train)
"""
ABSL = """
from absl import app, flags
FLAGS = flags.FLAGS
flags.DEFINE_integer("epochs", 3, "how many", short_name="n")
flags.DEFINE_boolean("augment", False, "more data")
flags.DEFINE_enum("optimizer", "adam", ["adam", "sgd"], "which")
def main(argv):
    print(FLAGS.epochs)
if __name__ == "__main__":
    app.run(main)
"""
TRAINER = """
import sys
from dataclasses import dataclass, field
from typing import Optional
from transformers import HfArgumentParser, Trainer, TrainingArguments
@dataclass
class ModelArguments:
    model_name: str = field(metadata={"help": "which"})
    revision: Optional[str] = None
    frozen: bool = False
    layers: int = 12
def main():
    parser = HfArgumentParser((ModelArguments, TrainingArguments))
    if len(sys.argv) == 2 and sys.argv[1].endswith(".json"):
        ours, theirs = parser.parse_json_file(sys.argv[1])
    else:
        ours, theirs = parser.parse_args_into_dataclasses()
    Trainer(args=theirs).train()
if __name__ == "__main__":
    main()
"""
UNKNOWN = "hyperparameter-unknown-to-script"


def messages_about(
    folder: Path, knowledge: Facts, script: str, hyperparameters: dict[str, object], **fields: object
) -> list[str]:
    """What is said of a job's arguments: rule and message."""
    (folder / "train.py").write_text(script)
    job = {**SMALLEST, "model_dir": False, **fields, "entry_point": "train.py", "hyperparameters": hyperparameters}
    source = Source("job.yaml", json.dumps(job), folder)
    (result, *_) = Compiler(Options(Inputs(), build=False), knowledge).source(source)
    rules = ("script", "argument", "value", "flag")
    return [f"{one.rule}: {one.message}" for one in result.diagnostics if any(word in one.rule for word in rules)]


SUBCOMMANDS = """
import argparse
def add_train(commands):
    own = commands.add_parser("train")
    own.add_argument("--epochs", type=int, default=1)
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=0)
    group = parser.add_argument_group("more")
    group.add_argument("--rate", type=float, default=0.1)
    add_train(parser.add_subparsers(dest="command"))
    print(parser.parse_args())
if __name__ == "__main__":
    main()
"""
BELOW = "only a subcommand of the script has --epochs, and the container passes no subcommand"


@pytest.mark.parametrize(
    ("hyperparameters", "messages"),
    [
        ({"seed": 1, "rate": 0.2}, []),
        ({"epochs": 3}, [f"{UNKNOWN}: {BELOW}"]),
        ({"epoch": 3}, [f"{UNKNOWN}: the script has no option --epoch"]),
    ],
)
def test_the_options_of_a_subcommand_are_out_of_reach(
    hyperparameters: dict[str, object], messages: list[str], tmp_path: Path, knowledge: Facts
) -> None:
    assert messages_about(tmp_path, knowledge, SUBCOMMANDS, hyperparameters) == messages


def test_a_subcommand_that_is_required_never_comes(tmp_path: Path, knowledge: Facts) -> None:
    script = SUBCOMMANDS.replace('dest="command"', 'dest="command", required=True')
    required = "required-argument-not-given: the script requires a subcommand, and the container passes options only"
    assert messages_about(tmp_path, knowledge, script, {"seed": 1}) == [required]


@pytest.mark.parametrize(
    ("script", "hyperparameters"),
    [
        (SUBCOMMANDS.replace("commands.add_parser", "theirs.make_parser"), {"epochs": 3}),
        (SUBCOMMANDS.replace('"train")', '"train", parents=[COMMON])'), {"epochs": 3}),
        (SUBCOMMANDS.replace('"train")', "NAME)"), {"epochs": 3}),
        (SUBCOMMANDS.replace('"--seed", type=int, default=0', '"--seed", action="store_true"'), {"seed": "train"}),
    ],
)
def test_subcommands_that_may_be_reached_are_not_spoken_of(
    script: str, hyperparameters: dict[str, object], tmp_path: Path, knowledge: Facts
) -> None:
    assert messages_about(tmp_path, knowledge, script, hyperparameters) == []


@pytest.mark.parametrize(
    ("script", "right"),
    [
        (CLICK, {"epochs": 3, "batch_size": 2, "optimizer": "sgd"}),
        (CLICK, {"e": 3}),
        (TYPER, {"epochs": 3, "learning-rate": 0.2, "rate": 2.5}),
        (FIRE, {"epochs": 3, "learning_rate": 1, "learning-rate": 1}),
        (FIRE, {"e": 3}),
        (ABSL, {"epochs": 3, "n": 2, "augment": True, "optimizer": "sgd", "verbosity": 1}),
    ],
)
def test_options_that_the_script_has_are_not_spoken_of(
    script: str, right: dict[str, object], tmp_path: Path, knowledge: Facts
) -> None:
    assert messages_about(tmp_path, knowledge, script, right) == []


@pytest.mark.parametrize(
    ("script", "wrong", "message"),
    [
        (CLICK, {"epoch": 3}, f"{UNKNOWN}: the script has no option --epoch"),
        (CLICK, {"batch-size": 3}, f"{UNKNOWN}: the script has no option --batch-size"),
        (
            CLICK,
            {"augment": True},
            "value-for-flag: --augment takes no value, and the container passes --augment True: click stops at the "
            "value",
        ),
        (CLICK, {"epochs": 1.5}, "value-refused-by-type: --epochs is a whole number, and the script gets '1.5'"),
        (CLICK, {"optimizer": "Adam"}, "value-not-among-choices: --optimizer is one of adam, sgd, not 'Adam'"),
        (TYPER, {"learning_rate": 0.2}, f"{UNKNOWN}: the script has no option --learning_rate"),
        (
            TYPER_APP,
            {"epochs": 2},
            "required-argument-not-given: the script requires a positional argument, 'name', and the container passes "
            "options only",
        ),
        (FIRE, {"epoch": 3}, f"{UNKNOWN}: the script has no option --epoch"),
        (ABSL, {"epoch": 3}, f"{UNKNOWN}: the script has no option --epoch"),
    ],
)
def test_an_option_that_the_script_does_not_have_is_an_error(
    script: str, wrong: dict[str, object], message: str, tmp_path: Path, knowledge: Facts
) -> None:
    assert messages_about(tmp_path, knowledge, script, wrong) == [message]


HUGGING_FACE = {"framework": "huggingface", "framework_version": None, "py_version": None}


def hugging_face(version: str, pytorch: str, python: str) -> dict[str, object]:
    return {**HUGGING_FACE, "transformers_version": version, "pytorch_version": pytorch, "py_version": python}


OLD, NEW = hugging_face("4.36", "2.1", "py310"), hugging_face("4.56", "2.8", "py312")


@pytest.mark.parametrize(
    ("fields", "name"),
    [(OLD, "evaluation_strategy"), (NEW, "eval_strategy"), (OLD, "learning-rate"), (NEW, "num_train_epochs")],
)
def test_the_fields_of_the_images_transformers_are_options(
    fields: dict[str, object], name: str, tmp_path: Path, knowledge: Facts
) -> None:
    assert messages_about(tmp_path, knowledge, TRAINER, {"model_name": "x", "frozen": True, name: 1}, **fields) == []


@pytest.mark.parametrize(
    ("fields", "name"),
    [(OLD, "eval_strategy"), (NEW, "evaluation_strategy"), (NEW, "model_nmae"), (OLD, "temperature")],
)
def test_a_field_that_the_images_transformers_lacks_is_an_error(
    fields: dict[str, object], name: str, tmp_path: Path, knowledge: Facts
) -> None:
    assert messages_about(tmp_path, knowledge, TRAINER, {"model_name": "x", name: "no"}, **fields) == [
        f"{UNKNOWN}: the script has no option --{name}"
    ]


def test_a_dataclass_that_is_made_of_another_has_its_options_too(tmp_path: Path, knowledge: Facts) -> None:
    script = TRAINER.replace("TrainingArguments", "Seq2SeqTrainingArguments")
    given = {"model_name": "x", "predict_with_generate": True, "learning_rate": 0.1, "generate": 1}
    assert messages_about(tmp_path, knowledge, script, given, **NEW) == [
        f"{UNKNOWN}: the script has no option --generate"
    ]


def test_another_transformers_than_the_images_is_not_foreseen(tmp_path: Path, knowledge: Facts) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "requirements.txt").write_text("transformers==4.57.1\n")
    (code / "train.py").write_text(TRAINER)
    assert (
        messages_about(tmp_path, knowledge, "", {"model_name": "x", "new_in_4_57": 1}, **NEW, source_dir="code") == []
    )


def test_a_field_of_the_scripts_own_that_has_no_default_is_required(tmp_path: Path, knowledge: Facts) -> None:
    assert messages_about(tmp_path, knowledge, TRAINER, {"seed": 3}, **NEW) == [
        "required-argument-not-given: the script requires --model_name, and there is no such hyperparameter"
    ]


@pytest.mark.parametrize(
    "script",
    [
        CLICK.replace("@click.command()", "@click.command(context_settings={'ignore_unknown_options': True})"),
        CLICK.replace("@click.command()", "@shared\n@click.command()"),
        CLICK.replace("main()\n", "main(['--epochs', '3'])\n"),
        CLICK.replace("click.command()", "click.group()"),
        TYPER.replace("typer.run(main)", "typer.run(decorated(main))"),
        TYPER.replace("epochs: int = 3", "*epochs"),
        TYPER_APP.replace("app()\n", "app(['x'])\n"),
        FIRE.replace("fire.Fire(train)", "fire.Fire()"),
        FIRE.replace("learning_rate=0.1", "**more"),
        FIRE.replace("print(epochs)", "return Result(epochs)"),
        ABSL.replace("app.run(main)", "app.run(main, flags_parser=parse)"),
        ABSL.replace("import app, flags", "import app, flags\nimport tools_of_theirs"),
        ABSL + "\nimport click\n",
        TRAINER.replace("dataclasses()", "dataclasses(return_remaining_strings=True)"),
        TRAINER.replace("class ModelArguments:", "class ModelArguments(Theirs):"),
    ],
)
def test_what_is_not_of_the_plain_form_is_not_spoken_of(script: str, tmp_path: Path, knowledge: Facts) -> None:
    (tmp_path / "train.py").write_text(script)
    found = Scripts(Files()).of(tmp_path, "train.py", None)
    assert found is not None
    assert found.study.arguments is None
