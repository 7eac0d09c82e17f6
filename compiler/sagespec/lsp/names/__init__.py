"""Names that several files share: hyperparameters, channels, variables, training jobs."""
