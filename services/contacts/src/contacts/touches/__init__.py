"""Touches that other systems tell of: calls and purchases, and of whom they are."""
