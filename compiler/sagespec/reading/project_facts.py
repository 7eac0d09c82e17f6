"""The catalogue as a project has it: with the versions that its defaults add."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Severity
from sagespec.base.source import Path, Place
from sagespec.catalog import Facts
from sagespec.catalog.added import SETTING, AddedVersion, Wrong, read_added


class ProjectFacts:
    """The catalogue of one run; each setting is read once."""

    def __init__(self, known: Facts) -> None:
        self._known = known
        self._read: dict[str, list[AddedVersion | Wrong]] = {}

    def facts(self, setting: Any) -> Facts:
        """The catalogue, with the versions that are right in `framework_versions`."""
        if setting is None:
            return self._known
        added = tuple(each for each in self._added(setting) if isinstance(each, AddedVersion))
        return self._known._replace(added=added)

    def complaints(self, setting: Any, where: Callable[[Path], Place]) -> Iterator[Diagnostic]:
        """What is wrong with `framework_versions`.

        Args:
            where: the place of a path of the document that has the setting.
        """
        for each in () if setting is None else self._added(setting):
            if not isinstance(each, AddedVersion):
                rule, (path, message, hint, *_) = each
                place = where((SETTING, *path))
                yield Diagnostic(place, Severity.ERROR, rule, message, hint, (SETTING, *path))

    def _added(self, setting: Any) -> list[AddedVersion | Wrong]:
        key = repr(setting)
        if key not in self._read:
            named = ((name, self._known.framework(name)) for name in self._known.frameworks)
            fields = {name: (row.version_field, row.bases) for name, row in named if row is not None}
            self._read[key] = list(read_added(setting, fields))
        return self._read[key]


__all__ = ["SETTING", "ProjectFacts"]
