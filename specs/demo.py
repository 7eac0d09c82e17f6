"""`make demo`: every manifest of specs/ is validated, compiled and planned; the iris job is trained on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

SPECS = Path(__file__).resolve().parent
ROOT = SPECS.parent
TOOL = Path(sys.executable).with_name("sagespec")
IRIS = "specs/iris/iris.yaml"


def show(*arguments: str) -> None:
    """Runs one command as a user would, and says which."""
    print(
        f"\n\033[1m$ sagespec {' '.join(arguments)}\033[0m"
        if sys.stdout.isatty()
        else f"\n$ sagespec {' '.join(arguments)}",
        flush=True,
    )
    subprocess.run([TOOL, *arguments], cwd=ROOT, check=True)


def asked(*arguments: str) -> dict[str, object]:
    """The answer of one command as data."""
    run = subprocess.run([TOOL, *arguments, "--format", "json"], cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(run.stdout)


def main() -> None:
    show("validate", "specs")
    show("compile", "specs", "--out", ".sagespec/requests")
    show("plan", "--offline", "specs")
    show("apply", "--local", "--provision", "--wait", "--yes", IRIS)
    show("apply", "--local", "--yes", IRIS)
    (job,) = asked("status", "--local", IRIS)["jobs"]
    model = Path(str(job["artifact"]))
    with tarfile.open(model) as archive:
        names = archive.getnames()
    if not any(name.endswith("saved_model.pb") for name in names):
        sys.exit(f"{model} holds no SavedModel: {names}")
    print(
        f"\nThe model is {model.relative_to(ROOT)}, a SavedModel of {model.stat().st_size:,} bytes.\n"
        "\nTry next:\n"
        f"  {TOOL.relative_to(ROOT)} logs --local {IRIS}\n"
        f"  change epochs in {IRIS}, then {TOOL.relative_to(ROOT)} plan --local {IRIS}\n"
        f"  {TOOL.relative_to(ROOT)} init my-job --template keras"
    )


if __name__ == "__main__":
    main()
