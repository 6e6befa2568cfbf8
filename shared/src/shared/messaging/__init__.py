"""The event path: outbox → relay → topic → consumer, with nothing lost and nothing twice."""
