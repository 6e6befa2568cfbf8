"""Leads: people who showed interest, from new to converted."""
