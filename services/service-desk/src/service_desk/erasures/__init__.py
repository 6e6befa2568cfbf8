"""Erasures: what the desk forgets of a person, and what it keeps."""
