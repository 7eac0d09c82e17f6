"""A script or notebook of the SageMaker Python SDK → a manifest for each of its jobs and endpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sagespec.catalog import Facts
from sagespec.importing.draft import Imported, ManifestDraft, Remark, UnreadableProgram, named_apart
from sagespec.importing.following.interpreter import Interpreter
from sagespec.importing.following.library import Start
from sagespec.importing.following.modules import Read
from sagespec.importing.following.sdk import LAUNCHERS, MODELS, OTHER_MODELS, WITHOUT_FORM
from sagespec.importing.following.values import Text, TrainedModel, kept
from sagespec.importing.programs.endpoint import endpoint_of
from sagespec.importing.programs.manifest import draft_of
from sagespec.importing.programs.matrix import folded
from sagespec.importing.programs.notebook import NotebookCode, from_script, parsed
from sagespec.importing.requests.open import endpoint_of_requests, request_of
from sagespec.reading.syntax.writer import Path

HINT = (
    "give the script or notebook that has TensorFlow(...), PyTorch(...) or another estimator of sagemaker's; "
    "sagespec init SCRIPT.py writes a manifest of a training script"
)


_SIGNS = re.compile(
    rf"\b(?:{'|'.join(sorted(LAUNCHERS | WITHOUT_FORM | MODELS | OTHER_MODELS))}"
    r"|\b(?:create_\w*training_job|create_hyper_parameter_tuning_job|create_endpoint)|SageMakerTrainingOperator)\b|\.\s*(?:fit|deploy)\b"
)
"""One of these stands in every program that starts a training job, or creates an endpoint."""


def from_source(
    source: str | NotebookCode, facts: Facts, name: str = "program.py", read: Read | None = None, package: str = ""
) -> Imported:
    """A manifest for every job that a script starts and for every endpoint that it creates, in the order of the text.

    Args:
        read: reads the modules of its folder that it imports.
        package: the package that it lies in, if any.

    Raises:
        Unreadable: this is not Python, or starts no training job and creates no endpoint.
    """
    code = from_script(source) if isinstance(source, str) else source
    if _SIGNS.search(code.text) is None and read is None:
        _refuse(list(code.remarks))
    tree = parsed(code.text)
    interpreter = Interpreter(Text(code.text), name, read, package)
    try:
        interpreter.run(tree)
    except RecursionError:
        raise UnreadableProgram("this is nested too deep to be read", "give a script or a notebook") from None
    code = code._replace(of_helpers=interpreter.helpers.where, own=interpreter.code.own)
    remarks = [*code.remarks, *(Remark(code.where(one.line), one.text, one.left) for one in interpreter.remarks)]
    if interpreter.is_exhausted:
        remarks.append(Remark("", "the program is too long to be followed to its end: jobs may be missing"))
    starts = [*interpreter.starts, *_never_started(interpreter)]
    starts.sort(key=lambda start: start.line)
    if not starts and not interpreter.deployments:
        _refuse(remarks)
    groups = folded([(start, _draft(start, facts, code)) for start in starts])
    jobs = named_apart([draft for draft, _ in groups])
    of = {id(start): job for job, (_, together) in zip(jobs, groups, strict=True) for start in together}
    served = []
    for start in interpreter.deployments:
        try:
            served.append(_served(start, starts, of, code, facts))
        except UnreadableProgram as error:
            what = f"create_endpoint(...) was seen and not taken: {error.message}"
            remarks.append(Remark(code.where(start.line), what))
    if not jobs and not served:
        _refuse(remarks)
    return Imported([_placed(draft, code) for draft in (*jobs, *named_apart(served))], remarks)


def _served(
    start: Start, starts: Sequence[Start], jobs: Mapping[int, ManifestDraft], code: NotebookCode, facts: Facts
) -> ManifestDraft:
    """An endpoint's manifest; the manifest of the job whose model it serves is known by then."""
    if start.made is None:
        return endpoint_of_requests(start, facts, code.where(start.line))
    model = start.made.given.get("model_data") if start.made is not None else None
    trainer = model.estimator if isinstance(model, TrainedModel) else start.origin
    job = start.serves or next((one for one in starts if one.origin is trainer), None)
    return endpoint_of(start, None if job is None else jobs.get(id(job)), code.where(start.line))


def _draft(start: Start, facts: Facts, code: NotebookCode) -> ManifestDraft:
    where = code.where(start.line)
    return request_of(start, facts, where) if start.made is None else draft_of(start, facts, where)


def _placed(draft: ManifestDraft, code: NotebookCode) -> ManifestDraft:
    """Lines that remarks speak of, in the words of the source."""

    def placed(text: str) -> str:
        return re.sub(r"\(line (\d+)\)", lambda found: f"({code.where(int(found[1]))})", text)

    notes: dict[Path, str] = dict(draft.notes)
    return replace(draft, remarks=tuple(map(placed, draft.remarks)), notes=notes)


def _never_started(interpreter: Interpreter) -> list[Start]:
    """Estimators without a `fit` that can be seen: what they are started with is not known."""
    started = {id(start.origin) for start in interpreter.starts}
    sites = {id(start.origin.node) for start in interpreter.starts if start.origin is not None}
    found: dict[int, Start] = {}
    for made in interpreter.made:
        if id(made) in started or (id(made.node) in sites and made.cls is None):
            continue
        handed = interpreter.handed.get(id(made), ())
        line = interpreter.line(made.node)
        why = f"no start of it can be seen: its channels are not known (line {line})"
        concerns = (why, *(f"it is passed to {text}" for text in handed))
        now = replace(made, given=kept(made.given, {}))
        found[id(made.node)] = Start(now, {}, (), made.node, line, concerns=concerns, origin=made)
    return list(found.values())


def _refuse(remarks: list[Remark]) -> None:
    left = [remark for remark in remarks if remark.left] or remarks
    if left:
        first = left[0]
        cell = first.where.startswith("cell") and "not Python" in first.text
        message = (
            f"{first.where} is not Python: {first.text.partition(': ')[2].partition(';')[0]}"
            if cell
            else (f"there is nothing here that can be imported; {first}")
        )
        hint = "put versions in quotes: '1.10.0'" if cell and "version" in message else HINT
        raise UnreadableProgram(message, hint)
    raise UnreadableProgram("there is no estimator here", HINT)
