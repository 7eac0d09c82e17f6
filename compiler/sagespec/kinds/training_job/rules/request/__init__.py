"""Request: what `request` says to the API itself, in the API's own names."""
