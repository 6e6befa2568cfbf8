"""Cause: who acts, when, and what the act continues; it goes into every fact's envelope."""

from dataclasses import dataclass
from datetime import datetime

from shared.telemetry import TraceParent


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something happens.

    `actor` is `user:<subject>`, `service:<name>` or `import:<id>` and becomes `ce_actor`;
    `at` is the business time of what follows; `correlation_id` is one for everything that one
    request sets off, over all services; `causation_id` is the id of the event reacted to.
    """

    actor: str
    at: datetime
    correlation_id: str
    trace: TraceParent
    causation_id: str | None = None
