"""People: the contacts, their points and their memberships."""
