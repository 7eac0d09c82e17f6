"""`kind: TrainingJob`."""
