"""HTTP as every service speaks it: problems, ETags, pages, idempotency, health and metrics."""
