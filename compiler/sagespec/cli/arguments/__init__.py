"""The command line: what commands are declared with, and what is made of that (values, help, completion)."""
