"""Automatic merges: open cases so sure that no person needs to decide them."""
