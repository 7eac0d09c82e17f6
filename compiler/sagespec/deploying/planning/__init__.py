"""Request and what exists → plan."""
