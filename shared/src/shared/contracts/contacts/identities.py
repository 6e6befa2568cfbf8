"""Identities: which outside identifier belongs to whom."""

from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic

IdentifierType = Literal[
    "submission", "visitor_id", "email_hash", "phone_hash", "external_id", "lead", "device_id",
    "loyalty_no",
]  # fmt: skip
UnlinkedFor = Literal["wrong-person", "device-shared", "withdrawn", "error"]
ConflictRule = Literal["unique-identifier"]
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


@IDENTITY_EVENTS.fact("unlinked")
class IdentityUnlinked(Event):
    """An outside identifier does not belong to this person (any more)."""

    link_id: UUID
    contact_id: UUID
    identifier_type: Annotated[str, Open.to(IdentifierType)]
    identifier_hash: str
    reason_code: Annotated[str, Open.to(UnlinkedFor)]


@IDENTITY_EVENTS.fact("conflict-detected")
class IdentityConflictDetected(Event):
    """An identifier that one person alone can have was claimed for another: they never merge.

    The link stays with whom it was first linked to, the first of the candidates.
    """

    link_id: UUID
    identifier_type: Annotated[str, Open.to(IdentifierType)]
    identifier_hash: str
    candidate_ids: tuple[UUID, ...]
    rule: Annotated[str, Open.to(ConflictRule)]
