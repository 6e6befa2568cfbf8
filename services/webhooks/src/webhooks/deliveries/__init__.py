"""Deliveries: one fact for one subscription, until it is taken or given up."""
