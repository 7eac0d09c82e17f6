"""compile: the requests of manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagespec.building.targets import TARGETS
from sagespec.cli.codes import Code
from sagespec.cli.commands.checking import CompileArguments
from sagespec.cli.runs import accepted, compiler_of, is_refused, refuse_unwritable
from sagespec.cli.terminal import print_error, print_result, print_status
from sagespec.reporting.export import fitted, line_of, needed, text_of, write_all

if TYPE_CHECKING:
    from sagespec.pipeline import Compiler, Result


def compile_(given: CompileArguments) -> int:
    refuse_unwritable(given.out)
    compiler = compiler_of(given, build=True, local=given.local)
    if given.jsonl:
        return _lines(compiler, given)
    results = (fitted(result, given.target) for result in compiler.run(given.paths))
    requests, code = accepted(results, given)
    if code:
        return code
    if given.out is None and len(requests) != 1:
        print_error(f"these paths hold {len(requests)} jobs", "give one manifest, or --jsonl, or --out DIR")
        return Code.WRONG_USAGE
    if given.out is not None:
        for written in write_all(requests, given.target, given.out):
            print_result(str(written))
    else:
        print_result(text_of(requests[0], given.target).removesuffix("\n"))
    for request in requests:
        if request.serving.model_of:
            print_status(
                f"{request.name} is shown with the model of {request.serving.model_of}: apply takes the newest job"
            )
    if given.target != "sagemaker" and TARGETS[given.target].creates:
        for line in needed(requests, given.out):
            print_status(f"first: {line}")
    return Code.FINE


def _lines(compiler: Compiler, given: CompileArguments) -> Code:
    """One line a job, as they come."""
    from sagespec.pipeline.spreading import spread

    def line(result: Result) -> tuple[bool, str | None]:
        result = fitted(result, given.target)
        refused = is_refused(result)
        return refused, line_of(result, given.target) if result.name is not None or refused else None

    code = Code.FINE
    for refused, text in spread(compiler, given.paths, line):
        if text is not None:
            print_result(text)
        if refused:
            code = Code.WRONG_MANIFEST
    return code
