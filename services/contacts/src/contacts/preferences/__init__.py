"""Preferences: what a customer, or a person at it, likes; in codes."""
