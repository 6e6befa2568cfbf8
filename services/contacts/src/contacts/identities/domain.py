"""Identities: an outside identifier belongs to the person it was first linked to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.contacts import IdentityLinked
from shared.ids import derived_id

IdentifierType: TypeAlias = Literal["submission"]


@dataclass(frozen=True, slots=True)
class LinkIdentity:
    identifier_type: IdentifierType
    identifier: str
    contact_id: UUID
    customer_id: UUID | None
    source: str
    confidence: float = 1.0

    @property
    def link_id(self) -> UUID:
        return derived_id("identity", self.identifier_type, self.identifier)


def decide(link: IdentityLinked | None, command: LinkIdentity) -> Sequence[IdentityLinked]:
    """A link once made stays: a repeat is quiet."""
    if link is not None:
        return []
    return [
        IdentityLinked(
            link_id=command.link_id,
            contact_id=command.contact_id,
            customer_id=command.customer_id,
            identifier_type=command.identifier_type,
            identifier=command.identifier,
            source=command.source,
            confidence=command.confidence,
        )
    ]
