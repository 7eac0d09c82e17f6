"""A training script for the manifests of this folder."""
