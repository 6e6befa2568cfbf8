"""Relationships: how customers and people stand to one another."""
