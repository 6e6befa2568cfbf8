"""Interactions: every touch with a customer, by any department, on any channel."""
