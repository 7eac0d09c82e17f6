"""`kind: Endpoint`."""
