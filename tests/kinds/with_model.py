"""`python with_model.py COMMAND…` is `sagespec COMMAND…` where the kind `Model` is one of its own."""

from __future__ import annotations

from pathlib import Path

import sagespec.kinds

sagespec.kinds.__path__.append(str(Path(__file__).parent))
sagespec.kinds.KINDS["Model"] = "model"
"""The one line."""

if __name__ == "__main__":
    from sagespec.__main__ import main

    main()
