"""Duplicates: pairs of records that contacts suspects to be one party."""
