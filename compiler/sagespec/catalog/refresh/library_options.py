"""Which options a library's own dataclasses bring to a script, version by version: read from its wheels, never run."""

from __future__ import annotations

import ast
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sagespec.catalog.refresh.wheels import fetch_wheel

CLASSES = {
    "transformers.TrainingArguments": "transformers/training_args.py",
    "transformers.Seq2SeqTrainingArguments": "transformers/training_args_seq2seq.py",
}
"""Class → its module's path in the wheel."""
BASES = {"transformers.Seq2SeqTrainingArguments": "transformers.TrainingArguments"}
"""Class → the one whose fields it has too."""

Ranges = Mapping[str, list[str | None]]
"""Option → the first version of the library that has it, and the last; None where the newest has it still."""


def with_versions(known: Mapping[str, Any], library: str, versions: list[str]) -> dict[str, Any]:
    """The table, with all `versions` of the library in it; those that it has already are not fetched again.

    Raises:
        NoWheel: a version that is missing cannot be had.
    """
    had = known.get("versions", {}).get(library, [])
    if set(versions) <= set(had):
        return dict(known)
    present = {version: {name: _options(known[name], had, version) for name in CLASSES} for version in had}
    present |= {version: _fetched(library, version) for version in versions if version not in had}
    every = sorted(present, key=lambda version: [int(part) for part in version.split(".")])
    tables = {name: dict(_ranges([(version, present[version][name]) for version in every])) for name in CLASSES}
    return {"versions": {library: every}, "bases": BASES, **tables}


def _options(ranges: Ranges, versions: list[str], version: str) -> frozenset[str]:
    at = versions.index(version)
    return frozenset(
        name
        for name, (since, until) in ranges.items()
        if versions.index(str(since)) <= at and (until is None or at <= versions.index(until))
    )


def _ranges(present: list[tuple[str, frozenset[str]]]) -> Iterator[tuple[str, list[str | None]]]:
    """Raises ValueError when an option comes back after it has gone: then a range is not enough."""
    newest = present[-1][0]
    for name in sorted(frozenset().union(*(options for _, options in present))):
        having = [version for version, options in present if name in options]
        between = [version for version, _ in present]
        if between[between.index(having[0]) : between.index(having[-1]) + 1] != having:
            raise ValueError(f"{name} is not in one range of versions")
        yield name, [having[0], None if having[-1] == newest else having[-1]]


def _fetched(library: str, version: str) -> dict[str, frozenset[str]]:
    with TemporaryDirectory() as folder, zipfile.ZipFile(fetch_wheel(library, version, Path(folder))) as wheel:
        return {name: _fields(wheel.read(path), name.rpartition(".")[2]) for name, path in CLASSES.items()}


def _fields(module: bytes, name: str) -> frozenset[str]:
    """The fields of a dataclass that its `__init__` takes, its bases' left out."""
    own = next(node for node in ast.parse(module).body if isinstance(node, ast.ClassDef) and node.name == name)
    return frozenset(
        node.target.id
        for node in own.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not _is_kept_out(node.value)
    )


def _is_kept_out(default: ast.expr | None) -> bool:
    words = default.keywords if isinstance(default, ast.Call) else []
    return any(
        word.arg == "init" and isinstance(word.value, ast.Constant) and word.value.value is False for word in words
    )
