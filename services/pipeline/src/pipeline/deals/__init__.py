"""Deals: chances to sell, from opened to won or lost."""
