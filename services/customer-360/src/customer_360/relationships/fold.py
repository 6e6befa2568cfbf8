"""The row of a relationship."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from shared.contracts.contacts import RelationshipEnded, RelationshipEstablished

from customer_360.folding import Arrived, Fold


@dataclass(frozen=True, slots=True)
class Relationship:
    """Read as a sentence: `from` is the parent, dealer, guarantor … of `to`."""

    relationship_id: UUID
    version: int
    from_id: UUID
    from_type: str
    to_id: UUID
    to_type: str
    relationship_type: str
    role: str | None = None
    strength: Decimal | None = None
    valid_from: datetime | None = None
    ended_at: datetime | None = None


def _first(first: Arrived[RelationshipEstablished | RelationshipEnded]) -> Relationship:
    event = first.event
    return Relationship(
        event.relationship_id,
        first.envelope.version,
        event.from_id,
        event.from_type,
        event.to_id,
        event.to_type,
        event.relationship_type,
    )


fold = Fold[Relationship]("relationship_id", _first)


@fold.on(RelationshipEstablished)
def established(relationship: Relationship, event: RelationshipEstablished) -> Relationship:
    return replace(
        relationship,
        role=event.role,
        strength=None if event.strength is None else Decimal(str(event.strength)),
        valid_from=event.valid_from,
    )


@fold.on(RelationshipEnded)
def ended(relationship: Relationship, event: RelationshipEnded) -> Relationship:
    return replace(relationship, ended_at=event.ended_at)
