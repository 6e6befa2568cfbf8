"""Deciding on commitments: what a command makes happen, what is refused, what stays quiet.

Before a promise is kept it says what time has made true: so it was broken, and is late, even where
it is kept a moment after the due time and before the timer.
"""

from datetime import datetime

from shared.contracts.pipeline import (
    CommitmentBroken,
    CommitmentDueSoon,
    CommitmentFulfilled,
    CommitmentMade,
    CommitmentOwnerChanged,
    CommitmentRepointed,
    CommitmentWithdrawn,
)

from pipeline.commitments.commands import (
    ChangeCommitmentOwner,
    CommitmentCommand,
    FulfilCommitment,
    LapseTime,
    MakeCommitment,
    RepointCommitment,
    WithdrawCommitment,
)
from pipeline.commitments.domain import (
    Commitment,
    CommitmentEvent,
    CommitmentExistsError,
    CommitmentIsBrokenError,
    CommitmentIsDueInThePastError,
    CommitmentIsFulfilledError,
    CommitmentIsWithdrawnError,
)


def decide(commitment: Commitment, command: CommitmentCommand) -> list[CommitmentEvent]:
    match command:
        case MakeCommitment():
            return _make(commitment, command)
        case FulfilCommitment():
            return _fulfil(commitment, command)
        case WithdrawCommitment():
            return _withdraw(commitment, command)
        case ChangeCommitmentOwner():
            return _change_owner(commitment, command)
        case LapseTime():
            return _lapse(commitment, command.at)
        case RepointCommitment():
            return _repoint(commitment, command)


def _make(commitment: Commitment, command: MakeCommitment) -> list[CommitmentEvent]:
    if commitment.version > 0:
        wanted = (command.customer_id, command.deal_id, command.kind, command.due_at)
        known = (commitment.customer_id, commitment.deal_id, commitment.kind, commitment.due_at)
        if wanted != known:
            raise CommitmentExistsError(commitment_id=commitment.commitment_id)
        return []
    if command.due_at <= command.at:
        raise CommitmentIsDueInThePastError(field="due_at")
    return [
        CommitmentMade(
            commitment_id=commitment.commitment_id,
            customer_id=commitment.customer_id,
            contact_id=commitment.contact_id,
            deal_id=commitment.deal_id,
            kind=commitment.kind,
            amount=commitment.amount,
            currency=commitment.currency,
            made_by=commitment.made_by,
            owner_id=commitment.owner_id,
            due_at=commitment.due_at,
        )
    ]


def _fulfil(commitment: Commitment, command: FulfilCommitment) -> list[CommitmentEvent]:
    if commitment.status == "fulfilled":
        return []
    _require_not_withdrawn(commitment)
    broken = [_broken(commitment, command.at)] if _is_over(commitment, command.at) else []
    fulfilled = CommitmentFulfilled(
        commitment_id=commitment.commitment_id,
        customer_id=commitment.customer_id,
        evidence_ref=command.evidence_ref,
        is_late=bool(broken) or commitment.status == "broken",
        fulfilled_at=command.at,
    )
    return [*broken, fulfilled]


def _withdraw(commitment: Commitment, command: WithdrawCommitment) -> list[CommitmentEvent]:
    if commitment.status == "withdrawn":
        return []
    _require_not_fulfilled(commitment)
    if commitment.status == "broken" or _is_over(commitment, command.at):
        raise CommitmentIsBrokenError(
            commitment_id=commitment.commitment_id, due_at=commitment.due_at
        )
    return [
        CommitmentWithdrawn(
            commitment_id=commitment.commitment_id,
            customer_id=commitment.customer_id,
            agreed_with_contact_id=command.agreed_with_contact_id,
            reason_code=command.reason_code,
            withdrawn_at=command.at,
        )
    ]


def _change_owner(commitment: Commitment, command: ChangeCommitmentOwner) -> list[CommitmentEvent]:
    """Of what is still owed only: who kept a promise stays known."""
    _require_not_fulfilled(commitment)
    _require_not_withdrawn(commitment)
    if commitment.owner_id == command.owner_id:
        return []
    return [
        CommitmentOwnerChanged(
            commitment_id=commitment.commitment_id,
            customer_id=commitment.customer_id,
            from_owner_id=commitment.owner_id,
            to_owner_id=command.owner_id,
            reason_code=command.reason_code,
            handover_id=command.handover_id,
        )
    ]


def _lapse(commitment: Commitment, at: datetime) -> list[CommitmentEvent]:
    """A warning that nobody gave in time is worth nothing once the promise is broken."""
    if _is_over(commitment, at):
        return [_broken(commitment, at)]
    if commitment.status != "open" or commitment.is_due_soon or at < commitment.warn_at:
        return []
    return [
        CommitmentDueSoon(
            commitment_id=commitment.commitment_id,
            customer_id=commitment.customer_id,
            deal_id=commitment.deal_id,
            owner_id=commitment.owner_id,
            due_at=commitment.due_at,
        )
    ]


def _repoint(commitment: Commitment, command: RepointCommitment) -> list[CommitmentEvent]:
    """Whatever became of it: a promise that was kept is its customer's too."""
    of_customer = command.party == "customer"
    named = commitment.customer_id if of_customer else commitment.contact_id
    if named != command.from_id:
        return []
    return [
        CommitmentRepointed(
            commitment_id=commitment.commitment_id,
            customer_id=command.to_id if of_customer else commitment.customer_id,
            party=command.party,
            from_id=command.from_id,
            to_id=command.to_id,
        )
    ]


def _is_over(commitment: Commitment, at: datetime) -> bool:
    return commitment.status == "open" and at >= commitment.due_at


def _broken(commitment: Commitment, at: datetime) -> CommitmentBroken:
    return CommitmentBroken(
        commitment_id=commitment.commitment_id,
        customer_id=commitment.customer_id,
        deal_id=commitment.deal_id,
        owner_id=commitment.owner_id,
        due_at=commitment.due_at,
        broken_at=at,
    )


def _require_not_fulfilled(commitment: Commitment) -> None:
    if commitment.status == "fulfilled":
        raise CommitmentIsFulfilledError(commitment_id=commitment.commitment_id)


def _require_not_withdrawn(commitment: Commitment) -> None:
    if commitment.status == "withdrawn":
        raise CommitmentIsWithdrawnError(commitment_id=commitment.commitment_id)
