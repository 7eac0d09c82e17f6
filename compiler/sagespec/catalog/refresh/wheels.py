"""Wheels of published packages, which are read and never installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


class NoWheel(Exception):
    """A version of a package cannot be had here."""


def fetch_wheel(package: str, version: str | None, folder: Path) -> Path:
    """The wheel of a version (None: the newest), from the index that pip is configured with, in a folder.

    Raises:
        NoWheel: there is no index here, or it does not have that version.
    """
    wanted = package if version is None else f"{package}=={version}"
    words = ["pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
    command = [sys.executable, "-m", *words, "--retries", "1", "--dest", str(folder), wanted]
    run = subprocess.run(command, capture_output=True, text=True)
    wheels = list(folder.glob("*.whl"))
    if run.returncode or not wheels:
        raise NoWheel(f"{wanted} cannot be fetched: {run.stderr.strip()[-200:]}")
    return wheels[0]
