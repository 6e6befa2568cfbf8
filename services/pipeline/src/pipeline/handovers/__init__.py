"""Handovers: the open deals and leads of one employee become another's."""
