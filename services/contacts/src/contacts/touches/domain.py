"""Calls and purchases as interactions: attached to the one person they can be of, or left open.

A number that nobody has, that several have, or that is none attaches nothing: the touch waits for
somebody who says whose it is. What is kept has a hash instead of the number.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from shared.cause import Cause
from shared.contracts.contacts import InteractionRecorded
from shared.contracts.external import CallCompleted, PurchaseRecorded
from shared.errors import NotFoundError
from shared.ids import derived_id

Reason: TypeAlias = Literal["unknown", "ambiguous", "unreadable"]


class TouchNotFoundError(NotFoundError):
    """There is no such touch."""


@dataclass(frozen=True, slots=True)
class Touch:
    """An interaction without its parties, and who may be one; no hash: the number is none."""

    told: InteractionRecorded
    candidate_ids: tuple[UUID, ...]
    identifier_hash: str | None
    cause: Cause

    @property
    def contact_id(self) -> UUID | None:
        """Whose it surely is."""
        return self.candidate_ids[0] if len(self.candidate_ids) == 1 else None

    @property
    def unattached(self) -> "Unattached":
        reason: Reason = "ambiguous" if self.candidate_ids else "unknown"
        if self.identifier_hash is None:
            reason = "unreadable"
        return Unattached(self.told, reason, self.candidate_ids, self.identifier_hash)


@dataclass(frozen=True, slots=True)
class Unattached:
    """A touch of whom nobody knows, and why."""

    told: InteractionRecorded
    reason: Reason
    candidate_ids: tuple[UUID, ...]
    identifier_hash: str | None


def of_call(call: CallCompleted) -> InteractionRecorded:
    """The call's own id makes the interaction's: told again, it is the same."""
    return InteractionRecorded(
        interaction_id=derived_id("interaction", call.type, call.call_id),
        channel="phone",
        direction=call.direction,
        kind="call",
        outcome=call.outcome,
        occurred_at=call.started_at,
        duration_s=call.duration_s,
        actor_id=call.agent_id,
        department=call.department,
        source="call",
    )


def of_purchase(purchase: PurchaseRecorded) -> InteractionRecorded:
    """Receipts are numbered by their shops."""
    receipt = (purchase.store_id, purchase.receipt_no)
    return InteractionRecorded(
        interaction_id=derived_id("interaction", purchase.type, *receipt),
        channel="store",
        direction="inbound",
        kind="purchase",
        occurred_at=purchase.purchased_at,
        product_interests=purchase.product_ids,
        source="purchase",
    )


def attached(
    told: InteractionRecorded, contact_id: UUID | None, customer_id: UUID | None
) -> InteractionRecorded:
    """The interaction with its parties."""
    parties = {"contact_ids": (contact_id,) if contact_id else (), "customer_id": customer_id}
    return told.model_copy(update=parties)
