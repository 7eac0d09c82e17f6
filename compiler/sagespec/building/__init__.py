"""Checked → request: what is packed, the API's model, the bill."""
