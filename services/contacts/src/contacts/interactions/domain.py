"""Interactions: recorded once, never overwritten; a correction is a new version of one.

Subject and body are free text: they are kept here and are on no topic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.contacts import InteractionCorrected, InteractionRecorded
from shared.contracts.service_desk import TicketOpened
from shared.errors import ConflictError, InvalidError, NotFoundError

CLOCKS_DIFFER = timedelta(minutes=5)
TEXTS = ("subject", "body")


class InteractionNotFoundError(NotFoundError):
    """There is no such interaction."""


class InteractionIdIsTakenError(ConflictError):
    """This id (or Idempotency-Key) belongs to an interaction with other content."""


class InteractionIsWithNobodyError(InvalidError):
    """An interaction is with a customer, or with a person at least."""


class InteractionIsToComeError(InvalidError):
    """What has not happened yet is no interaction."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """A touch as it is published, and what was said."""

    told: InteractionRecorded
    version: int
    subject: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class RecordInteraction:
    told: InteractionRecorded
    at: datetime
    subject: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class CorrectInteraction:
    """`said` holds the fields that were otherwise, texts among them."""

    said: Mapping[str, Any]
    reason_code: str
    at: datetime


Command: TypeAlias = RecordInteraction | CorrectInteraction
InteractionEvent: TypeAlias = InteractionRecorded | InteractionCorrected


def carry_out(
    interaction: Interaction | None, command: Command
) -> tuple[Interaction, Sequence[InteractionEvent]]:
    """The interaction after a command, and the fact of it; no fact for a repeat."""
    if isinstance(command, RecordInteraction):
        return _record(interaction, command)
    if interaction is None:
        raise InteractionNotFoundError
    return _correct(interaction, command)


def of_ticket(interaction_id: UUID, opened: TicketOpened) -> InteractionRecorded:
    """A customer who opens a ticket was in touch with us."""
    return InteractionRecorded(
        interaction_id=interaction_id,
        customer_id=opened.customer_id,
        contact_ids=(opened.contact_id,) if opened.contact_id else (),
        channel=opened.channel,
        direction="inbound",
        kind="ticket",
        occurred_at=opened.received_at,
        department="service",
        related_type="ticket",
        related_id=opened.ticket_id,
        product_interests=(opened.product_id,) if opened.product_id else (),
        source="ticket",
    )


def of_response(interaction_id: UUID, response: ResponseRecorded) -> InteractionRecorded | None:
    """A person who responds to a campaign was in touch with us; None where nobody knows who."""
    if response.customer_id is None and response.contact_id is None:
        return None
    return InteractionRecorded(
        interaction_id=interaction_id,
        customer_id=response.customer_id,
        contact_ids=(response.contact_id,) if response.contact_id else (),
        channel={"reply": "email", "call": "phone"}.get(response.kind, "web"),
        direction="inbound",
        kind="response",
        outcome=response.kind,
        occurred_at=response.occurred_at,
        department="marketing",
        related_type="response",
        related_id=response.response_id,
        product_interests=response.product_interests,
        source="response",
    )


def parties_of(told: InteractionRecorded) -> set[UUID]:
    """The customer and the people who were in touch."""
    return {*told.contact_ids, *((told.customer_id,) if told.customer_id else ())}


def with_parties(told: InteractionRecorded, now: Mapping[UUID, UUID]) -> InteractionRecorded:
    """The same with whom these ids mean now, each once."""
    customer_id = now.get(told.customer_id, told.customer_id) if told.customer_id else None
    contact_ids = tuple(dict.fromkeys(now[each] for each in told.contact_ids))
    return told.model_copy(update={"customer_id": customer_id, "contact_ids": contact_ids})


def _record(
    interaction: Interaction | None, command: RecordInteraction
) -> tuple[Interaction, Sequence[InteractionEvent]]:
    recorded = Interaction(command.told, 1, command.subject, command.body)
    if interaction is None:
        _require_sense(command.told, command.at)
        return recorded, [command.told]
    if interaction.version == 1 and interaction != recorded:
        raise InteractionIdIsTakenError(interaction_id=command.told.interaction_id)
    return interaction, []


def _correct(
    interaction: Interaction, command: CorrectInteraction
) -> tuple[Interaction, Sequence[InteractionEvent]]:
    changed = {
        name: value for name, value in command.said.items() if _field(interaction, name) != value
    }
    if not changed:
        return interaction, []
    texts = {name: value for name, value in changed.items() if name in TEXTS}
    codes = {name: value for name, value in changed.items() if name not in TEXTS}
    told = interaction.told.model_copy(update=codes)
    _require_sense(told, command.at)
    after = replace(interaction, told=told, version=interaction.version + 1, **texts)
    fact = InteractionCorrected(
        **dict(told), changed_fields=tuple(sorted(changed)), reason_code=command.reason_code
    )
    return after, [fact]


def _field(interaction: Interaction, name: str) -> Any:
    return getattr(interaction if name in TEXTS else interaction.told, name)


def _require_sense(told: InteractionRecorded, at: datetime) -> None:
    if told.customer_id is None and not told.contact_ids:
        raise InteractionIsWithNobodyError(field="customer_id")
    if told.occurred_at > at + CLOCKS_DIFFER:
        raise InteractionIsToComeError(field="occurred_at")
