"""Plans, outcomes and states of jobs, for people and for programs."""
