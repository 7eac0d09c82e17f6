"""The old name, for the rooms that are being moved."""

from sagespec.planner import *  # noqa: F403
