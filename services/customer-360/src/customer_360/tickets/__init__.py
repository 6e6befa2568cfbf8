"""Tickets: what customers need of us, the clocks that run, and how satisfied people were."""
