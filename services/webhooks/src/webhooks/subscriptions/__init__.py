"""Subscriptions: who is told of which facts, where, and under which secret."""
