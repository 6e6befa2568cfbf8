"""Dormancy: who was quiet for too long, by a policy that says how long that is in each industry."""
