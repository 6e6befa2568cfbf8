"""Matching: which records may be the same party, told from plain values; nothing here does I/O."""
