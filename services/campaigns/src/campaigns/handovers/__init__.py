"""Handovers: the unfinished campaigns of one employee become another's."""
