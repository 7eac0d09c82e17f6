"""A folder that jobs name as a dependency."""

ANSWER = 42
