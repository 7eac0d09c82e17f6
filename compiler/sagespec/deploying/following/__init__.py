"""What becomes of jobs after their creation: followed, reported, mirrored."""
