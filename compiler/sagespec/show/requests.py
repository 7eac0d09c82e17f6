"""Requests as JSON: what CreateTrainingJob takes."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sagespec.compiler import Result
from sagespec.show.diagnostics import as_data
from sagespec.targets import Request


def one_request(request: Request) -> str:
    """The body, for people and for `aws sagemaker create-training-job --cli-input-json`."""
    return json.dumps(request.body(), indent=2, ensure_ascii=False)


def as_line(result: Result) -> str:
    """One line of `compile --jsonl`."""
    if result.request is not None:
        return json.dumps({"manifest": result.manifest, "name": result.name, "request": result.request.body()})
    return json.dumps({"manifest": result.manifest, "diagnostics": [as_data(found) for found in result.diagnostics]})


def write_requests(requests: Sequence[Request], folder: Path) -> Iterator[Path]:
    """One file a job; each is there whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for request in requests:
        path = folder / f"{request.name}.json"
        write_whole(path, one_request(request) + "\n")
        yield path


def write_whole(path: Path, text: str) -> None:
    """Writes beside the file and renames, so that a reader never sees half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
