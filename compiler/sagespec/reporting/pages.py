"""Pages about the tool's own knowledge: rules and versions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from sagespec.catalog import Framework
from sagespec.checking.page import Page
from sagespec.reporting.terminal.style import Style


def page(rule: Page) -> str:
    """What `sagespec explain` prints."""
    return f"{rule.name} ({rule.severity.value})\n\n{rule.page}\n\nSource: {rule.source}"


def markdown(rule: Page) -> str:
    """The same for editors, its examples as code."""
    return f"**{rule.name}** ({rule.severity.value})\n\n{_fenced(rule.page)}\n\nSource: {rule.source}"


def _fenced(page: str) -> str:
    """A page, its examples as code."""
    lines: list[str] = []
    inside = ""
    for text in page.split("\n"):
        if inside and text and not text.startswith(" "):
            lines += ["```", ""]
            inside = ""
        lines.append(text.removeprefix("    ") if inside else text)
        if text.endswith(":") and text.rstrip(":") in ("Bad", "Good", "Bad script", "Good script", "Script"):
            inside = "python" if "cript" in text else "yaml"
            lines.append(f"```{inside}")
    return "\n".join([*lines, "```"] if inside else lines)


def rule_list(rules: Iterable[Page], style: Style) -> Iterator[str]:
    """A line a rule: its name, how bad it is, and what it is about."""
    listed = list(rules)
    width = max(len(rule.name) for rule in listed)
    for rule in listed:
        yield f"{style.bold(f'{rule.name:<{width}}')}  {rule.severity.value:<7}  {rule.summary}"


def rules_json(pages: Iterable[Page]) -> str:
    """Every name of a finding, for programs."""
    rules = [
        {"name": page.name, "severity": page.severity.value, "summary": page.summary, "source": page.source}
        for page in pages
    ]
    return json.dumps({"version": 1, "rules": rules}, indent=2)


def versions_json(framework: Framework) -> str:
    """Every release of a framework, for programs."""
    releases = [
        {
            "version": version,
            "pythons": list(release.pythons),
            "legacy_mode": release.legacy_mode,
            "script_mode": release.script_mode,
            "strategies": list(release.strategies),
            "patches_end": release.patches_end.isoformat() if release.patches_end else None,
        }
        for version, release in framework.releases.items()
    ]
    aliases = dict(framework.aliases)
    return json.dumps({"version": 1, "framework": framework.name, "releases": releases, "aliases": aliases}, indent=2)


def version_rows(framework: Framework) -> list[tuple[str, ...]]:
    """A row a release, after the names of the columns."""
    rows: list[tuple[str, ...]] = [("version", "short", "python", "modes", "strategies", "patches until")]
    short = {full: alias for alias, full in framework.aliases.items()}
    for version, release in framework.releases.items():
        modes = [name for name, has in (("legacy", release.legacy_mode), ("script", release.script_mode)) if has]
        until = release.patches_end
        pythons, strategies = " ".join(release.pythons), " ".join(release.strategies)
        rows.append(
            (version, short.get(version, ""), pythons, " ".join(modes), strategies, until.isoformat() if until else "")
        )
    return rows


def version_table(framework: Framework, style: Style) -> Iterator[str]:
    """A line a release."""
    rows = version_rows(framework)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for number, row in enumerate(rows):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        yield style.bold(line) if number == 0 else line
