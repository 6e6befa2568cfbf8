"""Messages: one per person and campaign, sent at most once."""
