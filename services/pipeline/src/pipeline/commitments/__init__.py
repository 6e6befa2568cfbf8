"""Commitments: what was promised to a customer, kept, broken or released."""
