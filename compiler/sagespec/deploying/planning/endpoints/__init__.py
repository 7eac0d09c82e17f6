"""What is decided about endpoints, which stay."""
