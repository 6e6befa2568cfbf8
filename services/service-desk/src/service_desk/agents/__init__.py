"""Agents: who may be given tickets, and how many."""
