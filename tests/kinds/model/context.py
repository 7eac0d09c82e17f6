"""What rules about models are shown."""

from __future__ import annotations

from sagespec.checking.context import Context

from .model import Model


class ModelContext(Context):
    """One model to be judged."""

    model: Model
