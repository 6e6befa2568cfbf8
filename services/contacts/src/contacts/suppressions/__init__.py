"""Suppressions: addresses that nobody may write to."""
