"""What others have written → a manifest: training jobs that exist, and estimators of the SageMaker Python SDK."""

from sagespec.importing.describe import from_description, json_of
from sagespec.importing.draft import Draft, Unreadable
from sagespec.importing.estimator import from_source
from sagespec.importing.notebook import code_of

__all__ = ["Draft", "Unreadable", "code_of", "from_description", "from_source", "json_of"]
