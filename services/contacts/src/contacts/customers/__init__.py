"""Customers: the parties we do business with."""
