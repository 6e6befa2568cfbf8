"""Occasions: whose birthday or anniversary comes in the next days."""
