"""Duplicate cases: pairs of records that may be one party, and what became of the suspicion."""
