"""Endpoints on this machine: each is a folder with its revisions, and a supervisor for the one that serves."""
