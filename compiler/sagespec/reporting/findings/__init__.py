"""Findings as text, JSON, SARIF, JUnit and workflow commands."""
