"""Streams: tells open pages that a customer changed."""
