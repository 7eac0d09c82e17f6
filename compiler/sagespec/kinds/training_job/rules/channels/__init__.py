"""Channels: where the data come from, and how they reach the script."""
