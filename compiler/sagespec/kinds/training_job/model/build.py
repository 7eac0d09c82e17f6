"""What pydantic makes of the declarations, written into compiled.py.

`python -m sagespec.kinds.training_job.model.build [--check]` writes it.

To build the models takes longer than to validate a manifest. So a run hands pydantic's core what pydantic would hand
it, read from a file.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pydantic

from sagespec.kinds import types
from sagespec.kinds.training_job.model import forms
from sagespec.kinds.training_job.model.job import Job
from sagespec.reading.part import Part

COMPILED = Path(__file__).with_name("compiled.py")
_CONFIG = pydantic.ConfigDict(strict=True, extra="forbid")
_TOLD = ("title", "examples")
"""What is said of a type, for messages."""
_DROPPED = {"metadata", "serialization", "ref", "config", "computed_fields", "custom_init", "root_model", "model_name"}
"""What the core does not need to validate, or has by itself."""
_TEXT = '''"""Written by `model.build`: what pydantic makes of the declarations in this folder."""

from __future__ import annotations

from typing import Any

{imports}

_CLOSED = {{"strict": True, "extra_fields_behavior": "forbid"}}

{models}

SCHEMA: dict[str, Any] = {schema}
'''


_made: dict[type[Part], type[pydantic.BaseModel]] = {}


def model_of(part: type[Part]) -> type[pydantic.BaseModel]:
    """The pydantic model that a part's declarations describe: one for each part."""
    if part not in _made:
        _made[part] = _model_of(part)
    return _made[part]


def _model_of(part: type[Part]) -> type[pydantic.BaseModel]:
    module = vars(sys.modules[part.__module__])
    known = {**vars(typing), "Field": pydantic.Field, "BeforeValidator": pydantic.BeforeValidator, **vars(forms)}
    names = {**known, **vars(types), **module, **dict(_models(module, part))}
    fields = {name: (eval(text, names), _default(part, name)) for name, text in part.__annotations__.items()}  # noqa: S307
    model: type[pydantic.BaseModel] = pydantic.create_model(  # type: ignore[call-overload]
        part.__name__, __config__=_CONFIG, __doc__=part.__doc__, **fields
    )
    return model


def _models(module: Mapping[str, Any], part: type[Part]) -> Iterator[tuple[str, type[pydantic.BaseModel]]]:
    """The models of what a part may hold: of those that stand above it, or come from another module."""
    for name, value in module.items():
        if value is part:
            return
        if isinstance(value, type) and issubclass(value, Part) and value is not Part:
            yield name, model_of(value)


def _default(part: type[Part], name: str) -> Any:
    default = part.defaults.get(name, ...)
    return model_of(type(default))() if isinstance(default, Part) else default


def job_schema() -> dict[str, Any]:
    """The JSON Schema of a job."""
    return model_of(Job).model_json_schema()


def compiled() -> str:
    """The text of compiled.py."""
    return _Writer(model_of(Job).__pydantic_core_schema__).text()


class _Name:
    """Something that the compiled text calls by its name."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


class _Writer:
    """Writes the core's schema with parts for models, names for functions, and each part once."""

    def __init__(self, schema: Any) -> None:
        definitions = schema["type"] == "definitions"
        self.schema: Any = schema["schema"] if definitions else schema
        self.shared = {each["ref"]: each for each in schema["definitions"]} if definitions else {}
        self.models: dict[str, str] = {}
        self.homes: dict[str, set[str]] = {}

    def text(self) -> str:
        schema = self.plain(self.schema)
        imports = [f"from {home} import {', '.join(sorted(names))}" for home, names in sorted(self.homes.items())]
        return _TEXT.format(imports="\n".join(imports), models="\n".join(self.models.values()), schema=schema)

    def plain(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.plain(item) for item in node]
        if isinstance(node, pydantic.BaseModel):
            return _Name(f"{self.part(type(node))}()")
        if callable(node):
            return self.named(node.__name__, forms.__name__)
        if not isinstance(node, dict):
            return node
        if node.get("type") == "definition-ref":
            return self.plain(self.shared[node["schema_ref"]])
        if node.get("type") == "model":
            return self.model(node)
        kept = {key: self.plain(value) for key, value in node.items() if key not in _DROPPED}
        if kept.get("default") in ({}, []):  # copying it would take longer than making another
            kept["default_factory"] = _Name(type(kept.pop("default")).__name__)
        told = node.get("metadata", {}).get("pydantic_js_updates", {})
        told = {key: told[key] for key in _TOLD if key in told}
        return {**kept, "metadata": told} if told else kept

    def model(self, node: Any) -> _Name:
        part = self.part(node["cls"])
        name = f"_{str(part).upper()}"
        if name not in self.models:
            fields = [f"    {key!r}: {self.plain(field)!r}," for key, field in node["schema"]["fields"].items()]
            head = f"{name} = {{'type': 'model', 'cls': {part}, 'config': _CLOSED, 'schema': {{"
            head += f"'type': 'model-fields', 'model_name': {str(part)!r}"
            self.models[name] = "\n".join([f"{head}, 'fields': {{", *fields, "}}}"])
        return _Name(name)

    def part(self, model: type[pydantic.BaseModel]) -> _Name:
        return self.named(model.__name__, _PARTS[model.__name__].__module__)

    def named(self, name: str, home: str) -> _Name:
        self.homes.setdefault(home, set()).add(name)
        return _Name(name)


_PARTS = {part.__name__: part for part in Part.__subclasses__()}


def main() -> int:
    """Writes the file; with --check only says whether it is stale."""
    from sagespec.base.files import write_whole

    text, stale = compiled(), False
    if "--check" in sys.argv[1:]:
        stale = COMPILED.read_text(encoding="utf-8") != text
        if stale:
            print("compiled.py is stale: python -m sagespec.kinds.training_job.model.build", file=sys.stderr)  # noqa: T201
    else:
        write_whole(COMPILED, text)
    return int(stale)


if __name__ == "__main__":
    sys.exit(main())
