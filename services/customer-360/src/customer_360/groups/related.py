"""Who else a customer is related to, by name."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from customer_360.relationships.fold import Relationship


class RelatedShown(BaseModel):
    """The other party; `outward`: the customer is the dealer, guarantor … of it."""

    model_config = ConfigDict(frozen=True)

    relationship_id: UUID
    version: int
    relationship_type: str
    direction: Literal["outward", "inward"]
    other_id: UUID
    other_type: str
    other_name: str | None
    role: str | None
    strength: Decimal | None
    valid_from: datetime | None


def related_to(
    customer_id: UUID, relationships: Sequence[Relationship], names: Mapping[UUID, str]
) -> list[RelatedShown]:
    """The relationships as the customer sees them; pure."""
    return [_seen_from(customer_id, each, names) for each in relationships]


def others_in(customer_id: UUID, relationships: Sequence[Relationship]) -> list[UUID]:
    """The other parties."""
    return [each.to_id if each.from_id == customer_id else each.from_id for each in relationships]


def _seen_from(
    customer_id: UUID, relationship: Relationship, names: Mapping[UUID, str]
) -> RelatedShown:
    is_outward = relationship.from_id == customer_id
    other_id = relationship.to_id if is_outward else relationship.from_id
    return RelatedShown(
        relationship_id=relationship.relationship_id,
        version=relationship.version,
        relationship_type=relationship.relationship_type,
        direction="outward" if is_outward else "inward",
        other_id=other_id,
        other_type=relationship.to_type if is_outward else relationship.from_type,
        other_name=names.get(other_id),
        role=relationship.role,
        strength=relationship.strength,
        valid_from=relationship.valid_from,
    )
