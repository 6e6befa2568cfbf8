"""Intake: forms and converted leads, which touch people, customers and consents at once."""
