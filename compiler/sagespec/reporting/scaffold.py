"""`init`: a manifest and a script to start from, or a manifest of a script, and what all of a project share."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from sagespec.base.errors import SagespecError
from sagespec.base.files import data_folder, write_whole
from sagespec.base.repository import repository_of

README, DEFAULTS, SCHEMAS = "README.md", "sagespec.yaml", "schemas"
_SCHEMA = re.compile(r"\$schema=\S*?([\w-]+\.schema\.json)")
"""What a file's first line names, so that the editor helps from the first minute."""

TEMPLATES: dict[str, tuple[str, ...]] = {
    **{name: (name,) for name in ("script", "keras", "legacy", "distributed", "pipe")},
    **{name: (name,) for name in ("pytorch", "huggingface", "sklearn", "xgboost")},
    "endpoint": ("keras", "endpoint"),
}
"""Template → its folders in templates/init; a later one's files take the place of an earlier one's."""
SHARED = {
    "role": "role: arn:aws:iam::123456789012:role/SageMakerRole # replace: the role that SageMaker assumes\n",
    "region": "region: us-east-1\n",
}
"""What a manifest says itself where the project's defaults, which are there already, do not."""


class Taken(SagespecError):
    """A file that would be written is there already, or is not a folder."""

    def __init__(self, path: Path, hint: str = "give another folder") -> None:
        self.path = path
        super().__init__(f"{path} is there already", hint)


@dataclass(frozen=True)
class Scaffold:
    """What was written."""

    written: list[Path]
    manifests: list[Path]


def scaffold(target: Path, template: str) -> Scaffold:
    """Writes a template's files into a folder, or its manifest under a name of its own; the job is named after it. Of
    a training script that is there, its manifest. The project's root gets one `sagespec.yaml` and one folder of
    schemas, if they are not there.

    Raises:
        Taken: one of the files exists; nothing has been written.
    """
    if target.suffix == ".py" and target.is_file():
        return of_script(target)
    folder, manifest = _place(target)
    root, values = _shared(folder, folder if manifest == "train.yaml" else target.with_suffix(""))
    files = {folder / (manifest if name == "train.yaml" else name): path for name, path in _files(template).items()}
    files = {path: source for path, source in files.items() if path.name != README or not path.exists()}
    taken = next((path for path in files if path.exists()), None)
    if taken is not None:
        raise Taken(taken)
    values["is_served"] = template == "endpoint"  # fewer versions serve than train
    texts = {path: _rendered(source, path, root, values) for path, source in sorted(files.items())}
    if manifest != "train.yaml":
        texts = {path: text.replace("train.yaml", manifest) for path, text in texts.items()}
    return _written(texts, root, values)


def of_script(script: Path) -> Scaffold:
    """Writes a manifest beside a training script: its framework, its channels, and what it takes, as far as it says.

    Raises:
        Taken: there is a manifest of that name; or the script starts jobs rather than trains.
    """
    from sagespec.base.files import DISK
    from sagespec.scripts import Scripts

    manifest = script.with_suffix(".yaml")
    if manifest.exists():
        raise Taken(manifest, f"sagespec validate {manifest} says what is wrong with it")
    found = Scripts(DISK).of(script.parent, script.name, None)
    study = found.study if found is not None else None
    imports = {name.partition(".")[0] for name in study.all_imports} if study is not None else set()
    template = next((name for module, name in _OF_IMPORTS.items() if module in imports), None)
    if template is None and "sagemaker" in imports:
        raise Taken(script, f"sagespec import {script} makes a manifest of a program that starts jobs")
    options = study.arguments.options if study is not None and study.arguments is not None else ()
    flags = {option.name for option in options if option.flags}
    root, values = _shared(script.parent, script.with_suffix(""))
    values |= {
        "framework": _framework_lines(template or "script"),
        "entry_point": script.name,
        "flags": ", ".join(sorted(o.name for o in options if o.flags and not o.variable and o.name not in _OURS)),
        "channels": sorted(name.lower() for name in study.environment.channels) if study and study.environment else (),
        "takes_model_dir": template not in (None, "script") or not flags.isdisjoint(_MODEL_DIR),
    }
    source = data_folder("templates") / "script.yaml.j2"
    return _written({manifest: _rendered(source, manifest, root, values)}, root, values)


_OF_IMPORTS = {
    "tensorflow": "script",
    "keras": "script",
    "torch": "pytorch",
    "sklearn": "sklearn",
    "xgboost": "xgboost",
}
"""Module → the template whose framework has it."""
_MODEL_DIR = frozenset({"--model_dir", "--model-dir"})
_OURS = frozenset({"--help", *_MODEL_DIR})


def _framework_lines(template: str) -> str:
    """The lines of a template that name its framework and version."""
    lines = re.findall(r"^.*?(framework(?:_version)?: .*\n)", _files(template)["train.yaml"].read_text("utf-8"), re.M)
    return "".join(lines)


def _shared(folder: Path, named: Path) -> tuple[Path, dict[str, object]]:
    """The project's root, and what manifests are filled in with: the job is called as `named` is."""
    root = _root(folder)
    above = _defaults_above(folder, root)
    shared = "" if not above else "".join(line for field, line in SHARED.items() if not _gives(above, field))
    return root, {"name": _name(named), "project": _name(root), "shared": shared, "has_defaults": bool(above)}


def _written(texts: dict[Path, str], root: Path, values: dict[str, object]) -> Scaffold:
    """Writes files, with the project's defaults and schemas where these are not there yet."""
    manifests = [path for path in texts if path.suffix == ".yaml"]
    if not values["has_defaults"]:
        texts[root / DEFAULTS] = _rendered(data_folder("templates") / "init.yaml.j2", root / DEFAULTS, root, values)
    for name in {name: None for text in texts.values() for name in _SCHEMA.findall(text)}:
        if not (root / SCHEMAS / name).exists():
            texts[root / SCHEMAS / name] = (data_folder("schemas") / name).read_text(encoding="utf-8")
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
    return Scaffold(list(texts), manifests)


def _place(target: Path) -> tuple[Path, str]:
    """(folder, what the manifest of the job is called there)."""
    if target.suffix in (".yaml", ".yml"):
        if target.exists():
            raise Taken(target, "give another name, or a folder")
        target, manifest = target.parent, target.name
    else:
        manifest = "train.yaml"
    above = next(path for path in (target, *target.absolute().parents) if path.exists())
    if not above.is_dir():
        hint = f"sagespec import {above} makes a manifest of it" if above.suffix == ".ipynb" else ""
        raise Taken(above, hint or "give a folder")
    return target, manifest


def _root(folder: Path) -> Path:
    """The project's: the repository's, or else the folder that one stands in, or else the folder itself."""
    root = repository_of(folder)
    if root is None:
        root = Path.cwd() if folder.absolute().is_relative_to(Path.cwd()) else folder
    return Path(os.path.relpath(root)) if not folder.is_absolute() else root


def _defaults_above(folder: Path, root: Path) -> list[Path]:
    """The Defaults documents that hold in a folder."""
    top = root.resolve()
    places = [place for place in (folder.resolve(), *folder.resolve().parents) if place.is_relative_to(top)]
    return [place / DEFAULTS for place in places if (place / DEFAULTS).exists()]


def _gives(defaults: list[Path], field: str) -> bool:
    """Whether one of some Defaults documents gives a value to a field."""
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in defaults)
    return any(re.search(rf"^{field}\s*:", text, re.MULTILINE) for text in texts)


def _rendered(source: Path, target: Path, root: Path, values: dict[str, object]) -> str:
    from jinja2 import Environment, StrictUndefined

    text = source.read_text(encoding="utf-8")
    if source.suffix != ".j2":
        return text
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 - YAML
    schemas = Path(os.path.relpath(root / SCHEMAS, target.parent)).as_posix()
    return environment.from_string(text).render(schemas=schemas, **values)


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
