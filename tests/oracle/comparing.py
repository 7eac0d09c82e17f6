"""Our requests beside those of the SDKs: what is compared of them, and where they differ."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ORACLE = Path(__file__).parent
LAX = "-lax-"
"""In the id of a sample that the SDK lets through by mistake."""
IN_THE_CONTAINER = ("value-breaks-command-line",)
"""Errors of which an SDK knows nothing: it sees the request, and not what becomes of it."""

CODE = re.compile(
    r"s3://([^/\"\\]+)((?:/[^\"\\]*?)?)/+(?:JOBNAME/source|sagespec/code/[0-9a-f]{64})/sourcedir\.tar\.gz"
)
"""Where a source archive lies: the SDK's place for it, and ours."""


def comparable(request: Mapping[str, Any], manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The request without what a manifest means differently from the SDK's arguments.

    That is: the job's name; the place of the source archive (but with `code_location`, its bucket and prefix);
    Debugger and profiler where nobody asked for them; our own tags, and the order of tags; one hyperparameter of SDK 1
    only; and how the JSON of a hyperparameter is spaced.
    """

    def place(found: re.Match[str]) -> str:
        return f"s3://{found[1]}{found[2].rstrip('/')}/SOURCE" if "code_location" in manifest else "SOURCE"

    text = json.dumps(request).replace(request["TrainingJobName"], "JOBNAME")
    kept: dict[str, Any] = json.loads(CODE.sub(place, text))
    if "debugger_hook_config" not in manifest:
        kept.pop("DebugHookConfig", None)
    if "profiler_config" not in manifest and not manifest.get("disable_profiler"):
        kept.pop("ProfilerConfig", None)
    tags = [tag for tag in kept.pop("Tags", []) if not tag["Key"].startswith("sagespec:")]
    parameters = kept.get("HyperParameters", {})
    parameters.pop("sagemaker_enable_cloudwatch_metrics", None)
    for name, value in parameters.items():
        parameters[name] = respaced(value)
    return {**kept, "Tags": sorted(tags, key=lambda tag: str(tag["Key"]))}


def respaced(value: str) -> str:
    """JSON with the usual spaces; other text as it is."""
    try:
        return json.dumps(json.loads(value), sort_keys=True)
    except ValueError:
        return value


def differences(want: Any, got: Any, path: str = "") -> Iterator[str]:
    """One line for each member that differs."""
    if isinstance(want, dict) and isinstance(got, dict):
        for key in sorted({*want, *got}):
            if key not in got:
                yield f"{path}.{key} is missing, the SDK sends {json.dumps(want[key])[:160]}"
            elif key not in want:
                yield f"{path}.{key} is not in the SDK's request: {json.dumps(got[key])[:160]}"
            else:
                yield from differences(want[key], got[key], f"{path}.{key}")
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for place, one in enumerate(want):
            yield from differences(one, got[place], f"{path}[{place}]")
    elif json.dumps(want) != json.dumps(got):
        yield f"{path}: the SDK sends {json.dumps(want)[:200]}, we {json.dumps(got)[:200]}"
