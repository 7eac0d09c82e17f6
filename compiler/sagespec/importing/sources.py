"""Files and folders of which manifests are made; each says by itself what it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sagespec.catalog import Facts
from sagespec.importing.draft import Imported, ManifestDraft, Remark, UnreadableProgram, named_apart
from sagespec.importing.programs import code_of, from_source
from sagespec.importing.requests import forms
from sagespec.importing.requests.hcl import blocks_of, json_with_names
from sagespec.importing.requests.open import opened
from sagespec.importing.requests.shell import calls_of
from sagespec.reading.syntax.foreign import NotData, documents
from sagespec.scripts.values.constants import Mixed, UnknownValue

HINT = (
    "give a script or notebook of the SageMaker Python SDK, what `aws sagemaker describe-training-job` prints, or a "
    "request, a Step Functions state, an Airflow config, an ACK resource or Terraform's"
)
SUFFIXES = (".py", ".ipynb", ".json", ".yaml", ".yml", ".tf", ".sh", ".asl", ".txt")
"""Of the files of a folder that are looked into."""
PASSED_OVER = frozenset({"node_modules", "site-packages", "__pycache__", "venv"})
MAX_BYTES = 20_000_000
_SIGNS = re.compile(r"sagemaker|AlgorithmSpecification|aws_sagemaker_training_job|TrainingJob", re.I)
"""What a file must speak of."""
_IMPORTED = re.compile(r"^[ \t]*(?:from|import)[ \t]+([\w.]+)", re.M)


def from_text(text: str, name: str, facts: Facts) -> Imported:
    """The manifests of one file.

    Raises:
        Unreadable: there is no training job in it.
    """
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix in ("py", "ipynb"):
        return from_source(code_of(text, name), facts, name.rpartition("/")[2], _modules(name), _package(name))
    if suffix == "tf":
        return _of_terraform(text, facts)
    if suffix == "sh" or text.startswith("#!"):
        return _of_shell(text, name, facts)
    try:
        data = documents(text)
    except NotData as error:
        if re.search(r"^\s*(?:import|from)\s+\w", text, re.M):
            return from_source(code_of(text, name), facts, name)
        raise UnreadableProgram(f"{name} is neither JSON nor YAML: {error}", HINT) from None
    return _of_data(data, name, facts)


def from_folder(folder: Path, facts: Facts) -> Iterator[tuple[Path, Imported | UnreadableProgram]]:
    """Every file below a folder that speaks of SageMaker's training jobs, and what became of it.

    A file without a training job is passed over, and so are schemas of jobs, as `init` writes them.
    """
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts
        if any(part.startswith(".") or part in PASSED_OVER for part in inner) or path.suffix.lower() not in SUFFIXES:
            continue
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            yield path, UnreadableProgram(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
            continue
        if "json-schema.org/" in text[:500] or not _may_start_jobs(text, path):
            continue
        try:
            yield path, from_text(text, str(path), facts)
        except UnreadableProgram as error:
            if not error.message.startswith("there is no") or "; " in error.message:
                yield path, error


def _may_start_jobs(text: str, path: Path) -> bool:
    """Whether a file may start a training job: it says so, or a module says so that it imports from its folder."""
    if _SIGNS.search(text) is not None:
        return True
    if path.suffix != ".py":
        return False
    read = _modules(str(path))
    stems = [name.strip(".").replace(".", "/") for name in _IMPORTED.findall(text)]
    return any(_SIGNS.search(read(f"{stem}.py") or read(f"{stem}/__init__.py") or "") for stem in stems if stem)


# Forms of one file ---------------------------------------------------------------------------------------------------


def _of_data(data: list[Any], name: str, facts: Facts) -> Imported:
    found = list(forms.jobs_in(data[0] if len(data) == 1 else data))
    return _imported(found, name, facts)


def _of_terraform(text: str, facts: Facts) -> Imported:
    found: list[forms.FoundForm | str] = []
    for block in blocks_of(text):
        where, values = f"line {block.line}", block.plain()
        if block.kind == "resource" and block.labels[:1] == ["aws_sagemaker_training_job"]:
            body, remarks = forms.of_terraform(values)
            several = [name for name in ("count", "for_each") if name in values]
            remarks += tuple(f"{name} makes any number of them" for name in several)
            found.append(forms.FoundForm(body, where, remarks))
        elif block.kind == "resource" and block.labels[:1] == ["aws_sfn_state_machine"]:
            found += _of_state_machine(values.get("definition"), where)
        elif "createTrainingJob" in str(values):
            found.append(f"{where}: createTrainingJob was seen as a Terraform expression and not taken")
    return _imported(found, "the file", facts)


def _of_state_machine(definition: Any, where: str) -> Iterator[forms.FoundForm | str]:
    """The jobs of a state machine, whose definition is a text or `jsonencode(…)`."""
    if isinstance(definition, UnknownValue) and re.match(r"(?:template)?file\(", definition.source):
        yield f"{where}: the state machine's definition is {definition.source[:80]}: import that file"
    elif isinstance(definition, UnknownValue):
        yield f"{where}: the state machine's definition is not known: {definition.source[:80]}"
    elif isinstance(definition, str | Mixed):
        try:
            data = json_with_names(definition)
        except ValueError as error:
            yield f"{where}: the state machine's definition is not JSON: {error}"
            return
        yield from _placed(data, where)
    else:
        yield from _placed(definition, where)


def _placed(data: Any, where: str) -> Iterator[forms.FoundForm | str]:
    for one in forms.jobs_in(data):
        yield one._replace(where=where) if isinstance(one, forms.FoundForm) else f"{where}: {one}"


def _of_shell(text: str, name: str, facts: Facts) -> Imported:
    """Calls of the AWS CLI."""
    found: list[forms.FoundForm | str] = []
    for call in calls_of(text, _beside(name)):
        where = f"line {call.line}"
        if call.body is None:
            found += [f"{where}: {remark}" for remark in call.remarks or ("a call of which nothing is known",)]
        else:
            found.append(forms.FoundForm(call.body, where, call.remarks, call.region))
    return _imported(found, name, facts)


def _beside(name: str) -> Callable[[str], str | None]:
    """Reads files that a file names, beside it."""

    def read(path: str) -> str | None:
        place = Path(name).parent / path
        try:
            return place.read_text(encoding="utf-8") if place.stat().st_size <= MAX_BYTES else None
        except (OSError, ValueError):
            return None

    return read


def _modules(name: str) -> Callable[[str], str | None]:
    """Reads modules as a program's folder has them, or the folder that its package lies in."""
    folder = Path(name).absolute().parent

    def read(path: str) -> str | None:
        first = path.partition("/")[0]
        roots = [folder, *(root for root in folder.parents if (root / first) in (folder, *folder.parents))]
        texts = (_beside(str(root / "program.py"))(path) for root in roots)
        return next((text for text in texts if text is not None), None)

    return read


def _package(name: str) -> str:
    """The package that a program lies in; nothing where it lies in none."""
    folder, steps = Path(name).absolute().parent, list[str]()
    while (folder / "__init__.py").is_file():
        steps, folder = [folder.name, *steps], folder.parent
    return ".".join(steps)


def _imported(found: list[forms.FoundForm | str], name: str, facts: Facts) -> Imported:
    drafts: list[ManifestDraft] = []
    remarks = [Remark("", one) for one in found if isinstance(one, str)]
    jobs = [one for one in found if isinstance(one, forms.FoundForm)]
    for job in jobs:
        try:
            draft = opened(job.body, facts)
        except UnreadableProgram as error:
            if len(found) == 1:
                raise
            remarks.append(Remark(job.where, error.message))
            continue
        data = dict(draft.data)
        if job.region and "region" not in data:
            data["region"] = job.region
        drafts.append(replace(draft, data=data, remarks=(*draft.remarks, *job.remarks), where=job.where))
    if not drafts:
        notes = "; ".join(map(str, remarks))
        raise UnreadableProgram(f"there is no training job in {name}{f'; {notes}' if notes else ''}", HINT)
    return Imported(named_apart(drafts), remarks)
