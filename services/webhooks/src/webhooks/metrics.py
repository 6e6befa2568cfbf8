"""The metrics of webhooks, by name; operators and alerts refer to these."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter(
    "rapport_webhook_requests", "Requests by outcome: delivered, failed.", ["outcome"]
)
REQUEST_SECONDS = Histogram("rapport_webhook_request_seconds", "Time that endpoints took.")
