"""The house (CONTRIBUTING.md): stages in the order in which data flows, and imports that point one way."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import REPOSITORY
from sagespec.kinds import KINDS

PACKAGE = REPOSITORY / "compiler" / "sagespec"

LAYERS: dict[str, str] = {
    "base": "",
    "catalog": "botocore moto",
    "reading": "yaml jinja2 pydantic_core",
    "scripts": "tree_sitter tree_sitter_python",
    "checking": "",
    "building": "jsonschema",
    "kinds": "",
    "pipeline": "",
    "deploying": "boto3 botocore tensorflow numpy requests grpc",
    "importing": "",
    "reporting": "rich jinja2 matplotlib",
    "lsp": "",
    "cli": "",
}
"""Layer → the third-party libraries that come in by it. A layer imports itself and those above it in this table, and
nothing else of ours. `deploying` sees TensorFlow and what comes with it in `local/serving/server` only, which runs in
an environment that has them. `catalog` sees botocore and moto in its refresh command only.

The generic stages do not import `kinds`: what is true of one kind alone they get as a value (`Kind`) from the pipeline.
"""

ENTRIES = frozenset({"__init__", "__main__"})
"""The public API and the program: they may import everything."""


def layer_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "sagespec":
            yield from ((node.lineno, f"sagespec.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:  # a package's own are its own
            yield node.lineno, node.module


def breaches(path: Path, layer: str) -> Iterator[str]:
    order = list(LAYERS)
    below = order[: order.index(layer) + 1]
    for line, name in imports_of(path):
        top, _, rest = name.partition(".")
        if top == "sagespec":
            other = rest.partition(".")[0]
            if other not in below and other != "__version__":
                yield f"{path.name}:{line}: {layer} may not import {other}"
        elif top not in sys.stdlib_module_names and top not in LAYERS[layer].split():
            yield f"{path.name}:{line}: {top} does not come in by {layer}"


FILES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if layer_of(path) not in ENTRIES and "stand_in" not in path.parts  # what scripts import, not we
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_keep_to_the_table(path: Path) -> None:
    assert list(breaches(path, layer_of(path))) == []


def test_an_import_that_is_turned_around_is_found(tmp_path: Path) -> None:
    turned = tmp_path / "source.py"
    turned.write_text("def f():\n    from sagespec.reading.syntax.document import read\n    import yaml\n")
    assert list(breaches(turned, "base")) == [
        "source.py:2: base may not import reading",
        "source.py:3: yaml does not come in by base",
    ]


def test_every_layer_is_in_the_table_and_the_top_level_is_small() -> None:
    assert {layer_of(path) for path in FILES} == set(LAYERS)
    assert len(LAYERS) <= 13


def test_a_class_name_occurs_once() -> None:
    """What runs in a container is a program of its own."""
    found: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if "stand_in" not in path.parts:
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found.setdefault(node.name, []).append(path.relative_to(PACKAGE).as_posix())
    assert {name: files for name, files in found.items() if len(files) > 1} == {}


MOST_ENTRIES, MOST_LINES, A_SCREEN = 16, 530, 60
"""About a dozen where that is natural; what a person reads in one go; a function's lines, its docstring left out."""


def test_packages_are_seen_at_a_glance_and_files_read_in_one_go() -> None:
    large = []
    for folder in (PACKAGE, *(path for path in PACKAGE.rglob("*") if path.is_dir() and path.name != "__pycache__")):
        entries = [path for path in folder.iterdir() if path.name != "__pycache__"]
        if len(entries) > MOST_ENTRIES:
            large.append(f"{folder.name}: {len(entries)} entries")
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > MOST_LINES:
            large.append(f"{path.name}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[min(ast.get_docstring(node) is not None, len(node.body) - 1)]
                if (node.end_lineno or 0) - first.lineno >= A_SCREEN:
                    large.append(f"{path.name}: {node.name}")
    assert large == []


# Kinds

ABOUT_ONE_KIND: dict[str, str] = {
    "deploying/": "a service has things of one kind",
    "importing/": "what is imported is a training job or an endpoint",
    "building/targets/": "other tools have words of their own for a training job",
    "reporting/schema/": "what versions and hardware decide; a kind without any needs no line there",
    "pipeline/beside.py": "what an endpoint takes from the training job that it serves",
    "pipeline/compiler.py": "the same",
    "lsp/names/served.py": "the same, in the editor",
    "lsp/judgements.py": "the same",
    "lsp/features/completion.py": "the same; and what the server of an endpoint reads",
    "lsp/offers/candidates.py": "frameworks of training jobs, servers of endpoints",
    "reading/meant/foreign.py": "another tool's documents, which have a kind of this name",
    "reporting/metrics.py": "sagespec metrics: only training jobs have any",
    "cli/commands/": "sagespec metrics, and rolling endpoints back",
}
"""Where a kind is named outside of `kinds/`, and why."""


def kinds_named_in(path: Path) -> bool:
    """Whether a module imports what is true of one kind alone, or has the name of one as a value."""
    packages = tuple(f"sagespec.kinds.{package}." for package in KINDS.values())
    text = path.read_text(encoding="utf-8")
    values = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    return any(f"{name}.".startswith(packages) for _, name in imports_of(path)) or not values.isdisjoint(KINDS)


def test_nothing_asks_which_kind_it_is_but_for_a_reason() -> None:
    """Else a new kind would be one folder, one line, and whatever somebody finds."""
    stand_in = PACKAGE / "deploying" / "services" / "local" / "container" / "stand_in"
    modules = [path for path in PACKAGE.rglob("*.py") if layer_of(path) != "kinds" and stand_in not in path.parents]
    found = {path.relative_to(PACKAGE).as_posix() for path in modules if kinds_named_in(path)}
    assert sorted(name for name in found if not name.startswith(tuple(ABOUT_ONE_KIND))) == []
    assert [known for known in ABOUT_ONE_KIND if not any(name.startswith(known) for name in found)] == []
