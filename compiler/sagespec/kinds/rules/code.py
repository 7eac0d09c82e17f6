"""Code that is packed, whatever runs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path as FilePath
from pathlib import PurePath, PurePosixPath

from sagespec.base import repository
from sagespec.base.diagnostic import Finding
from sagespec.base.files import Files
from sagespec.checking.context import Context
from sagespec.checking.rule import ERROR, rule
from sagespec.checking.subject import Written, field
from sagespec.reading.render import DEFAULTS_NAME
from sagespec.scripts import LegacyFunctions, Script
from sagespec.scripts.called import CalledFunction


@rule(
    ERROR,
    on=field("entry_point", "source_dir", "dependencies"),
    source="sagespec: a manifest packs the code of its own project",
)
def code_outside_project(written: Written, context: Context) -> Iterator[Finding]:
    """The code that a manifest packs lies in its project: the git repository that holds it.

    Whoever may change a manifest could otherwise send any file of the machine that compiles it, and no other clone
    would have it. Outside of a repository the project is what lies below the farthest `sagespec.yaml`; where there is
    none either, only what has no folder in common with the manifest (but `/`, or the home folder) is outside.

    Bad:
        entry_point: ../../../../../../../../etc/passwd
        ---
        source_dir: ../../../../../../../../etc
        entry_point: passwd
        ---
        dependencies: [/etc/ssl]

    Good:
        entry_point: train.py
    """
    if written.name == "entry_point" and "source_dir" in context.written:
        return  # it is relative to that, and must lie in it
    listed = isinstance(written.value, list | tuple)
    for number, path in enumerate(written.value if listed else (written.value,)):
        if "://" in path or lies_inside(path):
            continue
        if context.files.once(lies_outside_project, path, context.folder, context.files):
            yield Finding(
                (*written.path, number) if listed else written.path,
                f"'{path}' lies outside the manifest's project",
                "copy it into the project, and name it by a path relative to the manifest",
            )


def lies_outside_project(path: str, folder: FilePath, files: Files) -> bool:
    """Whether a path leads out of the project of the folder that it is relative to, which may begin with defaults."""
    return repository.lies_outside_project(path, folder, lambda above: files.is_file(above / DEFAULTS_NAME))


@lru_cache(maxsize=1_000)
def lies_inside(path: str) -> bool:
    """Whether a path, as written, stays in the folder that it is relative to."""
    if PurePath(path).is_absolute():
        return False
    depth = 0
    for part in PurePosixPath(path).parts:
        depth += {"..": -1}.get(part, 1)
        if depth < 0:
            return False
    return True


def wrong_parameters(script: Script, functions: LegacyFunctions, called: Iterable[CalledFunction]) -> Iterator[Finding]:
    """Those of the functions that a container calls which do not take what they are given."""
    for each in called:
        function = functions.found.get(each.name)
        if each.by_position and function is not None and not function.takes(each.values):
            yield Finding(
                ("entry_point",),
                f"the container calls {each.head}, and this takes ({', '.join(function.parameters or ())})",
                f"write def {each.head}",
                place=script.place(function.piece),
            )
