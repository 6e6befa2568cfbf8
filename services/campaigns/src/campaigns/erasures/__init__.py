"""Erasures: what campaigns forgets of a person, and whom it leaves alone."""
