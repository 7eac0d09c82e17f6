"""The commands that write a first manifest: init, import."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sagespec.cli.codes import Code
from sagespec.cli.commands import Rendering
from sagespec.cli.commands.checking import ImportArguments, InitArguments
from sagespec.cli.runs import refuse_unwritable
from sagespec.cli.services import jobs_of, service_pool
from sagespec.cli.terminal import print_error, print_result, print_status

if TYPE_CHECKING:
    from sagespec.deploying.services import EndpointService
    from sagespec.importing import Imported, ManifestDraft, UnreadableProgram


def init(given: InitArguments) -> Code:
    from sagespec.reporting.scaffold import Taken, scaffold

    try:
        made = scaffold(given.folder, given.template)
    except Taken as taken:
        print_error(taken.message, taken.hint)
        return Code.WRONG_USAGE
    for path in made.written:
        print_result(str(path))
    one = made.manifests[0] if len(made.manifests) == 1 else made.manifests[0].parent
    command = shlex.quote(str(one))
    print_status(
        f"\nNext: sagespec validate {command}\n"
        f"      sagespec plan --offline {command}\n"
        f"      sagespec apply --local --provision --wait {command}"
    )
    return Code.FINE


def import_(given: ImportArguments) -> Code:
    from sagespec.importing import UnreadableProgram

    if sum(one is not None for one in (given.source, given.file, given.endpoint)) != 1:
        hint = "give a job's name, a file, a folder, --file FILE, or --endpoint NAME"
        print_error("one thing can be imported at a time", hint)
        return Code.WRONG_USAGE
    if given.out is None and given.source is not None and Path(given.source).is_dir():
        print_error(f"{given.source} is a folder, which may hold many jobs", "say where to write them: --out DIR")
        return Code.WRONG_USAGE
    refuse_unwritable(given.out)
    try:
        found = found_in(given)
        return shown(found, given)
    except UnreadableProgram as error:
        print_error(error.message, error.hint)
        return Code.WRONG_MANIFEST
    except (OSError, UnicodeDecodeError) as error:
        print_error(f"{given.file or given.source} cannot be read: {getattr(error, 'strerror', None) or error}")
        return Code.WRONG_USAGE


def found_in(given: ImportArguments) -> list[tuple[str, Imported | UnreadableProgram]]:
    """What there is in a file, in every file of a folder, or in a training job of the service."""
    from sagespec.catalog import facts
    from sagespec.importing import Imported, from_description, from_folder, from_text

    if given.endpoint is not None:
        return [(given.endpoint, Imported([endpoint_manifest(given.endpoint)]))]
    if given.file is not None and str(given.file) == "-":
        return [("-", from_text(sys.stdin.read(), "standard input", facts()))]
    path = given.file if given.file is not None else Path(given.source or "")
    if path.is_dir():
        return [(str(each), found) for each, found in from_folder(path, facts())]
    if given.file is not None or path.is_file() or path.suffix in FILES:
        return [(str(path), from_text(path.read_text(encoding="utf-8"), str(path), facts()))]
    (job,) = jobs_of([str(path)], Rendering({}))
    seen = job.service.describe(job.name)
    return [(str(path), Imported([from_description(seen.body, facts(), seen.tags)]))]


def endpoint_manifest(name: str) -> ManifestDraft:
    """The manifest of an endpoint of the service.

    Raises:
        NoSuchJob: there is none of that name. Unreadable: there are no words for it.
    """
    from sagespec.building.request import Destination, Request
    from sagespec.catalog import facts
    from sagespec.deploying.services import NoSuchJob
    from sagespec.importing import from_endpoint
    from sagespec.kinds.lifecycle import Nature

    site = Destination(os.environ.get("AWS_REGION", ""), None)
    service = cast("EndpointService", service_pool().service(site, Nature.STAYS))
    seen = next(iter(service.observe([Request("Endpoint", name, name, (), {}, site)])), None)
    if seen is None:
        raise NoSuchJob(f"there is no endpoint {name} on {service.name}", "check the name and the region")
    return from_endpoint(seen.body, seen.config_body, seen.model_body, seen.tags, facts())


FILES = (".py", ".ipynb", ".json", ".yaml", ".yml", ".tf", ".sh")
"""Ends of names that are files, whether they are there or not."""


def shown(found: Sequence[tuple[str, Imported | UnreadableProgram]], given: ImportArguments) -> Code:
    from sagespec.importing import UnreadableProgram
    from sagespec.reporting.imported import report

    if given.report:
        print_result(report(found, given.format).removesuffix("\n"))
    elif given.out is None:
        print_result(
            "---\n".join(one.text for _, one in found if not isinstance(one, UnreadableProgram)).removesuffix("\n")
        )
    if given.out is not None:
        written(found, given.out, quiet=given.report)
    for name, one in found:
        front = f"{name}: " if len(found) > 1 else ""
        if isinstance(one, UnreadableProgram):
            print_error(f"{front}{one.message}")
            continue
        for line in one.left:
            print_status(f"{front}{line}")
    if not found:
        print_error(
            f"there is no training job below {given.source}", "give a folder with scripts, notebooks or requests"
        )
        return Code.WRONG_MANIFEST
    whole = all(not isinstance(one, UnreadableProgram) and one.complete for _, one in found)
    return Code.FINE if whole else Code.WRONG_MANIFEST


def written(found: Sequence[tuple[str, Imported | UnreadableProgram]], folder: Path, *, quiet: bool) -> None:
    """One manifest a job, in a folder; what is there already stays."""
    from sagespec.base.files import write_whole
    from sagespec.importing import UnreadableProgram
    from sagespec.importing.draft import moved

    folder.mkdir(parents=True, exist_ok=True)
    taken: set[Path] = set()
    for name, one in found:
        for draft in () if isinstance(one, UnreadableProgram) else one.drafts:
            stem = re.sub(r"\{\{.*?\}\}", "", str(draft.data["name"])).strip("-")
            if len(found) > 1:
                stem = f"{Path(name).stem}-{stem}" if Path(name).stem != stem else stem
            path, number = folder / f"{stem}.yaml", 1
            while path.exists() or path in taken:
                number += 1
                path = folder / f"{stem}-{number}.yaml"
            taken.add(path)
            home = os.path.relpath(Path(name).parent if name != "-" else Path(), folder)
            write_whole(path, draft.text if home == "." else moved(draft, Path(home).as_posix()).text)
            if not quiet:
                print_result(str(path))
