"""Checked → Request: what is sent, and what identifies it."""

from sagespec.targets.request import Request, Site, Upload, digest_of
from sagespec.targets.sagemaker import build

__all__ = ["Request", "Site", "Upload", "build", "digest_of"]
