"""What a terminal shows: styles, progress, the live board."""
