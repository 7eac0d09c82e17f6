"""The Language Server Protocol: messages and what they hold, places in texts, and what a server says that it can do."""
