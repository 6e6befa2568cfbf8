"""Clocks: one promise per ticket and metric, warned of and broken exactly once."""
