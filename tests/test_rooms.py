"""The rooms of DESIGN section 9: imports point one way, and each third-party library comes in by one door."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import REPOSITORY

PACKAGE = REPOSITORY / "compiler" / "sagespec"

# room: (what it may import of ours, its third-party doors)
ROOMS: dict[str, tuple[str, str]] = {
    "source": ("", ""),
    "diagnostic": ("source", ""),
    "files": ("", ""),
    "catalog": ("files", "botocore moto"),
    "document": ("source diagnostic", "yaml"),
    "render": ("source diagnostic document expression", ""),
    "expression": ("", "jinja2"),
    "model": ("catalog files", "pydantic pydantic_core"),
    "redact": ("", ""),
    "bind": ("source diagnostic catalog model render redact", "pydantic_core"),
    "script": ("source", "tree_sitter tree_sitter_python"),
    "rules": ("source diagnostic catalog model script redact", ""),
    "check": ("source diagnostic document model bind render rules", ""),
    "archive": ("", ""),
    "dataset": ("archive", ""),
    "cost": ("catalog", ""),
    "yamltext": ("", ""),
    "targets": ("catalog model check cost yamltext", ""),
    "pricing": ("catalog cost diagnostic document render targets", ""),
    "api": ("catalog files", "jsonschema"),
    "compiler": (
        "source diagnostic document render model bind rules script check archive dataset targets api catalog pricing",
        "",
    ),
    "fix": ("source diagnostic document compiler files", ""),
    "triage": ("", ""),
    "differ": ("catalog targets redact", ""),
    "planner": ("targets differ triage", ""),
    "service": ("archive targets planner", "boto3 botocore"),
    "local": ("targets planner service", "boto3"),
    "applier": ("targets planner service", ""),
    "follow": ("planner service", ""),
    "ending": ("planner redact triage", ""),
    "planfile": ("archive catalog cost dataset planner targets", ""),
    "tensorboard": ("service", ""),
    "world": ("applier follow planner service targets", ""),
    "show": (
        "source diagnostic catalog model render redact rules files compiler targets planner applier service follow "
        "archive cost differ ending pricing triage",
        "rich jinja2",
    ),
    "export": ("compiler diagnostic files show targets", ""),
    "importing": ("api bind catalog check compiler differ document model render source targets yamltext", ""),
    "schema": ("catalog model rules render files", ""),
    "cli": ("*", "typer"),
    "__init__": ("*", ""),
    "__main__": ("*", ""),
}
"""The table of DESIGN section 9. `catalog` sees botocore and moto in its refresh command only; `local` fetches `s3://`
channels by itself, because its supervisor lives without the rest of the package."""


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "sagespec":
            yield from ((node.lineno, f"sagespec.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module


def breaches(path: Path, room: str) -> Iterator[str]:
    ours, doors = ROOMS[room]
    for line, name in imports_of(path):
        top, _, rest = name.partition(".")
        if top == "sagespec":
            other = rest.partition(".")[0]
            if ours != "*" and other not in ours.split() and other not in (room, "__version__"):
                yield f"{path.name}:{line}: {room} may not import {other}"
        elif top not in sys.stdlib_module_names and top not in doors.split():
            yield f"{path.name}:{line}: {top} has another door than {room}"


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_keep_to_the_table(path: Path) -> None:
    assert list(breaches(path, room_of(path))) == []


def test_an_import_that_is_turned_around_is_found(tmp_path: Path) -> None:
    turned = tmp_path / "source.py"
    turned.write_text("def f():\n    from sagespec.document import read\n    import yaml\n")
    assert list(breaches(turned, "source")) == [
        "source.py:2: source may not import document",
        "source.py:3: yaml has another door than source",
    ]


def test_the_table_has_no_circle() -> None:
    """Every room can be put after all rooms that it imports."""
    left = {room: set(ours.split()) for room, (ours, _) in ROOMS.items() if ours != "*"}
    while left:
        free = [room for room, ours in left.items() if not ours & set(left)]
        assert free, f"these import each other: {sorted(left)}"
        for room in free:
            del left[room]


def test_every_room_is_in_the_table() -> None:
    rooms = {room_of(path) for path in FILES}
    assert rooms <= set(ROOMS)
