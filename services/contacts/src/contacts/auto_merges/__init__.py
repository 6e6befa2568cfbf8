"""Automatic merges: open cases of customers so sure that no person needs to decide them."""
