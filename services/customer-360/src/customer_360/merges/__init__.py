"""Merges: which records became one, by whose word, and whether they are several again."""
