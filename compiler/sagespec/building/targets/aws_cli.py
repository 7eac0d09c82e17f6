"""The shell script that makes the calls of a request with the AWS command line interface, version 1 or 2."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from sagespec.building.request import Request

END = "END_OF_REQUEST"


def script(request: Request) -> str:
    """A script for any POSIX shell: one command for each call of the request, in their order; the first that fails ends
    it.

    A body stands in a here-document whose delimiter is quoted, so that the shell changes nothing in it. No line of
    JSON can be the delimiter: a line break inside of a string is written as an escape. ASCII only, because version 1
    reads files in the locale's encoding.
    """
    region = shlex.quote(request.site.region)
    commands = (_command(operation, body, region) for operation, body in request.bodies().items())
    return f"#!/bin/sh\nset -eu\n{''.join(commands)}"


def _command(operation: str, body: Mapping[str, Any], region: str) -> str:
    name = "-".join(re.findall("[A-Z][a-z]+", operation)).lower()
    return (
        f"aws sagemaker {name} --region {region} --cli-input-json file:///dev/stdin <<'{END}'\n"
        f"{json.dumps(body, indent=2)}\n"
        f"{END}\n"
    )
