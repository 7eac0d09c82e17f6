"""Stand-ins for AWS on loopback, with the service's manners rather than our client's."""
