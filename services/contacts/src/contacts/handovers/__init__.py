"""Handovers: everything that one employee answers for becomes another's, in every service."""
