"""The three programs, and how long they run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

PAUSE = 0.25
"""Seconds between two looks at whether the caller still lives."""
GRACE = 5.0
"""Seconds from SIGTERM to SIGKILL for a program that is run beside."""


def main(arguments: Sequence[str]) -> int:
    """Runs a program until it is ended, or its caller is."""
    name, *rest = arguments
    if name == "beside":
        return beside(rest)
    end_with_caller()
    config = json.loads(Path(rest[0]).read_text(encoding="utf-8"))
    PROGRAMS[name](config)
    return 0


def model(config: Mapping[str, Any]) -> None:
    from .rest import RestAnswers
    from .saved_model import load_all
    from .web import serve

    models = load_all(config["models"])
    serve(RestAnswers(models).respond, int(config.get("rest_port", 0)), Path(config["rest_port_file"]))


def front(config: Mapping[str, Any]) -> None:
    from .front import front_of
    from .web import serve

    serve(front_of(config).respond, int(config.get("port", 0)), Path(config["port_file"]))


PROGRAMS: Mapping[str, Callable[[Mapping[str, Any]], None]] = {"model": model, "front": front}


def end_with_caller() -> None:
    """Ends this process soon after the one that has started it, however that ends: nothing is left behind."""
    caller = os.getppid()

    def watch() -> None:
        while os.getppid() == caller:
            time.sleep(PAUSE)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def beside(command: Sequence[str]) -> int:
    """Runs a program that knows nothing of its caller, and ends it with that."""
    caller = os.getppid()
    process = subprocess.Popen(command)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while os.getppid() == caller:
        try:
            return process.wait(PAUSE)
        except subprocess.TimeoutExpired:
            continue
    process.terminate()
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
    return 1


def log_line(text: str) -> None:
    """A line of the log."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201
