"""What `sagespec explain` prints about one finding: what is wrong and why, a bad and a good example, the source."""

from __future__ import annotations

from sagespec.base.diagnostic import Severity
from sagespec.base.named import NamedTuple


class Page(NamedTuple):
    """One thing that a finding can be called. Its text begins with a sentence that a list of rules shows; `Bad:` and
    `Good:` are examples, and `Bad script:`, `Good script:` or `Script:` (for both) the training script with them."""

    name: str
    """Kebab-case; names the mistake, so that it reads well after "allow"."""
    severity: Severity
    source: str
    """Where the fact comes from."""
    text: str

    @property
    def page(self) -> str:
        from inspect import cleandoc

        return cleandoc(self.text)

    @property
    def summary(self) -> str:
        return self.page.partition("\n")[0]

    def example(self, title: str) -> str:
        """The YAML under `Bad:` or `Good:`, laid over the smallest manifest; or a whole manifest, where it begins with
        `apiVersion` or is not a map of fields. A second example of the same kind follows after a line `---`."""
        from textwrap import dedent

        _, found, after = self.page.partition(f"\n{title}:\n")
        lines = after.split("\n")
        end = next((number for number, line in enumerate(lines) if line and not line.startswith(" ")), len(lines))
        return dedent("\n".join(lines[:end])).strip("\n") + "\n" if found else ""

    def script(self, title: str) -> str:
        """The training script of the example `title`; empty where any will do."""
        return self.example(f"{title} script") or self.example("Script")


ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

YAML = "https://yaml.org/spec/1.2.2/"
JSON = "https://www.rfc-editor.org/rfc/rfc8259"
JINJA = "https://jinja.palletsprojects.com/en/stable/"
CREATE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html"
OURS = "the manifest language, sagespec/v1"
