"""Commitments: what was promised to the customer, by whom and until when; no words."""
