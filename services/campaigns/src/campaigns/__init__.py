"""Rapport campaigns: segments, campaigns, sends, forms."""
