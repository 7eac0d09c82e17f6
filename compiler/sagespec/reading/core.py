"""pydantic's core: what judges data, without the types by which others describe it.

The package's `__init__` defines some hundred typed dictionaries, for those who write schemas under a type checker, and
loads what these need: a fifth of the time in which one manifest is validated. The extension module needs none of them.
"""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import CoreConfig, ErrorDetails, PydanticKnownError, SchemaValidator, ValidationError
else:

    def _extension():
        """The extension module alone; or the package, where it is loaded anyway, or is laid out otherwise."""
        package = PathFinder.find_spec("pydantic_core") if "pydantic_core" not in sys.modules else None
        name = "pydantic_core._pydantic_core"
        spec = PathFinder.find_spec(name, package.submodule_search_locations) if package is not None else None
        if spec is None:
            import pydantic_core

            return pydantic_core
        module = spec.loader.create_module(spec)
        spec.loader.exec_module(module)
        sys.modules.pop(name, None)  # whoever imports the package gets the same classes, and enters it properly
        return module

    _core = _extension()
    PydanticKnownError, SchemaValidator = _core.PydanticKnownError, _core.SchemaValidator
    ValidationError = _core.ValidationError
    CoreConfig = ErrorDetails = dict

__all__ = ["CoreConfig", "ErrorDetails", "PydanticKnownError", "SchemaValidator", "ValidationError"]
