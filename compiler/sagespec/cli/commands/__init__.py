"""What the commands do: each function carries out one, with what was given to it, and gives the exit code."""
