"""Interactions: every touch with a customer, in codes; what was said stays in contacts."""
