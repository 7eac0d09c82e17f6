"""`init`: a manifest and a script to start from."""

from __future__ import annotations

import re
from pathlib import Path

from sagespec.base.errors import SagespecError
from sagespec.base.files import data_folder, write_whole

_SCHEMA = re.compile(r"\$schema=schemas/(\S+)")
"""What a manifest's first line names, so that the editor helps from the first minute."""

README = "README.md"
"""What a repository has already: it stays as it is."""

TEMPLATES: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("script", "keras", "legacy", "distributed", "pipe")},
    **{name: (name,) for name in ("pytorch", "huggingface", "sklearn", "xgboost")},
    "endpoint": ("keras", "endpoint"),
}
"""Template → its folders in templates/init; a later one's files take the place of an earlier one's."""


class Taken(SagespecError):
    """A file that would be written is there already."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(str(path))


def scaffold(folder: Path, template: str) -> list[Path]:
    """Writes a template's files into a folder; the job is named after the folder.

    Raises:
        Taken: one of the files exists; nothing has been written.
    """
    from jinja2 import Environment, StrictUndefined

    if folder.exists() and not folder.is_dir():
        raise Taken(folder)
    targets = {path: folder / name for name, path in sorted(_files(template).items())}
    targets = {path: target for path, target in targets.items() if target.name != README or not target.exists()}
    taken = next((target for target in targets.values() if target.exists()), None)
    if taken is not None:
        raise Taken(taken)
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 - YAML and Python
    schemas: dict[str, Path] = {}
    for path, target in targets.items():
        text = path.read_text(encoding="utf-8")
        rendered = environment.from_string(text).render(name=_name(folder)) if path.suffix == ".j2" else text
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, rendered)
        schemas |= {name: folder / "schemas" / name for name in _SCHEMA.findall(rendered)}
    for name, schema in schemas.items():
        schema.parent.mkdir(exist_ok=True)
        write_whole(schema, (data_folder("schemas") / name).read_text(encoding="utf-8"))
    return [*targets.values(), *schemas.values()]


def _files(template: str) -> dict[str, Path]:
    """Where a file of a template goes → where it lies. Installers compile every .py of a package."""
    found: dict[str, Path] = {}
    for source in (data_folder("templates") / "init" / name for name in TEMPLATES[template]):
        files = [path for path in source.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]
        found |= {path.relative_to(source).as_posix().removesuffix(".j2"): path for path in files}
    return found


def _name(folder: Path) -> str:
    """A job's name made of a folder's."""
    words = re.findall(r"[a-zA-Z0-9]+", folder.resolve().name)
    return "-".join(words)[:48].strip("-") or "train"
