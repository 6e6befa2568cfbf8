"""Merges: who was in a list is in it as the person who stays."""
