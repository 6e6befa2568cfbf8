"""Identities: which outside identifier belongs to whom."""

from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic

IdentifierType = Literal[
    "submission", "visitor_id", "email_hash", "phone_hash", "external_id", "lead"
]
IDENTITY_EVENTS = events_topic(
    "contacts", "identity", key="link_id", holds="which outside identifier belongs to whom"
)


@IDENTITY_EVENTS.fact("linked")
class IdentityLinked(Event):
    """An outside identifier belongs to this person (and customer, where known)."""

    link_id: UUID
    contact_id: UUID
    customer_id: UUID | None = None
    identifier_type: Annotated[str, Open.to(IdentifierType)]
    identifier: str
    source: str
    confidence: float
