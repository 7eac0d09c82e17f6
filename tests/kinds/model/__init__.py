"""A kind as small as one can be: what a stranger would add, for tests of what is promised to strangers."""
