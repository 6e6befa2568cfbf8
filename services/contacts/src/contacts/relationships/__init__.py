"""Relationships: how parties, customers and people, stand to one another."""
