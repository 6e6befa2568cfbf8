"""Facts of service levels: the times that are promised."""

from uuid import UUID

from shared.contracts.service_desk.clocks import ClockMetric
from shared.contracts.service_desk.tickets import Priority
from shared.contracts.topic import Event, events_topic

POLICY_EVENTS = events_topic(
    "service-desk",
    "sla-policy",
    key="policy_id",
    holds="published service levels",
    personal_data="none",
)


@POLICY_EVENTS.fact("published")
class SlaPolicyPublished(Event):
    """A version of a service level is in force for new clocks; targets in business minutes.

    A resolved ticket is closed after `auto_close_days`.
    """

    policy_id: UUID
    policy_version: int
    name: str
    calendar_id: UUID
    targets: dict[Priority, dict[ClockMetric, int]]
    warn_percents: tuple[int, ...]
    auto_close_days: int = 5
