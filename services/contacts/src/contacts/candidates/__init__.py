"""Candidates: whom a party that somebody describes may be (FindDuplicates); nothing is written."""
