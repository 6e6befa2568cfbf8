"""Households: the people who live together."""
