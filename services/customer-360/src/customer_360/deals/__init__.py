"""Deals: chances to sell, with the risks that endanger them."""
