"""Measures in one run how fast sagespec is, as ratios to yardsticks; writes results.md beside itself, and the README's
table."""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import editors
import manifests

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
BIN = Path(sys.executable).parent
SAGESPEC = str(BIN / "sagespec")
IRIS = str(REPOSITORY / "specs" / "iris" / "iris.yaml")
SDK_FOLDER = Path(os.environ.get("SDK_VENV") or REPOSITORY / ".venv-bench")

README = REPOSITORY / "README.md"
BEGIN, END = "<!-- benchmarks: written by `make bench` -->\n", "<!-- /benchmarks -->\n"

Command = Sequence[str]


@dataclass(frozen=True)
class Run:
    """One process, from its start to its end, as the operating system counts it."""

    seconds: float
    """Wall clock."""
    cpu: float
    peak_mb: float


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    ours: str
    theirs: str
    ratio: str
    goal: str = ""
    in_readme: bool = False


def run(command: Command) -> Run:
    """Runs a command, whose output nobody sees. A finding is not a failure: exit codes up to 5 have a meaning.

    Raises:
        SystemExit: the command could not do its work.
    """
    begun = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    if not 0 <= child.returncode <= 5:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    kilobytes = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return Run(seconds, usage.ru_utime + usage.ru_stime, kilobytes / 1024)


def in_turn(ours: Command, theirs: Command, times: int) -> tuple[list[Run], list[Run]]:
    """Both commands, one after the other, so that what slows the machine slows both."""
    pairs = [(run(ours), run(theirs)) for _ in range(times)]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def median(runs: Sequence[Run], of: str = "seconds") -> float:
    return statistics.median(getattr(each, of) for each in runs)


def compared(what: str, ours: Command, theirs: Command, times: int, goal: str = "", *, in_readme: bool = True) -> Row:
    """A row of two commands."""
    in_turn(ours, theirs, 1)  # fills the caches of the file system
    mine, other = in_turn(ours, theirs, times)
    ratio = statistics.median(a.seconds / b.seconds for a, b in zip(mine, other, strict=True))
    return Row(what, readable_time(median(mine)), readable_time(median(other)), times_as_long(ratio), goal, in_readme)


def times_as_long(ratio: float) -> str:
    return f"{ratio:.1f} ×" if ratio >= 1 else f"{ratio:.2f} ×"


def readable_time(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 10 else f"{seconds:,.1f} s"


def cold(folder: Path, times: int) -> Iterator[Row]:
    """One manifest in a new process."""
    ours = [SAGESPEC, "validate", IRIS]
    theirs = [sys.executable, "-c", "import pydantic, yaml"]
    what = "validate one manifest, cold; against `import pydantic, yaml`"
    yield compared(what, ours, theirs, 3 * times, "1.5 ×")
    schema = str(REPOSITORY / "schemas" / "training-job.schema.json")
    if (BIN / "check-jsonschema").exists():
        theirs = [str(BIN / "check-jsonschema"), "--schemafile", schema, IRIS]
        yield compared("… against `check-jsonschema` with our schema", ours, theirs, times)
    lint = shutil.which("cfn-lint", path=f"{SDK_FOLDER / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}")
    if lint is not None:
        yield compared("… against `cfn-lint` of a template of one bucket", ours, [lint, str(HERE / "bucket.yaml")], 3)
    theirs = [sys.executable, "-c", "import pydantic, yaml"]
    for what, *words in (
        ("compile one manifest", "compile", IRIS),
        ("plan --offline of one manifest", "plan", "--offline", IRIS),
        ("schema", "schema", "--out", str(folder / "schemas")),
    ):
        what = f"{what}, cold; against `import pydantic, yaml`"
        yield compared(what, [SAGESPEC, *words], theirs, 2 * times, "2 ×", in_readme=False)
    if (SDK_FOLDER / "bin" / "python").exists():
        theirs = [str(SDK_FOLDER / "bin" / "python"), str(HERE / "sdk2.py")]
        yield compared("compile one job, cold; against SDK 2 building it", [SAGESPEC, "compile", IRIS], theirs, 3)


def many(folder: Path, times: int) -> Iterator[Row]:
    """Thousands of manifests in one process, against libyaml's own load of the same files."""
    for shared in (True, False):
        kind = "one source folder and defaults" if shared else f"{manifests.JOBS_OF_A_SCRIPT} manifests a source folder"
        found: dict[tuple[str, int], list[Run]] = {}
        for count in (1_000, 10_000):
            home = folder / f"{count}-{shared}"
            manifests.write(home, count, shared=shared)
            theirs = [sys.executable, str(HERE / "libyaml.py"), str(home)]
            for words, goal in ((["validate"], "2.5 ×"), (["compile", "--jsonl"], "3 ×")):
                rounds = times if count == 1_000 else 1
                mine, other = in_turn([SAGESPEC, *words, str(home)], theirs, rounds)
                found[words[0], count] = mine
                ratio = statistics.median(a.seconds / b.seconds for a, b in zip(mine, other, strict=True))
                what = f"{' '.join(words)}, {count:,} manifests, {kind}; against libyaml's load"
                shown = shared and count == 1_000
                yield Row(
                    what,
                    readable_time(median(mine)),
                    readable_time(median(other)),
                    times_as_long(ratio),
                    goal,
                    in_readme=shown,
                )
        for name in ("validate", "compile"):
            small, large = found[name, 1_000], found[name, 10_000]
            for what, of, unit, goal in (("time", "seconds", "s", "10 ×"), ("peak memory", "peak_mb", "MB", "1.3 ×")):
                a, b = median(large, of), median(small, of)
                yield Row(
                    f"{name}, {kind}: {what} of 10,000 against 1,000",
                    f"{a:.1f} {unit}",
                    f"{b:.1f} {unit}",
                    f"{a / b:.2f} ×",
                    goal,
                )


def recorded(folder: Path, times: int) -> Iterator[Row]:
    """A thousand manifests of which the SDK's requests are recorded, against libyaml's own load of the same files."""
    home = folder / "recorded"
    manifests.write_samples(home, 1_000)
    theirs = [sys.executable, str(HERE / "libyaml.py"), str(home)]
    for words, goal in ((["validate"], "2.5 ×"), (["compile", "--jsonl"], "3 ×")):
        what = f"{' '.join(words)}, 1,000 manifests of the SDK's recorded jobs; against libyaml's load"
        yield compared(what, [SAGESPEC, *words, str(home)], theirs, times, goal)


def editor(folder: Path) -> Iterator[Row]:
    """One file that changes, validated again and again by one process."""
    import sagespec

    manifests.write(folder / "editor", 1, shared=True)
    path = folder / "editor" / "jobs-000" / "job-000000.yaml"
    text = path.read_text()
    taken = []
    for number in range(60):
        path.write_text(f"{text}# {number}\n")
        begun = time.perf_counter()
        (result,) = sagespec.validate([path])
        taken.append(time.perf_counter() - begun)
        assert result.checked is not None
    warm = statistics.median(taken[10:])
    yield Row("validate one changed file, warm, from Python", f"{warm * 1000:.1f} ms", "", "", "5 ms", in_readme=True)


def language_servers(folder: Path, times: int) -> Iterator[Row]:
    """A manifest under the keyboard, against yaml-language-server with our schema."""
    schema = REPOSITORY / "schemas" / "training-job.schema.json"
    home = editors.project(folder / "typed", schema)
    theirs = yaml_language_server()
    measured = [
        (editors.measured([SAGESPEC, "lsp"], home), editors.measured(theirs, home) if theirs else None)
        for _ in range(max(3, times // 2))
    ]
    goals = (("language server: ready", "150 ms"), ("… first findings of a manifest and its script", ""))
    for number, (what, goal) in enumerate((*goals, ("… from a keystroke to the findings", "10 ms"))):
        ours = statistics.median(each[0][number] for each in measured)
        others = [each[1][number] for each in measured if each[1] is not None]
        other = statistics.median(others) if others else None
        ratio = times_as_long(ours / other) if other else ""
        what = f"{what}; against yaml-language-server with our schema" if number == 0 else what
        yield Row(
            what, f"{ours * 1000:.1f} ms", readable_time(other) if other else "", ratio, goal, in_readme=number == 2
        )


def yaml_language_server() -> Command | None:
    """The one that the tests lock; None where npm cannot bring it."""
    home = REPOSITORY / "tests" / "editor"
    program = home / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    if not program.exists() and shutil.which("npm") is not None:
        words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(words, cwd=home, stdout=subprocess.DEVNULL, check=False)
    return ["node", str(program), "--stdio"] if program.exists() else None


def plan(folder: Path, jobs: int = 500) -> Iterator[Row]:
    """A plan of unchanged jobs, against the tests' service with 50 ms before each answer."""
    sys.path.insert(0, str(REPOSITORY / "tests"))
    from moto.server import ThreadedMotoServer

    import sagespec
    from fakes.server import TestService

    neighbours = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    neighbours.start()
    host, port = neighbours.get_host_and_port()
    manifests.write(folder / "plan", jobs * len(manifests.REGIONS), shared=True)
    test_service = TestService()
    os.environ |= {
        "AWS_ENDPOINT_URL_SAGEMAKER": test_service.url,
        "AWS_ENDPOINT_URL_STS": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SAGESPEC_CREATES_PER_SECOND": "1000",
    }
    from sagespec.deploying.services.sagemaker.service import SageMaker

    found = [result.request for result in sagespec.compile([folder / "plan"])]
    requests = [request for request in found if request is not None and request.site.region == "us-west-2"]
    service = SageMaker("us-west-2")
    for request in requests:
        service.create(request, 1)
    test_service.slow_seconds, test_service.kinds, test_service.faults = 0.05, ("slow",), 1.0
    before, begun = len(test_service.calls), time.perf_counter()
    made = sagespec.plan(requests, service)
    seconds, calls = time.perf_counter() - begun, len(test_service.calls) - before
    assert len(made.changes) == len(requests)
    assert made.pending == ()
    test_service.close()
    neighbours.stop()
    yield Row(
        f"plan of {len(requests)} unchanged jobs, 50 ms a call",
        readable_time(seconds),
        f"{calls} calls",
        "",
        "N/100 + 5",
        in_readme=True,
    )


QUICK = """
apiVersion: sagespec/v1
kind: TrainingJob
name: quick
framework_version: "2.19"
py_version: py312
entry_point: train.py
instance_type: local
instance_count: 1
"""


def local(folder: Path, times: int) -> Iterator[Row]:
    """A job on this machine whose script ends at once, from the command to its end."""
    place = folder / "quick"
    place.mkdir()
    (place / "train.py").write_text("print('done')\n")
    (place / "job.yaml").write_text(QUICK)
    command = [SAGESPEC, "apply", "--yes", "--wait", "--rerun", str(place / "job.yaml")]
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run(command, cwd=place, check=True, capture_output=True)
        taken.append(time.perf_counter() - begun)
    yield Row("apply a local job whose script ends at once", readable_time(statistics.median(taken)), "", "", "700 ms")


def install_sdk() -> None:
    """SDK 2 and cfn-lint in an environment of their own: heavy, and no part of ours."""
    if not (SDK_FOLDER / "bin" / "python").exists():
        venv.create(SDK_FOLDER, with_pip=True)
        packages = ["sagemaker<3", "cfn-lint"]
        subprocess.run([SDK_FOLDER / "bin" / "python", "-m", "pip", "install", "--quiet", *packages], check=True)


def versions() -> str:
    found = []
    for name in ("pydantic", "PyYAML", "check-jsonschema"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def table(rows: Sequence[Row]) -> str:
    today = datetime.date.today().isoformat()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}"
    lines = [
        "# How fast",
        "",
        "<!-- Written by `make bench`. -->",
        "",
        f"{today}; {machine}; Python {platform.python_version()}, {versions()}. Whole processes, wall clock, medians;",
        "what is compared runs in turn, and its ratio is the median of the pairs' ratios.",
        "",
        "| What | sagespec | yardstick | ratio | goal |",
        "|---|--:|--:|--:|--:|",
        *(f"| {row.what} | {row.ours} | {row.theirs} | {row.ratio} | {row.goal} |" for row in rows),
    ]
    return "\n".join(lines) + "\n"


def short_table(rows: Sequence[Row]) -> str:
    lines = ["| | sagespec | yardstick | ratio |", "|---|--:|--:|--:|"]
    lines += [f"| {row.what} | {row.ours} | {row.theirs} | {row.ratio} |" for row in rows if row.in_readme]
    return "\n".join(lines) + "\n"


def main() -> None:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # which compiles a checkout at every start
    times = int(os.environ.get("RUNS") or 7)
    if os.environ.get("SDK"):
        install_sdk()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parts: tuple[Callable[[], Iterator[Row]], ...] = (
            lambda: cold(folder, times),
            lambda: many(folder, times),
            lambda: recorded(folder, times),
            lambda: editor(folder),
            lambda: language_servers(folder, times),
            lambda: plan(folder),
            lambda: local(folder, times),
        )
        for part in parts:
            for row in part():
                rows.append(row)
                print(f"{row.ratio or row.ours:>10}  {row.what}  ({row.ours}, {row.theirs})", flush=True)
    (HERE / "results.md").write_text(table(rows), encoding="utf-8")
    readme = README.read_text(encoding="utf-8")
    before, _, rest = readme.partition(BEGIN)
    README.write_text(before + BEGIN + short_table(rows) + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
