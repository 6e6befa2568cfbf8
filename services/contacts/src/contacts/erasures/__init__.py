"""Erasures: what contacts itself finds and forgets of a person."""
