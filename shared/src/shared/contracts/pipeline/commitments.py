"""Commitments: what somebody promised to a customer, until it is kept, broken or released."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from shared.contracts.codes import Open
from shared.contracts.topic import Event, events_topic, state_topic
from shared.contracts.values import Party

CommitmentStatus = Literal["open", "broken", "fulfilled", "withdrawn"]
CommitmentKind = Literal["price", "delivery", "service", "feature", "payment", "other"]

COMMITMENT_EVENTS = events_topic(
    "pipeline", "commitment", key="commitment_id", holds="every fact of a promise to a customer"
)
COMMITMENT_STATE = state_topic(
    "pipeline",
    "commitment",
    key="commitment_id",
    holds="the current promise to a customer, with its words",
)


@COMMITMENT_EVENTS.fact("made")
class CommitmentMade(Event):
    """Somebody promised something to the customer; what, is in the state alone.

    `made_by` said it, `owner_id` answers for it. `amount` is what the promise is worth, if that
    can be said.
    """

    commitment_id: UUID
    customer_id: UUID
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    kind: Annotated[str, Open.to(CommitmentKind)]
    amount: Decimal | None = None
    currency: str | None = None
    made_by: str
    owner_id: str
    due_at: datetime


@COMMITMENT_EVENTS.fact("due-soon")
class CommitmentDueSoon(Event):
    """The promise is due within a day, or half of its time is over where it had less than two."""

    commitment_id: UUID
    customer_id: UUID
    deal_id: UUID | None = None
    owner_id: str
    due_at: datetime


@COMMITMENT_EVENTS.fact("broken")
class CommitmentBroken(Event):
    """The time has come and the promise was not kept; it is still owed."""

    commitment_id: UUID
    customer_id: UUID
    deal_id: UUID | None = None
    owner_id: str
    due_at: datetime
    broken_at: datetime


@COMMITMENT_EVENTS.fact("fulfilled")
class CommitmentFulfilled(Event):
    """The promise was kept; `is_late` where it was broken before."""

    commitment_id: UUID
    customer_id: UUID
    evidence_ref: str | None = None
    is_late: bool
    fulfilled_at: datetime


@COMMITMENT_EVENTS.fact("withdrawn")
class CommitmentWithdrawn(Event):
    """The customer released us from the promise; `agreed_with_contact_id` is who said so."""

    commitment_id: UUID
    customer_id: UUID
    agreed_with_contact_id: UUID
    reason_code: str
    withdrawn_at: datetime


@COMMITMENT_EVENTS.fact("owner-changed")
class CommitmentOwnerChanged(Event):
    """Another employee answers for the promise from now on; who made it stays known."""

    commitment_id: UUID
    customer_id: UUID
    from_owner_id: str
    to_owner_id: str
    reason_code: str
    handover_id: UUID | None = None


@COMMITMENT_EVENTS.fact("redacted")
class CommitmentRedacted(Event):
    """The words of the promise were erased at a person's request; ids and amounts stay."""

    commitment_id: UUID
    customer_id: UUID
    request_id: UUID


@COMMITMENT_EVENTS.fact("repointed")
class CommitmentRepointed(Event):
    """The promise names another record than before, because two were merged or parted again."""

    commitment_id: UUID
    customer_id: UUID
    party: Party
    from_id: UUID
    to_id: UUID


@COMMITMENT_STATE.fact("state")
class CommitmentState(Event):
    """The whole promise as pipeline knows it now; `text` is free text.

    `closed_at` is when it was fulfilled or withdrawn; `broken_at` stays where it was kept late.
    """

    commitment_id: UUID
    customer_id: UUID
    contact_id: UUID | None = None
    deal_id: UUID | None = None
    kind: Annotated[str, Open.to(CommitmentKind)]
    text: str
    amount: Decimal | None = None
    currency: str | None = None
    made_by: str
    owner_id: str
    made_at: datetime
    due_at: datetime
    status: CommitmentStatus
    is_due_soon: bool
    broken_at: datetime | None = None
    closed_at: datetime | None = None
    evidence_ref: str | None = None
    reason_code: str | None = None
