"""Finds its package by its own place, as the Python that runs it need not have it."""

import importlib
import sys
from pathlib import Path

_HERE = Path(__file__).resolve().parent
sys.path[0] = str(_HERE.parent)
_programs = importlib.import_module(f"{_HERE.name}.programs")
del sys.path[0]
sys.exit(_programs.main(sys.argv[1:]))
