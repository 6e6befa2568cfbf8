"""Consents: what a person allowed, per channel and purpose."""
