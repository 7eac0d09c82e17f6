"""What speed rests on, counted: which modules a command imports, and how often one thing is done. Nothing is timed."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import subprocess
import sys
import typing
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import sagespec.pipeline.compiler
import sagespec.reading.syntax.reader
import sagespec.scripts
from conftest import REPOSITORY, SCRIPT, SMALLEST
from sagespec.base.diagnostic import Diagnostic
from sagespec.base.named import NamedTuple
from sagespec.base.source import Source
from sagespec.building import api_check
from sagespec.building.request import Destination
from sagespec.checking.rule import RuleSet
from sagespec.kinds import kind_named
from sagespec.kinds.training_job.rules import RULES
from sagespec.pipeline import Compiler, Options, Result
from sagespec.reading.render import Manifest
from sagespec.reading.syntax.document import Document
from sagespec.reporting.findings.diagnostics import text
from sagespec.reporting.findings.report import Report
from sagespec.reporting.terminal.style import Style

IMPORTED = """
import json, sys
from sagespec.cli import run
code = run(sys.argv[1:])
print("", json.dumps([code, sorted(sys.modules)]), sep="\\n")
"""

LAYERS = {"base", "building", "catalog", "checking", "cli", "kinds", "pipeline", "reading", "reporting", "scripts"}
"""What `validate` needs of ours: nothing that makes, prices, plans or sends a request."""

MODULES = 190
"""So many modules of ours at most: each takes a tenth of a millisecond or two, whatever is in it."""

THEIRS = {"cython_runtime", "yaml"}
"""And of others: PyYAML and what it brings along. Of pydantic's core it is the extension module, not an entry."""


UNNEEDED = {
    "argparse", "asyncio", "concurrent.futures", "copy", "dataclasses", "decimal", "difflib", "dis", "email",
    "fractions", "hashlib", "http.client", "importlib.metadata", "inspect", "logging", "multiprocessing", "random",
    "shutil", "socket", "ssl", "string", "subprocess", "tempfile", "textwrap", "threading", "tokenize", "xml",
}  # fmt: skip
"""Of the standard library: what takes milliseconds to load, or brings along what does."""


def imported(*words: str) -> list[str]:
    """The modules that are there after a command of a new process, as one that is installed starts."""
    ended = subprocess.run([sys.executable, "-c", IMPORTED, *words], capture_output=True, text=True, check=True)
    code, modules = json.loads(ended.stdout.splitlines()[-1])
    assert (code, ended.stderr) == (0, "1 manifest, nothing to say\n")
    return list(modules)


@pytest.mark.parametrize("manifest", ["mnist/mnist.yaml", "iris/iris.yaml"])  # the second with an allowance
def test_validate_imports_no_more_than_it_needs(manifest: str) -> None:
    """Each of these takes from some milliseconds to half a second, which who checks before a commit would wait for."""
    modules = imported("validate", str(REPOSITORY / "specs" / manifest))
    assert sum(name.startswith("sagespec") for name in modules) <= MODULES
    layers = {name.split(".")[1] for name in modules if name.startswith("sagespec.")}
    theirs = {
        name
        for name in {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - {"sagespec"}
        if not name.startswith(("_", "sitecustomize"))  # how an editable install is found
    }
    assert (layers, theirs - THEIRS) == (LAYERS, set())
    assert "sagespec.kinds.endpoint" not in modules  # another kind than the manifest's
    assert not UNNEEDED & set(modules)


def test_a_script_that_python_3_reads_needs_no_other_parser() -> None:
    assert "tree_sitter" not in imported("validate", str(REPOSITORY / "specs" / "mnist" / "mnist.yaml"))


OF_SERVICES = {
    "argparse", "asyncio", "boto3", "botocore", "email", "http.client", "jsonschema", "logging", "multiprocessing",
    "pydantic", "rich", "socket", "ssl", "subprocess", "urllib.request", "xml",
}  # fmt: skip
"""What only commands that speak to a service, run a job or draw a board may need."""


def started(folder: Path, *words: str) -> tuple[int, set[str]]:
    """The exit code of a command, and the modules that are there after it."""
    ended = subprocess.run([sys.executable, "-c", IMPORTED, *words], capture_output=True, text=True, cwd=folder)
    code, modules = json.loads(ended.stdout.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize(
    "words",
    [
        "validate job.yaml",
        "compile job.yaml",
        "plan --offline job.yaml",
        "explain spot-without-max-wait",
        "explain job.yaml instance_type",
        "rules",
        "versions",
        "schema",
        "init new",
        "__complete -- validate --allow spot",
    ],
)
def test_a_command_that_needs_no_service_imports_nothing_of_one(tmp_path: Path, words: str) -> None:
    (tmp_path / "job.yaml").write_text(json.dumps(SMALLEST))
    (tmp_path / "train.py").write_text(SCRIPT)
    code, modules = started(tmp_path, *words.split())
    assert (code, OF_SERVICES & modules) == (0, set())


OF_APPLY = {"dataclasses", "inspect", "shutil", "tarfile", "tempfile", "threading"} | {
    f"sagespec.{name}"
    for name in (
        "building.targets",
        "deploying.applying.applier",
        "deploying.following",
        "deploying.planning.differ",
        "deploying.planning.observed",
        "deploying.pool",
        "deploying.services",
    )
}
"""What only a plan needs that is held against what exists."""


def test_a_plan_that_asks_nobody_imports_only_what_decides(tmp_path: Path) -> None:
    (tmp_path / "job.yaml").write_text(json.dumps(SMALLEST))
    (tmp_path / "train.py").write_text(SCRIPT)
    code, modules = started(tmp_path, "plan", "--offline", "job.yaml")
    assert (code, OF_APPLY & modules) == (0, set())


def test_schemas_are_written_without_making_them(tmp_path: Path) -> None:
    code, modules = started(tmp_path, "schema")
    layers = {name.split(".")[1] for name in modules if name.startswith("sagespec.")}
    assert (code, layers, "yaml" in modules) == (0, {"base", "cli", "reporting"}, False)


def test_named_tuples_compile_no_annotations(monkeypatch: pytest.MonkeyPatch) -> None:
    """typing's do, each of every field, which is more than half of what they take."""
    monkeypatch.setattr(typing, "ForwardRef", None)

    class Pair(NamedTuple):
        """Two of them."""

        left: Somewhere  # type: ignore[name-defined]  # noqa: F821
        right: int = 2

        def total(self) -> int:
            return self.right + 1

    pair = Pair(left=1)
    assert (pair, pair.total(), pair._replace(right=3), Pair.__doc__) == ((1, 2), 3, (1, 3), "Two of them.")
    assert Pair.__annotations__ == {"left": "Somewhere", "right": "int"}
    assert (Pair.__name__, Pair.__module__) == ("Pair", __name__)
    site = Destination("us-west-2", "123456789012")
    assert pickle.loads(pickle.dumps(site)) == site


class Ours(NamedTuple):
    left: int
    right: str = "r"


class Theirs(typing.NamedTuple):
    left: int
    right: str = "r"


@pytest.mark.parametrize(
    "ask",
    [
        lambda kind: tuple(kind(1)),
        lambda kind: kind(1, right="x") == kind(1, "x") == (1, "x"),
        lambda kind: hash(kind(1)) == hash((1, "r")),
        lambda kind: kind(),
        lambda kind: kind(1, 2, 3),
        lambda kind: kind(1, middle=2),
        lambda kind: kind._make([1, 2]).right,
        lambda kind: kind._make([1]),
        lambda kind: kind(1)._replace(right="x").right,
        lambda kind: kind(1)._asdict(),
        lambda kind: (kind._fields, kind._field_defaults, kind.__match_args__),
        lambda kind: repr(kind(1)).partition("(")[2],
        lambda kind: copy.deepcopy(kind(1)) == pickle.loads(pickle.dumps(kind(1))) == kind(1),
        lambda kind: type(copy.copy(kind(1))) is kind,
        lambda kind: setattr(kind(1), "left", 2),
        lambda kind: setattr(kind(1), "other", 2),
        lambda kind: typing.get_type_hints(kind),
        lambda kind: type("Below", (kind,), {"twice": lambda self: self.left * 2})(3).twice(),
        lambda kind: type("Below", (kind,), {})(3)._replace(left=4).__class__.__name__,
    ],
)
def test_named_tuples_are_as_those_of_typing(ask: Callable[[Any], object]) -> None:
    def answer(kind: Any) -> object:
        try:
            return ask(kind)
        except (TypeError, AttributeError) as error:
            return type(error)

    assert answer(Ours) == answer(Theirs)


@pytest.mark.parametrize(
    "words",
    [
        "--help",
        "--version",
        "status --help",
        "validate --help",
        "completion bash",
        "__complete -- status --fo",
        "vaildate",
    ],
)
def test_help_and_mistakes_need_neither_facts_nor_parsers(tmp_path: Path, words: str) -> None:
    code, modules = started(tmp_path, *words.split())
    layers = {name.split(".")[1] for name in modules if name.startswith("sagespec.")}
    assert code == (2 if words == "vaildate" else 0)
    if words != "validate --help":  # it lists the formats, which the layer that writes them knows
        assert layers <= {"base", "catalog", "cli", "reporting"}
        assert not {"yaml", "pydantic_core"} & modules
    assert not OF_SERVICES & modules


def test_jobs_of_this_machine_need_no_boto3(tmp_path: Path) -> None:
    code, modules = started(tmp_path, "local", "list")
    assert (code, {"boto3", "botocore", "rich"} & modules) == (0, set())


def folders(root: Path, count: int, *, codes: int = 1, **more: Any) -> Path:
    """`count` manifests, whose code lies in `codes` folders with texts of their own."""
    for code in range(codes):
        folder = root / f"code-{code}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "train.py").write_text(f"# {root} {code}\n{SCRIPT}")
    for number in range(count):
        manifest = {**SMALLEST, "name": f"job-{number}", "source_dir": f"code-{number % codes}", **more}
        (root / f"job-{number}.yaml").write_text(json.dumps(manifest))
    return root


def counting(function: Callable[..., Any], counts: Counter[Any], key: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*args: Any, **named: Any) -> Any:
        counts[key(*args)] += 1
        return function(*args, **named)

    return counted


def test_every_file_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The defaults, too, however many manifests stand below them."""
    folders(tmp_path, 10)
    (tmp_path / "sagespec.yaml").write_text(json.dumps({"apiVersion": "sagespec/v1", "kind": "Defaults", "tags": {}}))
    (tmp_path / "below").mkdir()
    folders(tmp_path / "below", 10)
    parsed: Counter[str] = Counter()
    parser = sagespec.reading.syntax.reader._Composer
    monkeypatch.setattr(sagespec.reading.syntax.reader, "_Composer", counting(parser, parsed, lambda text: text))
    results = list(Compiler().run([str(tmp_path / "below"), *map(str, sorted(tmp_path.glob("job-*.yaml")))]))
    assert [result.name for result in results if result.request] == [f"job-{number}" for number in range(10)] * 2
    texts = {path.read_text() for path in tmp_path.rglob("*.yaml")}
    assert len(parsed) == len(texts) == 11
    assert parsed[(tmp_path / "sagespec.yaml").read_text()] == 1
    assert parsed.total() == 21


def test_every_source_folder_is_packed_once(tmp_path: Path) -> None:
    run = Compiler()
    results = list(run.run([str(folders(tmp_path, 20, codes=3))]))
    assert ([result.diagnostics for result in results], run.packing.archives.builds) == ([()] * 20, 3)


def test_every_script_is_analysed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where the jobs that train with it alternate with others."""
    read: Counter[str] = Counter()
    monkeypatch.setattr(sagespec.scripts, "parse", counting(sagespec.scripts.parse, read, lambda text: text))
    folders(tmp_path, 20, codes=5)
    assert len(list(Compiler(Options(build=False)).run([str(tmp_path)]))) == 20
    assert read == {(tmp_path / f"code-{code}" / "train.py").read_text(): 1 for code in range(5)}


def test_a_rule_is_asked_once_a_subject_and_only_about_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: Counter[str] = Counter()
    counted = {
        name: rule._replace(check=counting(rule.check, counts, lambda _subject, _context, name=name: name))
        for name, rule in RULES.by_name.items()
    }
    kind = kind_named("TrainingJob")._replace(rules=RuleSet([SimpleNamespace(**counted)]))
    monkeypatch.setattr(sagespec.pipeline.compiler, "kind_of", lambda _data: kind)
    channels = {"train": "s3://bucket/train", "test": "s3://bucket/test"}
    list(Compiler().run([str(folders(tmp_path, 3, channels=channels, tags={"a": "b", "c": "d", "e": "f"}))]))
    written = {*SMALLEST, "source_dir", "channels", "channels.s3_data", "tags"}
    possible = {name for name, rule in RULES.by_name.items() if not rule.on.words or rule.on.words & written}
    assert set(counts) <= possible
    assert len(counts) < len(RULES.by_name) / 2
    # Of three manifests.
    expected = {"missing-role": 3, "channel-without-source": 6, "reserved-tag": 3, "max-wait-without-spot": 0}
    assert {name: counts[name] for name in expected} == expected


@pytest.mark.parametrize("build", [False, True], ids=["validate", "compile"])
def test_the_work_grows_as_the_manifests(tmp_path: Path, build: bool) -> None:
    """So many calls for ten more jobs, with findings and without, be they the first ten or the last."""
    fields: dict[str, Any] = {"volume_size": 1000, "tags": {"owner": "someone"}}
    api_check._fits.cache_clear()  # it knows texts of other tests again, and learns only so many
    list(Compiler().run([str(folders(tmp_path / "first", 1, **fields))]))  # what is made once a process

    made: dict[int, Path] = {}

    def calls(count: int) -> int:
        folder = made.get(count) or made.setdefault(count, folders(tmp_path / str(count), count, **fields))
        found = 0

        def note(_frame: object, event: str, _argument: object) -> None:
            nonlocal found
            found += event in ("call", "c_call")

        gc.disable()  # Hypothesis notes each collection, and what other tests have left may be collected here
        sys.setprofile(note)
        try:
            results = list(Compiler(Options(build=build)).run([str(folder)]))
        finally:
            sys.setprofile(None)
            gc.enable()
        assert [result.request is not None for result in results] == [build] * count
        return found

    for count in (10, 20, 100):  # the check by the API's model remembers texts that fitted longer than a run
        calls(count)
    few, more, many = calls(10), calls(20), calls(100)
    assert (many - more) / 80 == pytest.approx((more - few) / 10, rel=0.02)


def test_what_is_kept_does_not_grow_with_the_manifests(tmp_path: Path) -> None:
    """Of texts and of findings: a run of thousands takes the memory of a run of one, but for names."""

    def kept(count: int) -> int:
        folder = folders(tmp_path / str(count), count, volume_size=1000, max_wait=1)
        report = Report(Compiler(Options(build=False)).run([str(folder)]))
        assert sum(1 for _ in report.found()) == report.errors == report.manifests == count
        gc.collect()
        return sum(isinstance(each, Source | Document | Diagnostic | Manifest) for each in gc.get_objects())

    assert kept(5) == kept(50)


def test_findings_are_reported_as_they_come(tmp_path: Path) -> None:
    read: list[str] = []

    def results() -> Iterator[Result]:
        for result in Compiler(Options(build=False)).run([str(folders(tmp_path, 3, max_wait=1))]):
            read.append(result.manifest)
            yield result

    lines = iter(text(Report(results()), Style()))
    assert "max_wait" in next(lines)
    assert len(read) == 1
    assert len([line for line in lines if "max-wait-without-spot" in line]) == 2
    assert len(read) == 3
