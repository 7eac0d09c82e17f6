"""What may stand on a command line: the table of commands, and what is made of it (parse results, help, completion)."""
