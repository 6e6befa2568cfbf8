"""Merges: several records of one party become one, and may become several again."""
