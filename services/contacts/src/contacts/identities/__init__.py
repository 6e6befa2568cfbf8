"""Identities: which outside identifier belongs to whom."""
