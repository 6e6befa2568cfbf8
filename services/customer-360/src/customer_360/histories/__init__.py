"""Histories: who changed what, as contacts tells it to whoever asks."""
