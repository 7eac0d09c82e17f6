"""Processes and containers that run a job on this machine."""
