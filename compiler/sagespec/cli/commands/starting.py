"""The commands that write a first manifest: init, import."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sagespec.cli.arguments.table import ImportArguments, InitArguments, Rendering
from sagespec.cli.codes import Code
from sagespec.cli.services import jobs_of
from sagespec.cli.terminal import complain, say, tell

if TYPE_CHECKING:
    from sagespec.importing import Draft


def init(given: InitArguments) -> Code:
    from sagespec.reporting.scaffold import Taken, scaffold

    try:
        written = scaffold(given.folder, given.template)
    except Taken as taken:
        complain(f"{taken.path} is there already", "give another folder")
        return Code.WRONG_USAGE
    for path in written:
        say(str(path))
    manifest = given.folder / "train.yaml"
    tell(f"\nNext: sagespec validate {manifest}\n      sagespec apply --local --provision --wait {manifest}")
    return Code.FINE


def import_(given: ImportArguments) -> Code:
    from sagespec.importing import Unreadable

    if (given.source is None) == (given.file is None):
        complain("one thing can be imported at a time", "give a job's name, a script, a notebook, or --file JSON")
        return Code.WRONG_USAGE
    try:
        drafts = drafts_of(given.source, given.file)
    except Unreadable as error:
        complain(error.message, error.hint)
        return Code.WRONG_MANIFEST
    except (OSError, UnicodeDecodeError) as error:
        complain(f"{given.file or given.source} cannot be read: {error}")
        return Code.WRONG_USAGE
    say("---\n".join(draft.text for draft in drafts).removesuffix("\n"))
    for line in (line for draft in drafts for line in draft.left):
        tell(line)
    return Code.FINE if all(draft.complete for draft in drafts) else Code.WRONG_MANIFEST


def drafts_of(source: str | None, file: Path | None) -> Sequence[Draft]:
    from sagespec.catalog import facts
    from sagespec.importing import code_of, from_description, from_source, json_of

    if file is not None:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        return [from_description(json_of(text, str(file)), facts())]
    name = source or ""
    if name.endswith((".py", ".ipynb")):
        return from_source(code_of(Path(name).read_text(encoding="utf-8"), name), facts())
    (job,) = jobs_of([name], Rendering({}))
    seen = job.service.describe(job.name)
    return [from_description(seen.body, facts(), seen.tags)]
