"""Rebuilding: the whole projection anew from the topics, beside the live one, then in its place."""
