"""Touches: campaigns, their messages to people, and how people responded."""
