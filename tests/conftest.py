"""The smallest manifest, facts of a fixed day, and --accept."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import settings

from sagespec.base.source import Source
from sagespec.building.request import Request
from sagespec.catalog import Facts, facts
from sagespec.checking.claims import Claims
from sagespec.checking.page import Page
from sagespec.kinds import kind_named
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Inputs

pytest_plugins = ["fakes.fixtures"]

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("other", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("same")  # every run draws the same: --hypothesis-profile=other looks for what they do not show

gc.set_threshold(50_000)
"""As the command itself does: a worker holds thousands of tests, through which collections would go again and again."""

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""Where a machine forbids bytecode, each of the hundreds of processes that tests start would compile all it imports."""

signal.signal(signal.SIGINT, signal.default_int_handler)
"""Whoever runs the tests in the background may ignore Ctrl-C, and children would inherit that."""

REPOSITORY = Path(__file__).resolve().parents[1]

PYPROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
PYTHONS = re.findall(r"Python :: (3\.\d+)", "\n".join(PYPROJECT["project"]["classifiers"]))
"""The Pythons that we promise, oldest first: `3.10`, …"""

SMALLEST: dict[str, Any] = {
    "apiVersion": "sagespec/v1",
    "kind": "TrainingJob",
    "name": "mnist",
    "framework_version": "2.21",
    "entry_point": "train.py",
    "role": "arn:aws:iam::123456789012:role/SageMakerRole",
    "region": "us-west-2",
    "instance_type": "ml.m5.xlarge",
    "instance_count": 1,
}
"""The smallest manifest that compiles, given a `train.py` beside it."""

ENDPOINT: dict[str, Any] = {
    "apiVersion": "sagespec/v1",
    "kind": "Endpoint",
    "name": "mnist",
    "framework_version": "2.19",
    "model_data": "s3://bucket/mnist/model.tar.gz",
    "role": "arn:aws:iam::123456789012:role/SageMakerRole",
    "region": "us-west-2",
    "instance_type": "ml.m5.xlarge",
    "initial_instance_count": 1,
}
"""The smallest endpoint that compiles."""


def smallest_of(kind: str) -> dict[str, Any]:
    """The smallest manifest of a kind; of one that has none here, what editors offer to start from."""
    known = {"TrainingJob": SMALLEST, "Endpoint": ENDPOINT}
    return known[kind] if kind in known else kind_named(kind).snippet.manifest


def suits(kind: str, page: Page) -> bool:
    """Whether a rule's examples are some of a kind: a rule of every kind may show fields that this one has not."""
    if kind == "TrainingJob":
        return True
    examples = (page.example(title) for title in ("Bad", "Good"))
    fields = {name for text in examples for each in yaml.safe_load_all(text) for name in each or ()}
    return fields <= {*kind_named(kind).model.fields, "matrix"}


SCRIPT = """\
import argparse
import os



def model_fn(features, labels, mode, hyperparameters):
    raise NotImplementedError


def train_input_fn(input_channels, hyperparameters):
    raise NotImplementedError


def eval_input_fn(input_channels, hyperparameters):
    raise NotImplementedError


def serving_input_fn(hyperparameters):
    raise NotImplementedError


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model_dir")
    arguments, _ = parser.parse_known_args()
    print(os.environ["SM_HPS"], os.environ["SM_CHANNELS"])
    os.makedirs(os.environ["SM_MODEL_DIR"], exist_ok=True)
"""
"""A script for both modes that takes every hyperparameter and every channel."""

TODAY = date(2026, 11, 20)
os.environ["SOURCE_DATE_EPOCH"] = str(int(datetime(2026, 11, 20, tzinfo=timezone.utc).timestamp()))
"""So it is for every command that a test runs, in this process or another."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="rewrite golden files instead of comparing with them")


LEFT_OUT = pytest.StashKey[set[str]]()
"""The slow tests that this run leaves out; those of its workers, if it has some."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = set()
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(Workers())


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("slow"):
            item.config.stash[LEFT_OUT].add(item.nodeid)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = sorted(session.config.stash[LEFT_OUT])


class Workers:
    """What the workers of pytest-xdist say at their end."""

    @staticmethod
    def pytest_testnodedown(node: Any) -> None:
        node.config.stash[LEFT_OUT].update(getattr(node, "workeroutput", {}).get("left_out", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    left_out = config.stash[LEFT_OUT]
    if left_out:
        files = ", ".join(sorted({nodeid.partition("::")[0] for nodeid in left_out}))
        terminalreporter.write_line(f"Left out: {len(left_out)} slow tests, of {files}. `make test-slow` runs them.")


@pytest.fixture(scope="session")
def knowledge() -> Facts:
    return facts(TODAY)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A folder with a training script that suits any manifest."""
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


Judge = Callable[..., Result]


@pytest.fixture
def judge(code: Path, knowledge: Facts) -> Judge:
    """Compiles the smallest manifest with some fields laid over it (None takes one out), or a text as it is."""

    def judged(over: Mapping[str, Any] | str = {}, *, build: bool = True, local: bool = False) -> Result:
        if isinstance(over, str):
            text = over
        else:
            fields = {key: value for key, value in {**SMALLEST, **over}.items() if key not in over or value is not None}
            text = json.dumps(fields, indent=1)
        options = Options(Inputs(), build=build, local=local)
        return next(Compiler(options, knowledge).source(Source("mnist.yaml", text, code)))

    return judged


Wanted = Callable[..., Request]


@pytest.fixture
def wanted(judge: Judge) -> Wanted:
    """The request of the smallest manifest with some fields laid over it."""

    def request(**over: Any) -> Request:
        made = judge({"model_dir": False, **over})
        assert made.request is not None, made.diagnostics
        return made.request

    return request


def alone(run: Compiler, source: Source) -> Result:
    """What a run says of a text as if it were the only one. Many of one run take less than a run each: what they have
    in common is read and judged once."""
    run.claims = Claims()
    return next(run.source(source))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compares a text with a file; with --accept writes the file instead."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--accept"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.exists(), f"{path} is missing: make accept writes it"
        assert text == path.read_text(encoding="utf-8"), f"{path.name} differs: make accept rewrites it"

    return compare


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """A third of the tests' time is waiting for processes and services: three workers keep two cores busy."""
    cores = os.cpu_count() or 1
    return cores + cores // 2
