"""Does what a plan says."""
