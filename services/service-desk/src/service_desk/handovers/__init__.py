"""Handovers: the unresolved tickets of one agent become another's."""
