"""What may be written at a place: where the cursor stands, what fits there, and whether it would be accepted."""
