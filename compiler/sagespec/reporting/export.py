"""Requests in the form in which other tools take them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sagespec.base.diagnostic import Diagnostic, Severity, limited
from sagespec.base.files import write_whole
from sagespec.building.request import Request, Upload
from sagespec.building.targets import TARGETS
from sagespec.kinds import Kind, kind_named
from sagespec.pipeline import Result
from sagespec.reporting.findings.diagnostics import as_data


def fitted(result: Result, target: str) -> Result:
    """The result; a job that the target has no form for is refused, with everything that stands against it."""
    found = tuple(_against(result, target))
    return result._replace(diagnostics=(*result.diagnostics, *found), request=None) if found else result


def _against(result: Result, target: str) -> Iterator[Diagnostic]:
    if target == "sagemaker" or result.request is None or result.rendered is None:
        return
    manifest = result.rendered
    if result.request.site.local:
        message = f"the job is to run on this machine, so nothing else can create it ({target})"
        hint = "give an instance type of SageMaker's, such as ml.m5.xlarge"
        place = manifest.where(("instance_type",))
        yield Diagnostic(place, Severity.ERROR, "not-in-target", message, hint, field=("instance_type",))
        return
    if not TARGETS[target].takes(result.request):
        able = [name for name, each in TARGETS.items() if each.takes(result.request)]
        kind_name = result.request.kind
        article = "an" if kind_name[0] in "AEIOU" else "a"
        message = f"{article} {kind_name} cannot be written as {target} takes it"
        hint = f"take one of the targets {', '.join(able)}"
        yield Diagnostic(manifest.where(("kind",)), Severity.ERROR, "not-in-target", message, hint, field=("kind",))
        return
    models = [upload for upload in result.request.uploads if upload.kind == "model"]
    if models:
        message = "the model is packed anew with its code, which only sagespec apply does"
        hint = "pack code/inference.py into the model's archive when it is trained, and leave entry_point out"
        place = manifest.where(("entry_point",))
        yield Diagnostic(place, Severity.ERROR, "not-in-target", message, hint, field=("entry_point",))
        return
    kind, (call, *_), body = kind_named(result.request.kind), result.request.calls, result.request.body()
    for path, reason in TARGETS[target].refused(body):
        field = _field(kind, call.operation, body, path)
        where = (field,) if field in manifest.data else ("request",) if "request" in manifest.data else ()
        message = f"{'.'.join(map(str, path))} {reason}"
        hint = f"take it out, or create the job in another way: sagespec apply {result.manifest}"
        yield Diagnostic(manifest.where(where), Severity.ERROR, "not-in-target", message, hint, field=where)


def _field(kind: Kind, operation: str, body: Mapping[str, Any], path: tuple[str | int, ...]) -> str | None:
    """The field that sets a member, or the first thing in it that a field sets."""
    value: Any = body
    for step in path:
        value = value[step]
    found = kind.field_of(operation, path)
    while found is None and isinstance(value, Mapping) and value:
        step, value = next(iter(value.items()))
        path = (*path, step)
        found = kind.field_of(operation, path)
    return found


def text_of(request: Request, target: str) -> str:
    form = TARGETS[target]
    return form.text(form.data(request))


_LINE = json.JSONEncoder(check_circular=False)
"""A request has been walked through already: it does not hold itself."""


def line_of(result: Result, target: str) -> str:
    """One line of `compile --jsonl`."""
    request = result.request
    if request is None:
        found = [as_data(each) for each in limited(result.diagnostics)]
        return _LINE.encode({"manifest": result.manifest, "diagnostics": found})
    data = TARGETS[target].data(request)
    output: dict[str, Any] = {"target": target, "output": data}
    if target == "sagemaker":
        output = {"requests" if len(request.calls) > 1 else "request": data}
    return _LINE.encode({"manifest": result.manifest, "name": result.name, **output})


def write_all(requests: Sequence[Request], target: str, folder: Path) -> Iterator[Path]:
    """One file a job; where another tool creates the jobs, also the source archives, which that tool will not make.

    Raises:
        ArchiveError: the source files were changed meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for request in requests:
        path = folder / f"{request.name}{TARGETS[target].suffix}"
        write_whole(path, text_of(request, target))
        yield path
        for upload in request.uploads if target != "sagemaker" and TARGETS[target].creates else ():
            if upload.kind == "code":
                archive = _archive(folder, upload)
                archive.parent.mkdir(parents=True, exist_ok=True)
                with archive.open("wb") as file:
                    upload.content.pack(file)
                yield archive


def needed(requests: Iterable[Request], folder: Path | None) -> Iterator[str]:
    """What must lie in S3 before another tool creates the jobs, each thing once: a command where one does it.

    Args:
        folder: where `write_all` has put the archives; None where it has not.
    """
    uploads = {upload.uri: upload for request in requests for upload in request.uploads}
    for uri, upload in uploads.items():
        if upload.kind == "data":
            every, end = ("--recursive ", "") if upload.path.is_dir() else ("", upload.path.name)
            yield f"aws s3 cp {every}{shlex.quote(str(upload.path))} {shlex.quote(uri + end)}"
        elif folder is not None:
            archive = _archive(folder, upload)
            yield f"aws s3 cp {shlex.quote(str(archive))} {shlex.quote(uri)}"
        else:
            yield f"{uri} (with --out DIR the archive is written, too)"


def _archive(folder: Path, upload: Upload) -> Path:
    return folder / "code" / upload.sha256 / "sourcedir.tar.gz"
