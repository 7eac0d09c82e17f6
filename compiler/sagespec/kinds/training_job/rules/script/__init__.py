"""Script: what the training script says, against the rest of the job."""
