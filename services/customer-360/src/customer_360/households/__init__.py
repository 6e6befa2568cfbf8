"""Households: who of a customer lives with whom."""
