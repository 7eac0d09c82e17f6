"""The command line: words in, exit code out. What a command prints is a view of what the library returned."""

from sagespec.cli import manifests  # isort: skip - the help lists the commands in this order
from sagespec.cli import jobs  # isort: skip
from sagespec.cli.program import app, run
from sagespec.cli.words import Code

__all__ = ["Code", "app", "jobs", "manifests", "run"]
