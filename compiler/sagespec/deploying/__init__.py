"""Request → plan → outcome."""
