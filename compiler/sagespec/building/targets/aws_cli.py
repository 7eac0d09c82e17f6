"""The shell script that creates the training job with the AWS command line interface, version 1 or 2."""

from __future__ import annotations

import json
import shlex

from sagespec.building.request import Request

END = "END_OF_REQUEST"


def script(request: Request) -> str:
    """A script for any POSIX shell.

    The request stands in a here-document whose delimiter is quoted, so that the shell changes nothing in it. No line of
    JSON can be the delimiter: a line break inside of a string is written as an escape. ASCII only, because version 1
    reads files in the locale's encoding.
    """
    region = shlex.quote(request.site.region)
    return (
        "#!/bin/sh\n"
        "set -eu\n"
        f"aws sagemaker create-training-job --region {region} --cli-input-json file:///dev/stdin <<'{END}'\n"
        f"{json.dumps(request.body(), indent=2)}\n"
        f"{END}\n"
    )
