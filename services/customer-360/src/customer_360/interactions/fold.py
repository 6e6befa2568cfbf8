"""The row of an interaction: what was told of it last."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.contracts.contacts import InteractionCorrected, InteractionRecorded

from customer_360.folding import Arrived, Fold


@dataclass(frozen=True, slots=True)
class Interaction:
    """A touch with a customer or with people; `source` says of which fact it is, or `person`."""

    interaction_id: UUID
    version: int = 0
    customer_id: UUID | None = None
    contact_ids: tuple[UUID, ...] = ()
    channel: str | None = None
    direction: str | None = None
    kind: str | None = None
    outcome: str | None = None
    sentiment: str | None = None
    department: str | None = None
    actor_id: str | None = None
    duration_s: int | None = None
    related_type: str | None = None
    related_id: UUID | None = None
    source: str | None = None
    occurred_at: datetime | None = None


def _unknown(first: Arrived[InteractionRecorded | InteractionCorrected]) -> Interaction:
    return Interaction(first.event.interaction_id, first.envelope.version)


fold = Fold[Interaction]("interaction_id", _unknown)


@fold.on(InteractionRecorded)
def recorded(interaction: Interaction, event: InteractionRecorded) -> Interaction:
    return _told(interaction, event)


@fold.on(InteractionCorrected)
def corrected(interaction: Interaction, event: InteractionCorrected) -> Interaction:
    return _told(interaction, event)


def _told(
    interaction: Interaction, event: InteractionRecorded | InteractionCorrected
) -> Interaction:
    return Interaction(
        interaction_id=interaction.interaction_id,
        version=interaction.version,
        customer_id=event.customer_id,
        contact_ids=event.contact_ids,
        channel=event.channel,
        direction=event.direction,
        kind=event.kind,
        outcome=event.outcome,
        sentiment=event.sentiment,
        department=event.department,
        actor_id=event.actor_id,
        duration_s=event.duration_s,
        related_type=event.related_type,
        related_id=event.related_id,
        source=event.source,
        occurred_at=event.occurred_at,
    )
