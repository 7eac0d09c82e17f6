"""The corpus of training scripts, and single mutations that each make one of its jobs wrong.

What is a mistake is decided here by the texts alone, never by asking the analysis.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SCRIPTS = Path(__file__).resolve().parent / "corpus"
LEGACY_ONLY = ("model_fn", "keras_model_fn", "estimator_fn")


@dataclass(frozen=True)
class Example:
    """One job of the corpus: its manifest and the files of its code, by their paths."""

    name: str
    manifest: dict[str, Any]
    files: Mapping[str, str]

    @property
    def script(self) -> str:
        return self.files["train.py"]

    @property
    def text(self) -> str:
        return "\n".join(self.files.values())

    @property
    def legacy(self) -> bool:
        return "training_steps" in self.manifest

    @property
    def hyperparameters(self) -> dict[str, Any]:
        return dict(self.manifest.get("hyperparameters", {}))

    @property
    def channels(self) -> dict[str, Any]:
        given = self.manifest.get("channels", {})
        return {"training": given} if isinstance(given, str) else dict(given)

    def with_field(self, **fields: Any) -> Example:
        """The same with other fields; `...` takes one out."""
        manifest = deepcopy(self.manifest) | fields
        return Example(self.name, {key: value for key, value in manifest.items() if value is not ...}, self.files)

    def with_text(self, old: str, new: str) -> Example:
        """The same with a piece of its code replaced, in every file."""
        files = {path: text.replace(old, new) for path, text in self.files.items()}
        return Example(self.name, self.manifest, files)

    def declared(self, name: str) -> str:
        """The `add_argument` of a hyperparameter, as far as its line; nothing where there is none."""
        found = re.search(rf"""add_argument\(.*['"]--{re.escape(name)}['"].*\)$""", self.text, re.MULTILINE)
        return found[0] if found else ""

    def write(self, folder: Path) -> None:
        for path, text in self.files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")


def corpus() -> list[Example]:
    """Every job of the corpus, by name."""
    return [
        Example(
            folder.name,
            yaml.safe_load((folder / "job.yaml").read_text(encoding="utf-8")),
            {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in folder.rglob("*.py")},
        )
        for folder in sorted(SCRIPTS.iterdir())
        if folder.is_dir()
    ]


Mutate = Callable[[Example], Iterator[Example]]
MUTATIONS: dict[str, Mutate] = {}
"""By what they do to a job; each yields wrong jobs that differ from the right one in one thing."""

NOT_A_MISTAKE = {
    "misspelt hyperparameter": {"plain-argv"},
    "unheard of hyperparameter": {"plain-argv", "from-environment", "toolkit-environment", "click-command"},
    "misspelt channel": {"all-channels", "toolkit-environment"},
    "channel left out": {"all-channels", "toolkit-environment"},
    "channel too many": {"all-channels", "toolkit-environment"},
    "no model folder": {"plain-argv", "click-command", "fire-function", "absl-flags"},
    "several instances for one": {"horovod", "workers-by-hosts", "starts-another"},
    "text for a number": {"plain-argv"},
    "fraction for a whole number": {"plain-argv", "from-environment", "toolkit-environment", "fire-function"},
}
"""Where a mutation changes nothing that matters: the job runs all the same, and does what it says."""


def mutation(mutate: Mutate) -> Mutate:
    name = mutate.__name__.replace("_", " ")
    MUTATIONS[name] = lambda example: iter(()) if example.name in NOT_A_MISTAKE.get(name, ()) else mutate(example)
    return mutate


def _renamed(given: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    return {new if key == old else key: value for key, value in given.items()}


@mutation
def misspelt_hyperparameter(example: Example) -> Iterator[Example]:
    for name in example.hyperparameters:
        if name in ("throttle_secs",):
            continue
        yield example.with_field(hyperparameters=_renamed(example.hyperparameters, name, f"{name}x"))


@mutation
def hyphen_for_underscore(example: Example) -> Iterator[Example]:
    for name in example.hyperparameters:
        if "-" in name and not example.legacy:
            other = name.replace("-", "_")
            yield example.with_field(hyperparameters=_renamed(example.hyperparameters, name, other))


@mutation
def unheard_of_hyperparameter(example: Example) -> Iterator[Example]:
    if not example.legacy:
        yield example.with_field(hyperparameters={**example.hyperparameters, "zeal": 11})


@mutation
def required_hyperparameter_left_out(example: Example) -> Iterator[Example]:
    for name in example.hyperparameters:
        looked_up = f"hyperparameters['{name}']" in example.text or f"params['{name}']" in example.text
        required = "required=True" in example.declared(name) or f'SM_HP_{name.upper()}"]' in example.text
        if required or (looked_up and example.legacy):
            left = {key: value for key, value in example.hyperparameters.items() if key != name}
            yield example.with_field(hyperparameters=left)


@mutation
def text_for_a_number(example: Example) -> Iterator[Example]:
    for name, value in example.hyperparameters.items():
        if type(value) in (int, float) and not example.legacy:
            yield example.with_field(hyperparameters={**example.hyperparameters, name: "many"})


@mutation
def fraction_for_a_whole_number(example: Example) -> Iterator[Example]:
    for name, value in example.hyperparameters.items():
        if type(value) is int and not example.legacy and "type=float" not in example.declared(name):
            yield example.with_field(hyperparameters={**example.hyperparameters, name: value + 0.5})


@mutation
def list_for_a_number(example: Example) -> Iterator[Example]:
    for name, value in example.hyperparameters.items():
        if type(value) in (int, float) and "type=" in example.declared(name):
            yield example.with_field(hyperparameters={**example.hyperparameters, name: [value, value]})


@mutation
def null_for_a_number(example: Example) -> Iterator[Example]:
    for name, value in example.hyperparameters.items():
        if type(value) in (int, float) and "type=" in example.declared(name):
            yield example.with_field(hyperparameters={**example.hyperparameters, name: None})


@mutation
def false_for_a_bool(example: Example) -> Iterator[Example]:
    for name in example.hyperparameters:
        if "type=bool" in example.declared(name):
            yield example.with_field(hyperparameters={**example.hyperparameters, name: False})


@mutation
def value_outside_the_choices(example: Example) -> Iterator[Example]:
    for name in example.hyperparameters:
        if "choices=" in example.declared(name):
            yield example.with_field(hyperparameters={**example.hyperparameters, name: "Adamant"})


@mutation
def flag_instead_of_value(example: Example) -> Iterator[Example]:
    for name in example.hyperparameters:
        line = example.declared(name)
        if "type=int" in line and "parse_known_args" not in example.text:
            yield example.with_text(line, re.sub(r"type=int.*\)", 'action="store_true")', line))


@mutation
def several_values(example: Example) -> Iterator[Example]:
    for name in example.hyperparameters:
        line = example.declared(name)
        if "type=int" in line:
            yield example.with_text(line, line.replace("type=int", "type=int, nargs=2"))


@mutation
def undeclared_option(example: Example) -> Iterator[Example]:
    for name in example.hyperparameters:
        line = example.declared(name)
        if line and name != "learning":
            yield example.with_text(line, line.replace(f"--{name}", "--other-" + name))


@mutation
def required_option_too_many(example: Example) -> Iterator[Example]:
    found = re.search(r"^( *)(\w+)\.add_argument\(.*\)$", example.script, re.MULTILINE)
    if found and not example.legacy and example.name != "parents":
        more = f'\n{found[1]}{found[2]}.add_argument("--budget", type=int, required=True)'
        yield example.with_text(found[0], found[0] + more)


@mutation
def positional_argument(example: Example) -> Iterator[Example]:
    found = re.search(r"^( *)(\w+)\.add_argument\(.*\)$", example.script, re.MULTILINE)
    if found and example.name not in ("parents", "subcommands"):
        yield example.with_text(found[0], f'{found[0]}\n{found[1]}{found[2]}.add_argument("folder")')


@mutation
def no_model_folder(example: Example) -> Iterator[Example]:
    """--model_dir comes, and nobody expects it."""
    if example.manifest.get("model_dir") is False and "parse_known_args" not in example.text:
        yield example.with_field(model_dir=...)


@mutation
def misspelt_channel(example: Example) -> Iterator[Example]:
    for name in example.channels if len(example.channels) else ():
        yield example.with_field(channels=_renamed(example.channels, name, f"{name}s"))


@mutation
def channel_left_out(example: Example) -> Iterator[Example]:
    for name in example.channels:
        if name != "config":
            left = {key: value for key, value in example.channels.items() if key != name}
            yield example.with_field(channels=left or ...)


@mutation
def channel_too_many(example: Example) -> Iterator[Example]:
    yield example.with_field(channels={**example.channels, "spare": "s3://bucket/spare"})


@mutation
def misspelt_channel_variable(example: Example) -> Iterator[Example]:
    for name in example.channels:
        variable = f"SM_CHANNEL_{name.upper()}"
        if f'"{variable}"' in example.text or f"'{variable}'" in example.text:
            yield example.with_text(variable, f"{variable}_DIR")


@mutation
def copied_instead_of_streamed(example: Example) -> Iterator[Example]:
    if example.name == "pipe-or-files" or "PipeModeDataset" not in example.text:
        return
    if "input_mode" in example.manifest:
        yield example.with_field(input_mode=...)
    for name, channel in example.channels.items():
        if isinstance(channel, dict):
            yield example.with_field(channels={**example.channels, name: {**channel, "input_mode": "FastFile"}})


@mutation
def streamed_instead_of_copied(example: Example) -> Iterator[Example]:
    if "PipeModeDataset" in example.text or example.channels == {} or example.name == "starts-another":
        return
    yield example.with_field(input_mode="Pipe")


@mutation
def several_instances_for_one(example: Example) -> Iterator[Example]:
    if not example.legacy and example.name != "estimator":
        yield example.with_field(instance_count=2)


@mutation
def model_kept_elsewhere(example: Example) -> Iterator[Example]:
    if not example.legacy and "SM_MODEL_DIR" in example.text and "model_dir" not in example.text:
        yield example.with_text("SM_MODEL_DIR", "HOME")


@mutation
def checkpoints_not_kept(example: Example) -> Iterator[Example]:
    if not example.legacy and "checkpoint" not in str(example.manifest) and example.name != "starts-another":
        spot = {"use_spot_instances": True, "max_wait": 172800, "checkpoint_s3_uri": "s3://bucket/checkpoints"}
        yield example.with_field(**spot)


@mutation
def no_main_guard_beside_serving(example: Example) -> Iterator[Example]:
    """Whoever serves the model imports the file, and so trains."""
    guard = re.search(r"""^if __name__ == ['"]__main__['"]:\n""", example.script, re.MULTILINE)
    if guard and not example.legacy and example.name != "starts-another":
        serving = "def output_fn(prediction, accept):\n    return prediction\n\n\n"
        script = example.script[: guard.start()] + serving + textwrap.dedent(example.script[guard.end() :])
        yield Example(example.name, example.manifest, {**example.files, "train.py": script})


@mutation
def syntax_error(example: Example) -> Iterator[Example]:
    found = re.search(r"^(def|if) .*:$", example.script, re.MULTILINE)
    if found and not example.legacy and example.manifest.get("py_version") != "py2":
        yield example.with_field(framework_version="2.14", py_version=..., distribution=...).with_text(
            found[0], found[0][:-1]
        )


@mutation
def python_2_on_3(example: Example) -> Iterator[Example]:
    if not example.legacy and example.manifest.get("py_version") != "py2":
        files = {**example.files, "train.py": example.script + '\n\nprint "done"\n'}
        yield Example(example.name, example.manifest, files)


@mutation
def python_3_on_2(example: Example) -> Iterator[Example]:
    if example.legacy and "print " not in example.script:
        yield Example(example.name, example.manifest, {**example.files, "train.py": example.script + '\nA = f"{1}"\n'})


@mutation
def source_folder_left_out(example: Example) -> Iterator[Example]:
    if "source_dir" in example.manifest and example.name != "starts-another":
        yield example.with_field(source_dir=...)


@mutation
def misspelt_function(example: Example) -> Iterator[Example]:
    for name in (*LEGACY_ONLY, "train_input_fn", "eval_input_fn", "serving_input_fn") if example.legacy else ():
        pattern = rf"\b{name}\b"
        if re.search(rf"(def |^|import .*){pattern}", example.text, re.MULTILINE):
            files = {path: re.sub(pattern, f"{name}x", text) for path, text in example.files.items()}
            yield Example(example.name, example.manifest, files)


@mutation
def second_model_function(example: Example) -> Iterator[Example]:
    if example.legacy:
        other = "estimator_fn(run_config, params)" if "def keras_model_fn" in example.text else "keras_model_fn(params)"
        more = f"\n\ndef {other}:\n    return None\n"
        yield Example(example.name, example.manifest, {**example.files, "train.py": example.script + more})


@mutation
def parameter_too_few(example: Example) -> Iterator[Example]:
    for before, after in (
        ("def model_fn(features, labels, mode, ", "def model_fn(features, mode, "),
        ("def estimator_fn(run_config, ", "def estimator_fn("),
        ("def keras_model_fn(hyperparameters)", "def keras_model_fn()"),
        ("def serving_input_fn(params)", "def serving_input_fn()"),
    ):
        if example.legacy and before in example.text:
            yield example.with_text(before, after)


@mutation
def unknown_input_parameter(example: Example) -> Iterator[Example]:
    used = "join(training_dir" in example.text or "(training_dir," in example.text
    if example.legacy and used and example.name != "legacy-synthetic":
        yield example.with_text("training_dir", "data_folder")


@mutation
def function_returned(example: Example) -> Iterator[Example]:
    """An input function that was fine with TensorFlow 1.4 is not with 1.10."""
    if example.name == "legacy-keras-14":
        yield example.with_field(framework_version="1.10")
    for uncalled in ("shuffle=True)()", "(spec)()", "tensor})()"):
        if example.legacy and uncalled in example.text:
            yield example.with_text(uncalled, uncalled.removesuffix("()"))


@mutation
def keras_on_several_instances(example: Example) -> Iterator[Example]:
    if example.legacy and "def keras_model_fn" in example.text:
        yield example.with_field(framework_version="1.4", instance_count=2)


def mutants() -> Iterator[tuple[str, Example]]:
    """(what was done, the wrong job) of every mutation of every job."""
    for example in corpus():
        for name, mutate in MUTATIONS.items():
            for mutant in mutate(example):
                yield name, mutant
