"""The command that asks an endpoint."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sagespec.base.files import replace_whole, unwritable
from sagespec.cli.codes import Code, WrongUsage
from sagespec.cli.commands.deploying import InvokeArguments
from sagespec.cli.services import is_local, requests_of, service_pool
from sagespec.deploying.asking import Unsendable, ask, content_type_of
from sagespec.deploying.planning.plan import nature_of
from sagespec.kinds.lifecycle import Nature

if TYPE_CHECKING:
    from sagespec.deploying.services import EndpointService


def invoke(given: InvokeArguments) -> Code:
    why = unwritable(given.out)
    if why:
        raise WrongUsage(f"--out {given.out}: {why}")
    name, service = endpoint_of(given)
    payload = _payload(given.data)
    content_type = given.content_type or content_type_of(given.data or "")
    try:
        answer = ask(service, name, payload, content_type, given.accept or "", given.attributes or "")
    except Unsendable as error:
        raise WrongUsage(error.message, error.hint) from error
    if given.out is not None:
        given.out.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(given.out, answer.body, 0o644)
        return Code.FINE
    sys.stdout.flush()
    sys.stdout.buffer.write(answer.body)
    if answer.body[-1:] not in (b"", b"\n") and _is_text(answer.content_type):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()
    return Code.FINE


def endpoint_of(given: InvokeArguments) -> tuple[str, EndpointService]:
    """(name, who has it) of the endpoint that is meant.

    Raises:
        WrongUsage: the manifest has none, or several.
    """
    from sagespec.building.request import Destination

    pool = service_pool()
    if not (Path(given.name).exists() or given.name.endswith((".yaml", ".yml"))):
        here = given.local or is_local(given.name)
        site = Destination("" if here else given.region or os.environ.get("AWS_REGION", ""), None, here)
        return given.name, cast("EndpointService", pool.service(site, Nature.STAYS))
    requests = requests_of(given.name, given, local=given.local)
    endpoints = [request for request in requests if nature_of(request) is Nature.STAYS]
    if len(endpoints) != 1:
        names = ", ".join(request.name for request in endpoints)
        what = f"{len(endpoints)} endpoints ({names})" if endpoints else "no endpoint"
        raise WrongUsage(f"{given.name} has {what}", "give the name of one, or a manifest with one")
    [request] = endpoints
    return request.name, cast("EndpointService", pool.of(request))


def _payload(data: str | None) -> bytes:
    if data is None or data == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(data).read_bytes()
    except OSError as error:
        hint = "give a file that holds the request, or - for standard input"
        raise WrongUsage(f"{data} cannot be read: {error.strerror}", hint) from error


def _is_text(content_type: str) -> bool:
    return content_type.startswith(("text/", "application/json"))
