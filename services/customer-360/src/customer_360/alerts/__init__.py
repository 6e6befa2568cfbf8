"""Alerts: what somebody should act on, derived whenever a customer is looked at."""
