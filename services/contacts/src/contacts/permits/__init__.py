"""Sending permits: who may be written to at this very moment, and who is being written to."""
