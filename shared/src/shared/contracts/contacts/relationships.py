"""Relationships: how parties, customers and people, stand to one another."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic

RelationshipType = Literal[
    "parent-of",
    "partner",
    "dealer",
    "reseller",
    "supplier",
    "referrer",
    "guarantor",
    "employs",
    "influences",
]
PartyType = Literal["customer", "contact"]

RELATIONSHIP_EVENTS = events_topic(
    "contacts", "relationship", key="relationship_id", holds="how parties stand to one another"
)


class _RelationshipFact(Event):
    """Read as a sentence: `from` is the parent, dealer, guarantor … of `to`."""

    relationship_id: UUID
    from_id: UUID
    from_type: PartyType
    to_id: UUID
    to_type: PartyType
    relationship_type: Annotated[str, Open.to(RelationshipType)]


@RELATIONSHIP_EVENTS.fact("established")
class RelationshipEstablished(_RelationshipFact):
    """Two parties are related from `valid_from` on; `strength` is above 0 to 1, where known."""

    role: str | None = None
    strength: float | None = None
    valid_from: datetime


@RELATIONSHIP_EVENTS.fact("ended")
class RelationshipEnded(_RelationshipFact):
    """They are not related so any more."""

    ended_at: datetime
    reason_code: str
