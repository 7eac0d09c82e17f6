"""Runs a command that sees its host's folder as /opt/ml, without root where Linux has user namespaces.

A program of its own: `python optml.py FOLDER HOSTS SCRATCH COMMAND…`. It changes what this one process and its
children see, then becomes the command; nothing outside them changes. HOSTS is laid over /etc/hosts, so that the
names of the job's hosts resolve. What the script writes into its input data goes to SCRATCH, where the file system
allows it: the files there are links to the user's own. The process must have one thread, so it cannot be a function
of the supervisor.
Source: user_namespaces(7), mount_namespaces(7); overlayfs in user namespaces: Linux 5.11.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PREFIX = "/opt/ml"
NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
BIND, MOVE, EVERYTHING_BELOW, PRIVATE = 0x1000, 0x2000, 0x4000, 0x40000


def inside(folder: Path, hosts: Path, scratch: Path, command: Sequence[str]) -> list[str]:
    """The command that runs `command` with `folder` as its /opt/ml."""
    return [sys.executable, "-I", "-S", __file__, str(folder), str(hosts), str(scratch), *command]


def possible(folder: Path, hosts: Path, scratch: Path) -> bool:
    """Whether this machine lets us do that: tried, because no setting tells for certain."""
    if not sys.platform.startswith("linux"):
        return False
    trial = inside(folder, hosts, scratch, ["/bin/sh", "-c", f'test {PREFIX} -ef "$0"', str(folder)])
    return subprocess.run(trial, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0


def placed(value: Any, folder: Path) -> Any:
    """A value in which every text that begins with /opt/ml begins with `folder` instead."""
    if isinstance(value, str):
        below = value == PREFIX or value.startswith(f"{PREFIX}/")
        return f"{folder}{value[len(PREFIX) :]}" if below else value
    if isinstance(value, list):
        return [placed(item, folder) for item in value]
    if isinstance(value, dict):
        return {key: placed(item, folder) for key, item in value.items()}
    return value


def hint(tail: Sequence[str], folder: Path) -> str:
    """What to do about a script that looked for /opt/ml where this machine cannot show it; else nothing."""
    missed = [line for line in tail if re.search(rf"(No such file or directory|Permission denied).*{PREFIX}", line)]
    if not missed:
        return ""
    return (
        f"\nThe script names {PREFIX} itself, which this machine cannot put in place for it (no user namespaces). "
        f"Read SM_MODEL_DIR, SM_CHANNEL_… instead, or use the docker executor; here {PREFIX} is {folder}"
    )


def main(arguments: Sequence[str]) -> None:
    folder, hosts, scratch, *command = arguments
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *values: Any) -> None:
        if getattr(libc, name)(*values) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), name)

    def mount(source: str, target: str, kind: str | None, flags: int, settings: str = "") -> None:
        texts = (source.encode(), target.encode(), kind and kind.encode())
        call("mount", *texts, ctypes.c_ulong(flags), settings.encode() or None)

    try:
        call("unshare", NEW_MOUNTS)
    except OSError:
        call("unshare", NEW_MOUNTS | NEW_USER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    mount("none", "/", None, PRIVATE | EVERYTHING_BELOW)
    if not Path(PREFIX).is_dir():
        _grow_opt(_made(scratch, "opt"), mount)
    with contextlib.suppress(OSError):
        _shield(f"{folder}/input/data", scratch, mount)
    mount(folder, PREFIX, None, BIND | EVERYTHING_BELOW)
    mount(hosts, "/etc/hosts", None, BIND)
    here = Path.cwd().resolve()
    if here.is_relative_to(inner := Path(folder).resolve()):
        # The same folder, under the name that it has there.
        os.chdir(Path(PREFIX, here.relative_to(inner)))
        os.environ["PWD"] = str(Path.cwd())
    os.execvp(command[0], command)  # noqa: S606 - to become the command is what this program is for


def _made(scratch: str, name: str) -> str:
    folder = Path(scratch, name)
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


_ESCAPED, _ESCAPE = re.compile(r"([:,\\])"), r"\\\1"
"""What separates overlayfs's settings, and how it is written inside of one."""


def _shield(data: str, scratch: str, mount: Any) -> None:
    """Lays an empty layer over the input data that takes all changes.

    FIFOs do not work through such a layer: beside some, each channel of files gets one of its own.
    """
    entries = list(Path(data).iterdir())
    piped = any(entry.is_fifo() for entry in entries)
    for number, folder in enumerate([entry for entry in entries if entry.is_dir()] if piped else [Path(data)]):
        layers = {
            "lowerdir": str(folder),
            "upperdir": _made(scratch, f"upper{number}"),
            "workdir": _made(scratch, f"work{number}"),
        }
        settings = [f"{name}={_ESCAPED.sub(_ESCAPE, path)}" for name, path in layers.items()]
        mount("overlay", str(folder), "overlay", 0, ",".join([*settings, "userxattr"]))


def _grow_opt(scratch: str, mount: Any) -> None:
    """Gives /opt a folder `ml`, which only root could make: a new /opt in memory, with all of the old one in it."""
    mount("none", scratch, "tmpfs", 0)
    new = Path(scratch)
    (new / "ml").mkdir()
    for entry in Path("/opt").iterdir():
        place = new / entry.name
        if entry.is_symlink():
            place.symlink_to(entry.readlink())
            continue
        if entry.is_dir():
            place.mkdir()
        else:
            place.touch()
        mount(str(entry), str(place), None, BIND | EVERYTHING_BELOW)
    mount(scratch, "/opt", None, MOVE)


if __name__ == "__main__":
    main(sys.argv[1:])
