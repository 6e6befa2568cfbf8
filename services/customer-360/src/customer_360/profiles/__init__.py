"""Profiles: the one view of a customer, and the figures of it that others may have."""
