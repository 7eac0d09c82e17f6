"""The training script against the rest of the job."""
