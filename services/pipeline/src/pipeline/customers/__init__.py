"""The local copy of contacts' customers."""
