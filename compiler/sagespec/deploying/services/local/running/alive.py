"""Which process is meant: a process id names another process after a while, so start time and boot go with it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

MARK = "SAGESPEC_LOCAL_JOB"
"""Environment variable that every process of a job carries: the job's folder."""

_PROC = Path("/proc")


def identity(pid: int) -> dict[str, Any]:
    """What distinguishes this process from every other, as plain data."""
    return {"pid": pid, "started": _start(pid), "boot": _boot()}


def is_alive(known: dict[str, Any] | None) -> bool:
    """Whether exactly that process runs still. One that has ended and was not waited for does not."""
    if not known or known["started"] is None:
        return False
    return bool(known["boot"] == _boot() and known["started"] == _start(int(known["pid"])))


def end(processes: Iterable[dict[str, Any]], mark: str) -> list[int]:
    """Kills what is left of a job: its recorded processes with their groups, and all that carry its mark.

    Returns:
        The ids of the processes that were killed, in order.
    """
    killed = set()
    for known in processes:
        if is_alive(known):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(known["pid"]), signal.SIGKILL)
                killed.add(int(known["pid"]))
    for pid in marked(mark):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
    return sorted(killed)


def marked(mark: str) -> Iterator[int]:
    """Processes of this user that carry the mark, but not this one. Only Linux shows another process's environment."""
    wanted = f"{MARK}={mark}".encode()
    for folder in _PROC.glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                yield int(folder.name)


def adopt_orphans() -> None:
    """Whatever loses its parent below this process becomes its child, so that it is found. Linux alone has that.

    Source: prctl(2), PR_SET_CHILD_SUBREAPER
    """
    if _PROC.joinpath("self/stat").exists():
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def end_descendants(tries: int = 20) -> None:
    """Kills all processes below this one; those that are born meanwhile too."""
    for _ in range(tries):
        found = [pid for pid in _below(os.getpid()) if _start(pid) is not None]
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return


def _below(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for folder in _PROC.glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(folder.name))
    found, new = [], [root]
    while new:
        new = [child for pid in new for child in children.get(pid, ())]
        found += new
    return found


def _boot() -> str:
    with contextlib.suppress(OSError):
        return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
    # Elsewhere the start times below are dates, which no second boot repeats.
    return ""


def _start(pid: int) -> str | None:
    """When the process started, in a form that only equals itself; None for one that does not run."""
    if (_PROC / "self/stat").exists():
        try:
            # The second field is the program's name in parentheses, which may hold anything.
            fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
    )
    state, _, started = shown.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else started.strip()
