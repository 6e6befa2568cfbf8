"""Leads: interest that sales follows up."""
