"""Restorations: an earlier value of a field comes back, as a change of its own."""
