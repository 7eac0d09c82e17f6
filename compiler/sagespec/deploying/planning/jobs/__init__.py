"""What is decided about training jobs, which run and end."""
