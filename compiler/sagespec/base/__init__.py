"""What every stage stands on: sources, findings, files, redaction."""
