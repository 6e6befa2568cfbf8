"""Suppressions: addresses that nobody may write to, known by hash."""

from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.contacts.consents import Channel
from shared.contracts.topic import Event, events_topic

SuppressionReason = Literal["opt-out", "hard-bounce", "complaint", "legal", "erasure", "manual"]
SUPPRESSION_EVENTS = events_topic(
    "contacts", "suppression", key="suppression_id", holds="who may not be written to, by hash"
)


@SUPPRESSION_EVENTS.fact("added")
class SuppressionAdded(Event):
    """Nobody may write to this address any more; wins over every consent.

    `subject_hash` is `shared.contact_points.subject_hash` of the channel and normalized address.
    """

    suppression_id: UUID
    subject_hash: str
    channel: Channel
    scope: str = "all"
    reason_code: Annotated[str, Open.to(SuppressionReason)]
    source_ref: str | None = None


@SUPPRESSION_EVENTS.fact("lifted")
class SuppressionLifted(Event):
    """The address may be written to again, if consent allows."""

    suppression_id: UUID
    subject_hash: str
    channel: Channel
    reason_code: str
    approved_by: str
