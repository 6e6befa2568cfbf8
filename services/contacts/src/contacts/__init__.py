"""Rapport contacts: customers, people, consents, imports."""
