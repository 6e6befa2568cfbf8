"""Briefs: what the new owner of customers must know on the first day."""
