"""Versions that a project knows before the catalogue does: `framework_versions` of a Defaults document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from sagespec.base.diagnostic import Finding
from sagespec.base.named import NamedTuple

SETTING = "framework_versions"
_VERSION = r"[0-9]+(\.[0-9]+){1,2}(-[0-9a-z.-]+)?"
_FORMS = {"py_version": r"py[23][0-9]{0,2}"}


class AddedVersion(NamedTuple):
    """One version on one Python. Its images lie where those of the version before it lie."""

    framework: str
    version: str
    """As the catalogue's keys are: `4.28.1+pytorch2.0.0` where it lies over another."""
    python: str


Wrong: TypeAlias = tuple[str, Finding]
"""What is wrong with the setting: a rule, and what it finds at a path in the setting."""


def with_added(images: Mapping[str, Any], added: tuple[AddedVersion, ...]) -> Mapping[str, Any]:
    """A framework's table of images, with a project's own versions in it."""
    versions: dict[str, Any] = dict(images["versions"])
    aliases: dict[str, str] = dict(images["aliases"])
    for each in added:
        known = versions.get(each.version, {})
        row = {**known, each.python: _image_before(versions, each.version)}
        before = [name for name in versions if numbers(name) <= numbers(each.version) and name != each.version]
        after = {name: versions[name] for name in versions if name not in before and name != each.version}
        versions = {**{name: versions[name] for name in before}, each.version: row, **after}
        short = _short(each.version)
        if short not in versions and numbers(aliases.get(short, "0")) <= numbers(each.version):
            aliases[short] = each.version
    return {**images, "versions": versions, "aliases": aliases}


@lru_cache(maxsize=1_024)
def numbers(version: str) -> tuple[int, ...]:
    """`1.10` → (1, 10): versions in order. What is not a number counts as nothing."""
    return tuple(map(int, re.findall("[0-9]+", version.partition("+")[0])))


def _image_before(versions: Mapping[str, Any], version: str) -> list[str]:
    """Repository, registries and tags of the newest version that is not newer, over the same framework."""
    base = re.sub("[0-9.]", "", version.partition("+")[2])
    alike = [name for name in versions if re.sub("[0-9.]", "", name.partition("+")[2]) == base] or list(versions)
    older = [name for name in alike if numbers(name) <= numbers(version)]
    row: Mapping[str, list[str]] = versions[max(older or alike, key=numbers)]
    return list(row.values())[-1]


def _short(version: str) -> str:
    """`2.22` for `2.22.0`; the version itself where it is not of three numbers."""
    own, plus, base = version.partition("+")
    shorts = [re.sub(r"^([a-z]*[0-9]+\.[0-9]+)\.[0-9]+$", r"\1", part) for part in (own, base)]
    return f"{shorts[0]}{plus}{shorts[1]}" if shorts[0] != own else version


def read_added(
    setting: Any, version_fields: Mapping[str, tuple[str, Mapping[str, str]]]
) -> Iterator[AddedVersion | Wrong]:
    """What `framework_versions` says.

    Args:
        version_fields: framework → the field that names its version, and framework under it → that one's field.
    """
    if not isinstance(setting, list):
        hint = 'write a list: - {framework_version: "2.22.0", py_version: py312}'
        yield "wrong-type", Finding((), f"{SETTING} must be a list of versions", hint)
        return
    for number, row in enumerate(setting):
        if not isinstance(row, dict):
            hint = 'write {framework_version: "2.22.0", py_version: py312}'
            yield "wrong-type", Finding((number,), "a version must be a map", hint)
            continue
        name = row.get("framework", "tensorflow")
        if name not in version_fields:
            hint = f"write one of {', '.join(version_fields)}"
            yield "wrong-value", Finding((number, "framework"), f"no framework is called '{name}'", hint)
        else:
            yield from _read_row(number, row, name, *version_fields[name])


def _read_row(
    number: int, row: Mapping[str, Any], name: str, own: str, bases: Mapping[str, str]
) -> Iterator[AddedVersion | Wrong]:
    wrong: list[Wrong] = []
    for key, value in row.items():
        if key not in ("framework", own, "py_version", *bases.values()):
            hint = f"it has {', '.join(('framework', own, *bases.values(), 'py_version'))}"
            wrong.append(("unknown-field", Finding((number, key), f"a version has no '{key}'", hint, at_key=True)))
        elif key != "framework" and not (isinstance(value, str) and re.fullmatch(_FORMS.get(key, _VERSION), value)):
            example = "py312" if key == "py_version" else 'a version in quotes, such as "2.22.0"'
            wrong.append(("wrong-form", Finding((number, key), f"{key} cannot be {value}", f"write {example}")))
    under = [field for field in bases.values() if field in row]
    missing = [field for field in (own, "py_version") if field not in row]
    missing += [" or ".join(bases.values())] if bases and len(under) != 1 else []
    wrong += [("missing-field", Finding((number,), f"'{each}' is missing", f"add {each}")) for each in missing]
    yield from wrong
    if not wrong:
        base = next((f"+{framework}{row[field]}" for framework, field in bases.items() if field in row), "")
        yield AddedVersion(name, f"{row[own]}{base}", row["py_version"])
