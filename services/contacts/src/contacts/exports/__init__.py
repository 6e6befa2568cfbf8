"""Exports: a filtered set of customers or people as a file that is written while it is read."""
