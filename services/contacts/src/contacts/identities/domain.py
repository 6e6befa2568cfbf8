"""Identities: an outside identifier is of the person it was first linked to, until unlinked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    IdentityConflictDetected,
    IdentityLinked,
    IdentityUnlinked,
    UnlinkedFor,
)
from shared.errors import NotFoundError
from shared.ids import derived_id

IdentifierType: TypeAlias = Literal[
    "submission", "visitor_id", "device_id", "loyalty_no", "external_id", "email_hash"
]
UNIQUE: frozenset[str] = frozenset({"loyalty_no", "external_id", "email_hash"})
"""Identifiers that one person alone can have: where they differ, two records are two people."""

SEEN_AGAIN_AFTER = timedelta(hours=1)
"""What is seen all the time is written down once in this time."""


class IdentityLinkNotFoundError(NotFoundError):
    """The contact has no such identity."""


@dataclass(frozen=True, slots=True)
class Link:
    """To whom an identifier belongs now, nobody after it was unlinked, and who else claimed it.

    It was seen with them first when it was linked, and then again; that it was is no fact, and
    makes no version.
    """

    linked: IdentityLinked
    version: int
    first_seen_at: datetime
    last_seen_at: datetime
    is_active: bool = True
    claimed_for: tuple[UUID, ...] = ()


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
        return link_id_of(self.identifier_type, self.identifier, self.source)


def link_id_of(identifier_type: IdentifierType, identifier: str, source: str) -> UUID:
    """Numbers of one kind are unique within the system that gave them out."""
    if identifier_type in UNIQUE:
        return derived_id("identity", identifier_type, source, identifier)
    return derived_id("identity", identifier_type, identifier)


@dataclass(frozen=True, slots=True)
class UnlinkIdentity:
    contact_id: UUID
    reason_code: UnlinkedFor


Command: TypeAlias = LinkIdentity | UnlinkIdentity
IdentityEvent: TypeAlias = IdentityLinked | IdentityUnlinked | IdentityConflictDetected


def decide(link: Link | None, command: Command) -> Sequence[IdentityEvent]:
    """The fact that follows; none for a repeat. A claim of what another has changes no link."""
    match command:
        case LinkIdentity():
            return _link(link, command)
        case UnlinkIdentity():
            return _unlink(link, command)
        case _:
            assert_never(command)


def evolve(link: Link | None, event: IdentityEvent, at: datetime) -> Link:
    """The link after a fact of that time."""
    if isinstance(event, IdentityLinked):
        return Link(event, link.version + 1 if link else 1, at, at)
    assert link is not None
    match event:
        case IdentityUnlinked():
            return replace(link, is_active=False, version=link.version + 1)
        case IdentityConflictDetected():
            claimed_for = event.candidate_ids[1:]
            return replace(link, claimed_for=claimed_for, version=link.version + 1)
        case _:
            assert_never(event)


def is_repeat(link: Link, command: LinkIdentity) -> bool:
    """Whether the identifier is this person's already, and was seen with them once more."""
    return link.is_active and link.linked.contact_id == command.contact_id


def see(link: Link, at: datetime) -> Link:
    """The link once it was seen at a time; it is the same within the hour, or before."""
    if not link.is_active or at < link.last_seen_at + SEEN_AGAIN_AFTER:
        return link
    return replace(link, last_seen_at=at)


def _link(link: Link | None, command: LinkIdentity) -> Sequence[IdentityEvent]:
    if link is None or not link.is_active:
        return [_linked(command)]
    owner = link.linked.contact_id
    if command.contact_id in (owner, *link.claimed_for) or command.identifier_type not in UNIQUE:
        return []
    return [
        IdentityConflictDetected(
            link_id=command.link_id,
            identifier_type=command.identifier_type,
            identifier_hash=command.identifier,
            candidate_ids=(owner, *link.claimed_for, command.contact_id),
            rule="unique-identifier",
        )
    ]


def _linked(command: LinkIdentity) -> IdentityLinked:
    return IdentityLinked(
        link_id=command.link_id,
        contact_id=command.contact_id,
        customer_id=command.customer_id,
        identifier_type=command.identifier_type,
        identifier=command.identifier,
        source=command.source,
        confidence=command.confidence,
    )


def _unlink(link: Link | None, command: UnlinkIdentity) -> Sequence[IdentityEvent]:
    if link is None or link.linked.contact_id != command.contact_id:
        raise IdentityLinkNotFoundError(contact_id=command.contact_id)
    if not link.is_active:
        return []
    return [
        IdentityUnlinked(
            link_id=link.linked.link_id,
            contact_id=command.contact_id,
            identifier_type=link.linked.identifier_type,
            identifier_hash=link.linked.identifier,
            reason_code=command.reason_code,
        )
    ]
