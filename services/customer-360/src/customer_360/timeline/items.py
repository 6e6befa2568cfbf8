"""One line per fact: whose it is, when it was, and a title that a person understands."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Literal
from uuid import UUID

from shared.contracts.contacts import (
    DuplicateDetected,
    DuplicateDismissed,
    DuplicateMerged,
    ErasureCompleted,
    ErasureRequested,
    IdentityConflictDetected,
    InteractionCorrected,
    InteractionRecorded,
    PrivacyRequestRejected,
    RelationshipEnded,
    RelationshipEstablished,
    SuppressionAdded,
    SuppressionLifted,
)
from shared.contracts.pipeline import OrderConfirmed
from shared.contracts.topic import Event
from shared.ids import derived_id
from shared.messaging.envelope import Received

from customer_360.timeline.titles import TITLES

Party = Literal["customer", "contact", "lead", "submission", "address"]

_PARTIES: tuple[tuple[str, Party], ...] = (
    ("customer_id", "customer"),
    ("contact_id", "contact"),
    ("lead_id", "lead"),
    ("submission_id", "submission"),
)


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the timeline; `ref` is the id of what it is about."""

    party_id: UUID
    party: Party
    at: datetime
    event_id: UUID
    kind: str
    service: str
    title: str
    actor: str
    ref: str


def address_party(subject_hash: str) -> UUID:
    """The party of facts that know only the hash of an address."""
    return derived_id("address", subject_hash)


def item_of(received: Received[Event]) -> Item | None:
    """The line of a fact; None where it is a snapshot, concerns nobody, or has its line already."""
    event = received.event
    title = TITLES.get(type(event))
    owner = _party_of(event) if title is not None and not _is_told(event) else None
    if title is None or owner is None:
        return None
    envelope = received.envelope
    party_id, party = owner
    return Item(
        party_id=party_id,
        party=party,
        at=_time_of(received),
        event_id=envelope.event_id,
        kind=_kind(type(event)),
        service=event.topic.publisher,
        title=title(event),
        actor=envelope.actor,
        ref=envelope.key,
    )


def _time_of(received: Received[Event]) -> datetime:
    """An order, or a call, happened before it was told."""
    match received.event:
        case OrderConfirmed(ordered_at=at) | InteractionRecorded(occurred_at=at):
            return at
        case _:
            return received.envelope.time


def _party_of(event: Event) -> tuple[UUID, Party] | None:
    for field, party in _PARTIES:
        party_id: UUID | None = getattr(event, field, None)
        if party_id is not None:
            return party_id, party
    if isinstance(event, SuppressionAdded | SuppressionLifted):
        return address_party(event.subject_hash), "address"
    return _first_party_of(event)


def _first_party_of(event: Event) -> tuple[UUID, Party] | None:
    """Of a fact that names several, or is kept by another name: the first."""
    if isinstance(event, RelationshipEstablished | RelationshipEnded):
        return event.from_id, event.from_type
    if isinstance(event, InteractionRecorded | InteractionCorrected):
        return event.contact_ids[0], "contact"
    if isinstance(event, DuplicateDetected | DuplicateDismissed | DuplicateMerged):
        first = event.candidate_ids[0]
        return first, "customer" if event.entity_type == "customer" else "contact"
    if isinstance(event, ErasureRequested | ErasureCompleted | PrivacyRequestRejected):
        return _first_of(event)
    if isinstance(event, IdentityConflictDetected):
        return event.candidate_ids[0], "contact"
    return None


def _first_of(
    event: ErasureRequested | ErasureCompleted | PrivacyRequestRejected,
) -> tuple[UUID, Party] | None:
    """One line, with the individual customer, or else with the person."""
    if event.customer_ids:
        return event.customer_ids[0], "customer"
    return (event.contact_ids[0], "contact") if event.contact_ids else None


def _is_told(event: Event) -> bool:
    """An interaction that is of a fact elsewhere: that fact has a line."""
    return isinstance(event, InteractionRecorded) and event.source in {"ticket", "response"}


@cache
def _kind(fact: type[Event]) -> str:
    return f"{fact.topic.aggregate}.{fact.type.rsplit('.', 2)[-2]}"
