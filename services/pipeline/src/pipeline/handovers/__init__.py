"""Handovers: the open deals, leads and promises of one employee become another's."""
