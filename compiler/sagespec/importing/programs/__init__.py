"""Programs and notebooks of the SageMaker Python SDK → manifests. Nothing of them is run."""

from sagespec.importing.programs.notebook import NotebookCode, code_of
from sagespec.importing.programs.program import from_source

__all__ = ["NotebookCode", "code_of", "from_source"]
