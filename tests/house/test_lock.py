"""What a checkout installs is what `make lock` has locked, and that is what pyproject.toml asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import distribution, version
from itertools import product
from typing import NamedTuple

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from conftest import PYPROJECT, PYTHONS, REPOSITORY

LOCK, UV, SITE = (REPOSITORY / "requirements" / name for name in ("dev.txt", "uv.txt", "site.txt"))
RUN_TIME = [Requirement(text) for text in PYPROJECT["project"]["dependencies"]]


class Locked(NamedTuple):
    """One version of a package, as a lock file has it."""

    name: str
    version: str
    marker: Marker | None
    hashes: list[str]

    def holds(self, **where: str) -> bool:
        return self.marker is None or self.marker.evaluate(where)


def locked(text: str) -> Iterator[Locked]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for entry in re.split(r"\n(?=\S)", "\n".join(lines)):
        asked, *hashes = entry.replace("\\\n", "").split("--hash=")
        requirement = Requirement(asked.strip())
        (exactly,) = requirement.specifier
        assert exactly.operator == "=="
        yield Locked(requirement.name, exactly.version, requirement.marker, [digest.strip() for digest in hashes])


ALL = list(locked(LOCK.read_text(encoding="utf-8")))
HERE = {one.name: one for one in ALL if one.holds()}


def group(name: str) -> Iterator[Requirement]:
    for entry in PYPROJECT["dependency-groups"][name]:
        if isinstance(entry, str):
            yield Requirement(entry)
        else:
            yield from group(entry["include-group"])


def applies(asked: Requirement, extra: str = "") -> bool:
    return asked.marker is None or asked.marker.evaluate({"extra": extra})


def closure() -> set[str]:
    """What pyproject.toml asks for on this Python, with all that it brings along."""
    seen: set[tuple[str, str]] = set()
    to_see = [asked for asked in [*RUN_TIME, *group("dev")] if applies(asked)]
    while to_see:
        asked = to_see.pop()
        name = canonicalize_name(asked.name)
        assert asked.specifier.contains(HERE[name].version, prereleases=True), (
            f"{asked}, locked is {HERE[name].version}"
        )
        for extra in {"", *asked.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, extra))
            to_see += [each for each in map(Requirement, distribution(name).requires or ()) if applies(each, extra)]
    return {name for name, _ in seen}


def test_each_run_time_dependency_has_a_lowest_version_and_is_locked() -> None:
    for asked in RUN_TIME:
        assert [each.operator for each in asked.specifier if each.operator == ">="], f"{asked} has no lowest version"
        assert canonicalize_name(asked.name) in {one.name for one in ALL}


@pytest.mark.parametrize(("python", "system"), list(product(PYTHONS, ["linux", "darwin"])))
def test_every_package_is_locked_in_one_version_for_each_promised_python(python: str, system: str) -> None:
    machine = {"python_version": python, "python_full_version": f"{python}.0", "sys_platform": system}
    names = [one.name for one in ALL if one.holds(**machine)]
    assert len(names) == len(set(names)) > 50


def test_every_locked_version_has_hashes_and_no_address() -> None:
    """An address would bind the project to one registry; a mirror serves the same files, with the same hashes."""
    for one in (*ALL, *locked(SITE.read_text(encoding="utf-8"))):
        assert one.hashes, one.name
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", digest) for digest in one.hashes)
    assert not [path for path in (LOCK, UV, SITE) if "://" in path.read_text(encoding="utf-8")]


def test_what_installs_the_locked_packages_is_locked_as_they_are() -> None:
    assert list(locked(UV.read_text(encoding="utf-8"))) == [one for one in ALL if one.name == "uv"]


def test_the_site_is_built_with_what_is_locked_for_it_and_nothing_of_it_is_installed_for_the_tests() -> None:
    site = {one.name for one in locked(SITE.read_text(encoding="utf-8"))}
    assert {canonicalize_name(asked.name) for asked in group("site")} <= site
    assert "mkdocs" in site - {one.name for one in ALL}


@pytest.mark.locked
def test_the_lock_holds_what_pyproject_asks_for_and_what_that_brings_along_and_nothing_else() -> None:
    assert closure() == set(HERE), "make lock"


@pytest.mark.locked
def test_what_is_installed_is_what_is_locked() -> None:
    assert {name: version(name) for name in HERE} == {name: one.version for name, one in HERE.items()}
