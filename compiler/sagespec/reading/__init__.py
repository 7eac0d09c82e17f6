"""Text → document → model."""
