"""Files and folders of which manifests are made; each says by itself what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from sagespec.catalog import Facts
from sagespec.importing.draft import Imported, ManifestDraft, Remark, UnreadableProgram, named_apart
from sagespec.importing.programs import code_of, from_source
from sagespec.importing.requests import forms
from sagespec.importing.requests.hcl import blocks_of
from sagespec.importing.requests.open import opened
from sagespec.reading.foreign import NotData, documents

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
_HERE_DOCUMENT = re.compile(r"create-training-job\b[^\n]*<<-?\s*(['\"]?)(\w+)\1[^\n]*\n(.*?)^\s*\2\s*$", re.S | re.M)
_QUOTED = re.compile(r"--cli-input-(?:json|yaml)\s+'([^']*)'")
_FILE = re.compile(r"create-training-job\b(?:[^\n]*\\\n)*[^\n]*--cli-input-(?:json|yaml)\s+['\"]?file://([^\s'\"\\]+)")


def from_text(text: str, name: str, facts: Facts) -> Imported:
    """The manifests of one file.

    Raises:
        Unreadable: there is no training job in it.
    """
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if suffix in ("py", "ipynb"):
        return from_source(code_of(text, name), facts, name.rpartition("/")[2])
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

    A file without a training job is passed over.
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
            yield path, UnreadableProgram(f"{path} cannot be read: {error}")
            continue
        if _SIGNS.search(text) is None:
            continue
        try:
            yield path, from_text(text, str(path), facts)
        except UnreadableProgram as error:
            if not error.message.startswith("there is no") or "; " in error.message:
                yield path, error


# Forms of one file ---------------------------------------------------------------------------------------------------


def _of_data(data: list[Any], name: str, facts: Facts) -> Imported:
    found = list(forms.jobs_in(data[0] if len(data) == 1 else data))
    return _imported(found, name, facts)


def _of_terraform(text: str, facts: Facts) -> Imported:
    found: list[forms.FoundForm | str] = []
    for block in blocks_of(text):
        if block.kind != "resource" or block.labels[:1] != ["aws_sagemaker_training_job"]:
            if "createTrainingJob" in str(block.plain()):
                found.append(f"line {block.line}: a state machine in Terraform's words was seen and not taken")
            continue
        values = block.plain()
        body, remarks = forms.of_terraform(values)
        several = [name for name in ("count", "for_each") if name in values]
        remarks += tuple(f"{name} makes several of it, or none" for name in several)
        found.append(forms.FoundForm(body, f"line {block.line}", remarks))
    return _imported(found, "the file", facts)


def _of_shell(text: str, name: str, facts: Facts) -> Imported:
    """Calls of the AWS CLI."""
    found: list[forms.FoundForm | str] = []
    taken = 0
    for pattern, group in ((_HERE_DOCUMENT, 3), (_QUOTED, 1)):
        for each in pattern.finditer(text):
            line = text.count("\n", 0, each.start()) + 1
            region = re.search(r"--region[ =](\S+)", text[each.start() : each.end()].split("\n")[0])
            try:
                data = documents(each[group])
            except NotData as error:
                found.append(f"line {line}: the request is neither JSON nor YAML: {error}")
                continue
            taken += 1
            for one in forms.jobs_in(data[0] if len(data) == 1 else data):
                known = isinstance(one, forms.FoundForm)
                found.append(one._replace(where=f"line {line}", region=region[1] if region else None) if known else one)  # type: ignore[union-attr]
    for each in _FILE.finditer(text):
        if not each[1].startswith("/dev/"):
            line = text.count("\n", 0, each.start()) + 1
            found.append(f"line {line}: the request is in the file {each[1]}: import that file")
            taken += 1
    calls = len(re.findall(r"^[^#\n]*\bcreate-training-job\b", text, re.M))
    if calls > taken:
        found.append(f"{calls - taken} call(s) of create-training-job whose request is no JSON were not taken")
    return _imported(found, name, facts)


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
        told = "; ".join(map(str, remarks))
        raise UnreadableProgram(f"there is no training job in {name}{f'; {told}' if told else ''}", HINT)
    return Imported(named_apart(drafts), remarks)
