"""A page about a finding that no rule makes: the reader, the model or the compiler does."""

from __future__ import annotations

import inspect
import textwrap
from typing import NamedTuple

from sagespec.base.diagnostic import Severity


class Page(NamedTuple):
    """What `sagespec explain` prints, with the interface of a rule."""

    name: str
    severity: Severity
    source: str
    text: str

    @property
    def page(self) -> str:
        return inspect.cleandoc(self.text)

    @property
    def summary(self) -> str:
        return self.page.partition("\n")[0]

    def example(self, title: str) -> str:
        """The lines under `Bad:` or `Good:`, as they are written: they take the place of the same fields of a
        manifest, or are a whole one where they begin with `apiVersion` or are no map of fields."""
        _, found, after = self.page.partition(f"\n{title}:\n")
        lines = after.split("\n")
        end = next((number for number, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
        return textwrap.dedent("\n".join(lines[:end])).strip("\n") + "\n" if found else ""


ERROR, WARNING = Severity.ERROR, Severity.WARNING

YAML = "https://yaml.org/spec/1.2.2/"
JSON = "https://www.rfc-editor.org/rfc/rfc8259"
JINJA = "https://jinja.palletsprojects.com/en/stable/"
API = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html"
OURS = "the manifest language, sagespec/v1"
