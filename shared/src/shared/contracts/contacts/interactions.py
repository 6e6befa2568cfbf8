"""Interactions: every touch with a customer, by any department, on any channel.

What was said is free text and stays in contacts: the facts say who, when, how, and in codes what
came of it.
"""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic

InteractionChannel = Literal[
    "phone",
    "email",
    "meeting",
    "video",
    "chat",
    "sms",
    "social",
    "web",
    "post",
    "other",
    "store",
]
InteractionDirection = Literal["inbound", "outbound", "internal"]
InteractionKind = Literal[
    "call",
    "message",
    "visit",
    "meeting",
    "demo",
    "negotiation",
    "note",
    "ticket",
    "response",
    "purchase",
]
InteractionSource = Literal["person", "ticket", "response", "call", "purchase"]
Sentiment = Literal["positive", "neutral", "negative"]

INTERACTION_EVENTS = events_topic(
    "contacts", "interaction", key="interaction_id", holds="every touch, by any department"
)


class _InteractionFact(Event):
    """The whole of it, but for its text; `source` is `person`, or the fact elsewhere it is of."""

    interaction_id: UUID
    customer_id: UUID | None = None
    contact_ids: tuple[UUID, ...] = ()
    channel: Annotated[str, Open.to(InteractionChannel)]
    direction: Annotated[str, Open.to(InteractionDirection)]
    kind: Annotated[str, Open.to(InteractionKind)]
    outcome: str | None = None
    sentiment: Annotated[str, Open.to(Sentiment)] | None = None
    occurred_at: datetime
    duration_s: int | None = None
    actor_id: str | None = None
    department: str | None = None
    related_type: str | None = None
    related_id: UUID | None = None
    product_interests: tuple[str, ...] = ()
    source: Annotated[str, Open.to(InteractionSource)]


@INTERACTION_EVENTS.fact("recorded")
class InteractionRecorded(_InteractionFact):
    """Somebody of ours was in touch with a customer or with people of it."""


@INTERACTION_EVENTS.fact("corrected")
class InteractionCorrected(_InteractionFact):
    """It was otherwise; the fields are as they are now, and the former version is kept."""

    changed_fields: tuple[str, ...]
    reason_code: str
