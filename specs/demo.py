"""`make demo`: every manifest of specs/ is validated, compiled and planned; iris is trained and served on this machine,
and what the endpoint answers is what the saved model says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from sagespec.deploying.services.local import provision
from sagespec.deploying.services.local.container import artifacts

SPECS = Path(__file__).resolve().parent
ROOT = SPECS.parent
TOOL = Path(sys.executable).with_name("sagespec")
IRIS, ENDPOINT, FLOWERS = (f"specs/iris/{name}" for name in ("iris.yaml", "iris-endpoint.yaml", "flowers.json"))
ALMOST = 1e-5
"""The last digits may differ: two programs add in two orders."""
OWN = """
import json, sys
import tensorflow as tf
model = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
(name,) = model.structured_input_signature[1]
(scores,) = model(**{name: tf.constant(json.load(open(sys.argv[2]))["instances"])}).values()
print(json.dumps(scores.numpy().tolist()))
"""
"""Loads the saved model without sagespec, and asks it the same."""


def show(*arguments: str) -> None:
    """Runs one command as a user would, and says which."""
    announce(arguments)
    subprocess.run([TOOL, *arguments], cwd=ROOT, check=True)


def announce(arguments: tuple[str, ...]) -> None:
    line = f"$ sagespec {' '.join(arguments)}"
    print(f"\n\033[1m{line}\033[0m" if sys.stdout.isatty() else f"\n{line}", flush=True)


def invoke(*arguments: str) -> dict[str, list[list[float]]]:
    """What an endpoint answers, shown too."""
    announce(("invoke", *arguments))
    run = subprocess.run([TOOL, "invoke", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    print(run.stdout, end="")
    return json.loads(run.stdout)


def answer_of(*arguments: str) -> dict[str, object]:
    """The answer of one command as data."""
    run = subprocess.run([TOOL, *arguments, "--format", "json"], cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def main() -> None:
    show("validate", "specs")
    show("compile", "specs", "--out", ".sagespec/requests")
    show("plan", "--offline", "specs")
    show("apply", "--local", "--provision", "--wait", "--yes", IRIS)
    show("apply", "--local", "--yes", IRIS)
    (job,) = answer_of("status", "--local", IRIS)["jobs"]
    archive = Path(str(job["artifact"]))
    print(f"\nThe model is {archive.relative_to(ROOT)}, {archive.stat().st_size:,} bytes.")
    show("apply", "--local", "--provision", "--wait", "--yes", ENDPOINT)
    try:
        answer = invoke("--local", "iris-endpoint", FLOWERS)["predictions"]
    finally:
        show("stop", "--local", "--yes", "iris-endpoint")
    compare(answer, own_prediction(archive))
    print(
        "\nTry next:\n"
        f"  {TOOL.relative_to(ROOT)} logs --local {IRIS}\n"
        f"  change epochs in {IRIS}, then {TOOL.relative_to(ROOT)} plan --local specs/iris\n"
        f"  {TOOL.relative_to(ROOT)} init my-job --template keras"
    )


def own_prediction(archive: Path) -> list[list[float]]:
    """What the saved model says, in the environment in which it was trained."""
    training = json.loads((ROOT / ".sagespec/requests/iris.json").read_text())
    wanted = provision.spec_of_image(training["AlgorithmSpecification"]["TrainingImage"])
    python = provision.provide(wanted, print).python
    with tempfile.TemporaryDirectory() as folder:
        artifacts.unpack(archive, Path(folder))
        quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [python, "-c", OWN, f"{folder}/1", ROOT / FLOWERS]
        run = subprocess.run(command, env=quiet, check=True, capture_output=True, text=True)
    return json.loads(run.stdout.splitlines()[-1])


def compare(answer: list[list[float]], own: list[list[float]]) -> None:
    pairs = [(one, other) for row, same in zip(answer, own, strict=True) for one, other in zip(row, same, strict=True)]
    if any(abs(one - other) > ALMOST for one, other in pairs):
        sys.exit(f"\nThe endpoint says {answer}, and the saved model {own}")
    print("\nThe endpoint's answer is what the saved model itself predicts.")


if __name__ == "__main__":
    main()
