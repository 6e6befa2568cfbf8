"""Merges: what named a merged customer or person names the one that stays."""
