"""Requests as JSON: what CreateTrainingJob takes."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from sagespec.compiler import Result
from sagespec.show.diagnostics import as_data


def as_line(result: Result) -> str:
    """One line of `compile --jsonl`."""
    if result.request is not None:
        return json.dumps({"manifest": result.manifest, "name": result.name, "request": result.request.body()})
    return json.dumps({"manifest": result.manifest, "diagnostics": [as_data(found) for found in result.diagnostics]})


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
