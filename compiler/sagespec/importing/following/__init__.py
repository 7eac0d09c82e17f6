"""A program of the SDK, followed statement by statement: what it makes, and the jobs that it starts. Nothing is run."""

from sagespec.importing.following.interpreter import Interpreter
from sagespec.importing.following.library import Start

__all__ = ["Interpreter", "Start"]
