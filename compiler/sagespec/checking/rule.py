"""A rule: one function that names a mistake, with its page in its docstring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from sagespec.base.diagnostic import Finding, Severity
from sagespec.kinds.training_job.case import Case

Check: TypeAlias = Callable[[Case], Iterator[Finding]]


class Rule(NamedTuple):
    """What is wrong, how bad it is, and where the fact comes from."""

    name: str
    """Kebab-case; names the mistake, so that it reads well after "allow"."""
    severity: Severity
    source: str
    check: Check
    given: frozenset[str] = frozenset()
    """Where none of these is written, the rule has nothing to say and is not asked; empty: it is always asked.
    Fields, members of channels (`channels.path`), and `LEGACY`."""

    @property
    def page(self) -> str:
        """The docstring: what a person reads under `sagespec explain`."""
        from inspect import cleandoc

        return cleandoc(self.check.__doc__ or "")

    @property
    def summary(self) -> str:
        return self.page.partition("\n")[0]

    def script(self, title: str) -> str:
        """The training script of an example: under `Bad script:` or `Good script:`, or under `Script:` for both."""
        return self.example(f"{title} script") or self.example("Script")

    def example(self, title: str) -> str:
        """The YAML under `Bad:` or `Good:`; laid over the smallest manifest it shows the mistake, or the cure.
        A second example of the same kind follows after a line `---`."""
        from textwrap import dedent

        lines = self.page.splitlines()
        start = next((number for number, line in enumerate(lines) if line.strip() == f"{title}:"), None)
        if start is None:
            return ""
        block: list[str] = []
        for line in lines[start + 1 :]:
            if line and not line.startswith(" "):
                break
            block.append(line)
        return dedent("\n".join(block)).strip("\n") + "\n"


def rule(severity: Severity, *, source: str, given: str = "") -> Callable[[Check], Rule]:
    """Makes a rule of a function; its name is the function's.

    Args:
        given: the words of `Rule.given`, with blanks between them.
    """

    def made(check: Check) -> Rule:
        return Rule(check.__name__.replace("_", "-"), severity, source, check, frozenset(given.split()))

    return made


ERROR, WARNING = Severity.ERROR, Severity.WARNING

API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_"
GUIDE = "https://docs.aws.amazon.com/sagemaker/latest/dg/"
SDK1 = "sagemaker 1.16.3, "
SDK2 = "sagemaker 2.257.7, "
SDK_DOC = "https://sagemaker.readthedocs.io/en/stable/frameworks/tensorflow/using_tf.html"
LEGACY_DOC = "https://github.com/aws/sagemaker-python-sdk/blob/v1.16.3/src/sagemaker/tensorflow/README.rst"
TOOLKIT = "https://github.com/aws/sagemaker-training-toolkit"
