"""Erasures: what pipeline forgets of a person, and what it keeps."""
