"""Code: what is named must be there, and must reach the container."""
