"""The schemas of our files, as files. They say what this version of sagespec knows, and nothing of a project: they
are made when sagespec is (`reporting/schema/`), and come with it; everybody gets copies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from sagespec.base.files import data_folder

_OF_THE_API = re.compile(r"(create|update)-")
"""How the names of the schemas of requests begin, which lie beside ours: with the operation's verb."""


def write_schemas(folder: Path) -> list[Path]:
    """Writes every schema into `folder`, which is made where it is missing. Returns the files' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = _texts(folder)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def stale(folder: Path) -> list[str]:
    """Names of the schema files in `folder` that are missing, or differ from what would be written."""
    return [
        name
        for name, text in _texts(folder).items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def _texts(folder: Path) -> Mapping[str, str]:
    """Name → content; made anew for the very folder that the copies are of."""
    home = data_folder("schemas")
    if folder.is_dir() and folder.samefile(home):
        from sagespec.reporting.schema import made_schemas  # only who works on sagespec itself needs it

        return made_schemas()
    ours = sorted(path for path in home.glob("*.schema.json") if not _OF_THE_API.match(path.name))
    return {path.name: path.read_text(encoding="utf-8") for path in ours}
