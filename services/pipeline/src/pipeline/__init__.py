"""Rapport pipeline: leads, deals, orders."""
