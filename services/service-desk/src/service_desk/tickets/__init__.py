"""Tickets: what customers need of us, from the first word to the last."""
