"""Webhooks: facts as signed HTTP requests, for those without Kafka."""
