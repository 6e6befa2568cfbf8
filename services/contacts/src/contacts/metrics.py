"""Metrics of contacts, by name; operators and alerts refer to these."""

from prometheus_client import Gauge

PRIVACY_OPEN = Gauge("rapport_privacy_requests_open", "Privacy requests that wait.", ["kind"])
PRIVACY_LATE = Gauge(
    "rapport_privacy_requests_late", "Privacy requests past our own target.", ["kind"]
)
PRIVACY_OVERDUE = Gauge(
    "rapport_privacy_requests_overdue", "Privacy requests past their legal deadline.", ["kind"]
)
