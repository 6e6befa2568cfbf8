"""Customers: the party itself, replaced by each newer snapshot that contacts publishes."""
