"""Suppressions: addresses that nobody may write to, whatever consent says; known by hash only.

Only a person with a reason lifts one, never a form: whoever unsubscribed from everything and later
ticks one box has granted that consent, and an employee decides on the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    Channel,
    SuppressionAdded,
    SuppressionLifted,
    SuppressionReason,
)
from shared.errors import NotFoundError
from shared.ids import derived_id


class SuppressionNotFoundError(NotFoundError):
    """There is no such suppression."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """One address on one channel, for all purposes (scope `all`) or for one."""

    suppression_id: UUID
    channel: Channel
    subject_hash: str
    scope: str
    reason_code: str
    source_ref: str | None
    is_active: bool
    version: int


@dataclass(frozen=True, slots=True)
class AddSuppression:
    channel: Channel
    subject_hash: str
    reason_code: SuppressionReason
    at: datetime
    scope: str = "all"
    source_ref: str | None = None

    @property
    def suppression_id(self) -> UUID:
        """One per address and scope; for all purposes the scope goes without saying."""
        if self.scope == "all":
            return derived_id("suppression", self.channel, self.subject_hash)
        return derived_id("suppression", self.channel, self.subject_hash, self.scope)


@dataclass(frozen=True, slots=True)
class LiftSuppression:
    suppression_id: UUID
    reason_code: str
    approved_by: str
    at: datetime


Command: TypeAlias = AddSuppression | LiftSuppression
SuppressionEvent: TypeAlias = SuppressionAdded | SuppressionLifted


def decide(suppression: Suppression | None, command: Command) -> Sequence[SuppressionEvent]:
    """The facts that follow from a command; none for a repeat."""
    match command:
        case AddSuppression():
            return [] if suppression and suppression.is_active else [_added(command)]
        case LiftSuppression():
            if suppression is None:
                raise SuppressionNotFoundError(suppression_id=command.suppression_id)
            return [_lifted(suppression, command)] if suppression.is_active else []
        case _:
            assert_never(command)


def evolve(suppression: Suppression | None, event: SuppressionEvent) -> Suppression:
    version = suppression.version + 1 if suppression else 1
    match event:
        case SuppressionAdded():
            return Suppression(
                event.suppression_id,
                event.channel,
                event.subject_hash,
                event.scope,
                event.reason_code,
                event.source_ref,
                is_active=True,
                version=version,
            )
        case SuppressionLifted():
            assert suppression is not None
            return Suppression(
                suppression.suppression_id,
                suppression.channel,
                suppression.subject_hash,
                suppression.scope,
                suppression.reason_code,
                suppression.source_ref,
                is_active=False,
                version=version,
            )
        case _:
            assert_never(event)


def _added(command: AddSuppression) -> SuppressionAdded:
    return SuppressionAdded(
        suppression_id=command.suppression_id,
        subject_hash=command.subject_hash,
        channel=command.channel,
        scope=command.scope,
        reason_code=command.reason_code,
        source_ref=command.source_ref,
    )


def _lifted(suppression: Suppression, command: LiftSuppression) -> SuppressionLifted:
    return SuppressionLifted(
        suppression_id=suppression.suppression_id,
        subject_hash=suppression.subject_hash,
        channel=suppression.channel,
        reason_code=command.reason_code,
        approved_by=command.approved_by,
    )
