"""Figures: what other services tell of a customer that its grade and its credit rest on."""
