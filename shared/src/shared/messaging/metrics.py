"""The event path's metrics, by name; operators and alerts refer to these."""

from prometheus_client import Counter, Gauge, Histogram

OUTBOX_PENDING = Gauge("rapport_outbox_pending", "Facts committed, not yet published.", ["service"])
OUTBOX_OLDEST = Gauge(
    "rapport_outbox_oldest_seconds", "Age of the oldest unpublished fact.", ["service"]
)
RELAY_LEADER = Gauge("rapport_relay_leader", "1 where this process publishes.", ["service"])
RELAY_TAKEOVERS = Counter("rapport_relay_takeovers", "Times this process took over.", ["service"])
PUBLISHED = Counter("rapport_published", "Facts acknowledged by the broker.", ["service"])
PUBLISH_ERRORS = Counter("rapport_publish_errors", "Times publishing was interrupted.", ["service"])

CONSUMER_BEHIND = Gauge(
    "rapport_consumer_seconds_behind",
    "Age of the last applied record while more wait.",
    ["consumer"],
)
CONSUMER_LAG = Gauge("rapport_consumer_lag_records", "Records that wait.", ["consumer"])
CONSUMER_PROGRESS = Gauge(
    "rapport_consumer_last_progress_timestamp_seconds", "When a batch was last done.", ["consumer"]
)
RECORDS = Counter(
    "rapport_consumer_records",
    "Records by outcome: applied, duplicate, unknown-type, tombstone, resync, erased, parked.",
    ["consumer", "outcome"],
)
BATCH_SECONDS = Histogram("rapport_consumer_batch_seconds", "Time to apply a batch.", ["consumer"])
CONSUMER_RETRIES = Counter(
    "rapport_consumer_retries", "Batches tried again for a fault of the world.", ["consumer"]
)
PARKED_KEYS = Gauge("rapport_parked_keys", "Keys whose records wait for a redrive.", ["consumer"])

EVENT_STREAMS = Gauge("rapport_event_streams", "Open streams of events.", ["service"])
EVENTS_TOLD = Counter("rapport_events_told", "Events told over HTTP.", ["service"])

COMMAND_SECONDS = Histogram(
    "rapport_http_request_seconds", "Time to answer.", ["service", "method", "route", "status"]
)
