"""Values of a program → data of a manifest: what is certain as it is, what is not as an expression that asks for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from sagespec.importing.draft import FilledArgument, literal
from sagespec.importing.following.values import ABSENT, Default, Either, Made, RestOfArguments, text_of
from sagespec.reading.syntax.writer import Path
from sagespec.scripts.values.constants import Mixed, UnknownValue

NUMBERS = frozenset(
    {
        *("container_log_level", "evaluation_steps", "instance_count", "keep_alive_period_in_seconds"),
        *("max_retry_attempts", "max_run", "max_wait", "training_steps", "volume_size"),
        *("initial_instance_count", "model_server_workers", "model_data_download_timeout"),
        *("container_startup_health_check_timeout", "memory_size_in_mb", "max_concurrency", "sampling_percentage"),
    }
)
"""Fields whose values, given from outside, are numbers."""
PARTS: Mapping[str, Mapping[str, str]] = {
    "TensorBoardOutputConfig": {"container_local_output_path": "local_path"},
    "DebuggerHookConfig": {
        "container_local_output_path": "local_path",
        "collection_configs": "collection_configurations",
    },
    "CollectionConfig": {"name": "collection_name", "parameters": "collection_parameters"},
    "ProfilerConfig": {"system_monitor_interval_millis": "profiling_interval_in_milliseconds"},
    "TrainingInput": {},
    "s3_input": {},
    "FileSystemInput": {},
    "ShuffleConfig": {},
    "InstanceGroup": {},
    "TrainingCompilerConfig": {},
    "DataCaptureConfig": {},
    "AsyncInferenceConfig": {},
    "ServerlessInferenceConfig": {},
}
"""Classes that are a field's value; those of their arguments that a manifest calls otherwise."""


class Placeholders:
    """The data of one manifest: expressions, and what stood in their places."""

    def __init__(self) -> None:
        self.notes: dict[Path, str] = {}
        self.comments: dict[Path, str] = {}
        self.remarks: list[str] = []
        self.variables: dict[str, str] = {}
        self.arguments: list[FilledArgument] = []

    def take(self, written: str, name: str, value: Any, data: dict[str, Any]) -> None:
        """An argument becomes a field."""
        data[name] = value
        open_ = [note for path, note in {**self.comments, **self.notes}.items() if path[0] == name]
        if open_:
            self.arguments.append(FilledArgument(written, "changed", f"{name}: an expression; {'; '.join(open_)}"))
        elif name not in (written, written.rpartition("(")[2].partition("=")[0]) and "inputs" not in written:
            self.arguments.append(FilledArgument(written, "changed", f"called {name}"))
        else:
            self.arguments.append(FilledArgument(written, "taken", name))

    def refuse(self, written: str, why: str) -> None:
        """An argument for which there is no field."""
        self.remarks.append(why)
        self.arguments.append(FilledArgument(written, "not taken", why))

    def pass_over(self, written: str, why: str = "it has no effect on the service") -> None:
        """An argument without which nothing is missing."""
        self.arguments.append(FilledArgument(written, "not taken", why))

    def data(self, value: Any, path: Path) -> Any:
        """A value as data; where it is not certain, an expression, and a note of what it was."""
        if isinstance(value, dict):
            return self.mapping(value, path)
        if isinstance(value, list):
            return self.items(value, path)
        if isinstance(value, Mixed):
            return self.mixed(value, path)
        if isinstance(value, Made) and value.class_name in PARTS and not value.left:
            names = PARTS[value.class_name]
            given = {names.get(name, name): item for name, item in value.given.items() if item is not None}
            return self.data(given, path)
        if isinstance(value, str | int | bool | None) or (isinstance(value, float) and isfinite(value)):
            return literal(value)
        return self.open(value, path)

    def mapping(self, value: Mapping[Any, Any], path: Path) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, item in value.items():
            if isinstance(key, RestOfArguments):
                self.remarks.append(f"{_dotted(path)}: what else `{key.source}` brings is not known")
            elif isinstance(item, Either) and ABSENT in item.ways:
                here = " or ".join(text_of(way) for way in item.ways if way is not ABSENT)
                self.remarks.append(
                    f"{_dotted((*path, key))} is left out: it is {here}, or is not there ({item.source})"
                )
            else:
                result[str(key)] = self.data(item, (*path, str(key)))
        return result

    def items(self, value: list[Any], path: Path) -> list[Any]:
        known = [item for item in value if not isinstance(item, RestOfArguments)]
        for item in value:
            if isinstance(item, RestOfArguments):
                self.remarks.append(f"{_dotted(path)}: what else `{item.source}` brings is not known")
        return [self.data(item, (*path, index)) for index, item in enumerate(known)]

    def mixed(self, value: Mixed, path: Path) -> str:
        parts = [self.expression(part, "") if isinstance(part, UnknownValue) else literal(part) for part in value.parts]
        asks = any(isinstance(part, UnknownValue) and not isinstance(part, Default) for part in value.parts)
        (self.notes if asks else self.comments)[path] = f"was: {value.source}"
        return "".join(parts)

    def open(self, value: Any, path: Path) -> str:
        """An expression for a value that is not known."""
        if isinstance(value, Default):
            self.comments[path] = f"was: {value.source}"
            return self.expression(value, str(path[-1]))
        source = text_of(value) if not isinstance(value, float) else repr(value)
        self.notes[path] = f"was: {source}"
        own = value.name if isinstance(value, UnknownValue) else "value"
        is_call = not isinstance(value, UnknownValue) or source.endswith(")")  # the name of a function says little
        name = str(path[-1]) if (is_call or isinstance(value, Either)) and isinstance(path[-1], str) else own
        return self.expression(UnknownValue(name, source), str(path[-1]))

    def expression(self, value: UnknownValue, name: str) -> str:
        """What has no value until somebody gives it one."""
        base = variable = re.sub(r"\W", "_", value.name).lstrip("_0123456789") or "value"
        source = value.source if not isinstance(value, Default) else f"{value.source} {value.default!r}"
        number = 1
        while self.variables.setdefault(variable, source) != source:
            number += 1
            variable = f"{base}_{number}"
        if isinstance(value, Default):
            return f"{{{{ vars.{variable} | default({_jinja(value.default)}) }}}}"
        return f"{{{{ vars.{variable}{' | int' if name in NUMBERS else ''} }}}}"


def _jinja(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"
    return json.dumps(value)


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
