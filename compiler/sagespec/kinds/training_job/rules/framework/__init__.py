"""Frameworks, their versions and their images."""
