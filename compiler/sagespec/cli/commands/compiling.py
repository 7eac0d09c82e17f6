"""compile: the requests of manifests."""

from __future__ import annotations

from sagespec.building.targets import TARGETS
from sagespec.cli.arguments.table import CompileArguments
from sagespec.cli.codes import Code
from sagespec.cli.runs import accepted, compiler_of, is_refused
from sagespec.cli.terminal import complain, say, tell
from sagespec.reporting.export import fitting, line_of, needed, text_of, write_all


def compile_(given: CompileArguments) -> int:
    results = fitting(compiler_of(given, build=True, local=given.local).run(given.paths), given.target)
    if given.jsonl:
        refused = False
        for result in results:
            refused = refused or is_refused(result)
            if result.name is not None or is_refused(result):
                say(line_of(result, given.target))
        return Code.WRONG_MANIFEST if refused else Code.FINE
    requests, code = accepted(results, given)
    if code:
        return code
    if given.out is None and len(requests) != 1:
        complain(f"these paths hold {len(requests)} jobs", "give one manifest, or --jsonl, or --out DIR")
        return Code.WRONG_USAGE
    if given.out is not None:
        for written in write_all(requests, given.target, given.out):
            say(str(written))
    else:
        say(text_of(requests[0], given.target).removesuffix("\n"))
    for request in requests:
        if request.serving.model_of:
            tell(f"{request.name} is shown with the model of {request.serving.model_of}: apply takes the newest job")
    if given.target != "sagemaker" and TARGETS[given.target].creates:
        for line in needed(requests, given.out):
            tell(f"first: {line}")
    return Code.FINE
