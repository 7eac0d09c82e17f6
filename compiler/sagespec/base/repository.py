"""The git repository that a folder lies in, read from its files: git itself need not be installed."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path


def repository_of(folder: Path) -> Path | None:
    """The nearest folder above (or this one) that holds `.git`."""
    return _repository_of(folder, os.getcwd())[0]  # noqa: PTH109


def lies_outside_project(path: str, folder: Path, marks: Callable[[Path], bool]) -> bool:
    """Whether a path lies outside the project that a folder belongs to.

    The project is the git repository; without one, what lies below the farthest folder above that is marked. Without
    either nobody knows its border: then only what shares no folder of anybody's with it lies outside.

    Args:
        path: relative to the folder, or absolute.
        marks: whether a folder is marked as a project's.
    """
    here = folder.absolute()
    root = repository_of(here) or next(filter(marks, reversed((here, *here.parents))), None)
    if root is not None:
        return _leaves(path, here, root)
    there = Path(os.path.normpath(here / path))
    shared = Path(os.path.commonpath((here, there))) if here.drive == there.drive else Path(here.anchor)
    home = Path.home()
    return shared == home or home.is_relative_to(shared)


@lru_cache(maxsize=1_024)
def _leaves(path: str, folder: Path, root: Path) -> bool:
    """Whether a path, as written, leads out of the root that a folder lies below."""
    return not Path(os.path.normpath(folder / path)).is_relative_to(root)


def path_in_repository(folder: Path) -> str:
    """A folder's path in its repository, the same in every clone; empty where it is the root, or lies in none."""
    inner = _repository_of(folder, os.getcwd())[1]  # noqa: PTH109
    return "" if inner == "." else inner


@lru_cache(maxsize=256)
def _repository_of(folder: Path, _here: str) -> tuple[Path | None, str]:
    """The repository of a folder, and the folder's path in it; `_here` is what relative folders are relative to."""
    folder = folder.absolute()
    root = next((above for above in (folder, *folder.parents) if (above / ".git").exists()), None)
    return root, "" if root is None else folder.relative_to(root).as_posix()


def commit_of(folder: Path) -> str | None:
    """The commit that a folder's repository has checked out; None where there is none."""
    root = repository_of(folder)
    if root is None:
        return None
    git = root / ".git"
    try:
        if git.is_file():  # a worktree: the file says where its folder is
            git = root / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        name = head.removeprefix("ref: ")
        common = git / "commondir"
        shared = git / common.read_text(encoding="utf-8").strip() if common.is_file() else git
        for place in (git, shared):
            if (place / name).is_file():
                return (place / name).read_text(encoding="utf-8").strip()
        packed = (shared / "packed-refs").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return next((line.partition(" ")[0] for line in packed if line.endswith(f" {name}")), None)
