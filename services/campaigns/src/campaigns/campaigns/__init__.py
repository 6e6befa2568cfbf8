"""Campaigns: planned, launched, completed."""
