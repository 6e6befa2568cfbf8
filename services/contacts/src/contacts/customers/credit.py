"""The credit of a customer: a limit, what is owed, and the hold that follows or is placed by hand.

A hold that the policy placed goes when its cause is gone; one that a person placed does not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from shared.contracts.contacts import (
    Credit,
    CreditBasis,
    CreditHold,
    CustomerCreditExposureChanged,
    CustomerCreditHoldPlaced,
    CustomerCreditHoldReleased,
    CustomerCreditLimitExpired,
    CustomerCreditLimitSet,
    CustomerState,
    HoldReason,
)
from shared.errors import ConflictError, InvalidError

from contacts.customers.grading import BY_POLICY
from contacts.records import is_present, require_active


class LimitNeedsApprovalError(InvalidError):
    """A limit above what the policy suggests needs the approval of a second person."""


class HoldFollowsPolicyError(ConflictError):
    """The policy placed this hold; it goes when its cause is gone, or when the limit is raised."""


@dataclass(frozen=True, slots=True)
class SetCreditLimit:
    """Let so much be owed; `basis` is None where the policy knows no cap in this currency."""

    limit: Decimal
    currency: str
    terms_days: int
    basis: CreditBasis | None
    set_by: str
    at: datetime
    valid_until: datetime
    approved_by: str | None = None


@dataclass(frozen=True, slots=True)
class PlaceCreditHold:
    """A person stops selling on credit; the reason is the person's own code."""

    reason_code: str
    placed_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseCreditHold:
    """A person takes back what a person placed."""

    reason_code: str
    released_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AssessCredit:
    """What is owed now, as the orders say; the hold follows where the policy wants one.

    `basis` is the limit that the policy suggests now, for one that is past its time.
    """

    exposure: Decimal
    overdue_amount: Decimal
    overdue_days: int
    hold_overdue_days: int
    at: datetime
    order_id: UUID | None = None
    basis: CreditBasis | None = None


CreditCommand: TypeAlias = SetCreditLimit | PlaceCreditHold | ReleaseCreditHold | AssessCredit
CreditFact: TypeAlias = (
    CustomerCreditLimitSet
    | CustomerCreditLimitExpired
    | CustomerCreditExposureChanged
    | CustomerCreditHoldPlaced
    | CustomerCreditHoldReleased
)


def change_credit(state: CustomerState, command: CreditCommand) -> Sequence[CreditFact]:
    """The facts that follow from a command; none for a repeat."""
    credit = state.credit or Credit()
    if isinstance(command, AssessCredit):
        return _assess(state.customer_id, credit, command) if is_present(state) else []
    require_active(state)
    match command:
        case SetCreditLimit():
            return _set_limit(state.customer_id, credit, command)
        case PlaceCreditHold():
            return _place(state.customer_id, credit, command)
        case ReleaseCreditHold():
            return _release(state.customer_id, credit, command)


def credit_after(credit: Credit | None, fact: CreditFact) -> Credit:
    """What a fact makes of a customer's credit."""
    credit = credit or Credit()
    return credit.model_copy(update=_changed(credit, fact))


def _changed(credit: Credit, fact: CreditFact) -> dict[str, object]:
    match fact:
        case CustomerCreditLimitSet():
            return _limit_of(credit, fact)
        case CustomerCreditLimitExpired():
            return {"expired_at": fact.valid_until}
        case CustomerCreditExposureChanged():
            return {
                "exposure": fact.exposure,
                "available": fact.available,
                "overdue_amount": fact.overdue_amount,
            }
        case CustomerCreditHoldPlaced():
            return {"hold": CreditHold.model_validate(fact, from_attributes=True)}
        case CustomerCreditHoldReleased():
            return {"hold": None}


def _limit_of(credit: Credit, fact: CustomerCreditLimitSet) -> dict[str, object]:
    """What was owed in another currency is counted anew."""
    exposure = credit.exposure if credit.currency == fact.currency else Decimal(0)
    overdue = credit.overdue_amount if credit.currency == fact.currency else Decimal(0)
    return {
        "limit": fact.limit,
        "currency": fact.currency,
        "terms_days": fact.terms_days,
        "basis": fact.basis,
        "approved_by": fact.approved_by,
        "valid_until": fact.valid_until,
        "expired_at": None,
        "set_at": fact.set_at,
        "exposure": exposure,
        "available": fact.limit - exposure,
        "overdue_amount": overdue,
    }


def _set_limit(
    customer_id: UUID, credit: Credit, command: SetCreditLimit
) -> Sequence[CustomerCreditLimitSet]:
    """The same again is a repeat while it is valid, and renews it afterwards."""
    wanted = (command.limit, command.currency, command.terms_days, command.approved_by)
    known = (credit.limit, credit.currency, credit.terms_days, credit.approved_by)
    if wanted == known and not _is_past(credit, command.at):
        return []
    suggested = command.basis.suggested if command.basis else Decimal(0)
    if command.limit > suggested and command.approved_by in {None, command.set_by}:
        raise LimitNeedsApprovalError(field="approved_by", suggested=str(suggested))
    return [
        CustomerCreditLimitSet(
            customer_id=customer_id,
            limit=command.limit,
            currency=command.currency,
            terms_days=command.terms_days,
            basis=command.basis,
            set_by=command.set_by,
            approved_by=command.approved_by,
            set_at=command.at,
            valid_until=command.valid_until,
        )
    ]


def _place(
    customer_id: UUID, credit: Credit, command: PlaceCreditHold
) -> Sequence[CustomerCreditHoldPlaced]:
    hold = credit.hold
    if hold and hold.is_manual and hold.reason_code == command.reason_code:
        return []
    placed = CreditHold(
        reason_code=command.reason_code,
        is_manual=True,
        placed_by=command.placed_by,
        placed_at=command.at,
    )
    return [_placed(customer_id, credit, placed)]


def _release(
    customer_id: UUID, credit: Credit, command: ReleaseCreditHold
) -> Sequence[CustomerCreditHoldReleased]:
    hold = credit.hold
    if hold is None:
        return []
    if not hold.is_manual:
        raise HoldFollowsPolicyError(customer_id=customer_id, hold=hold.reason_code)
    return [_released(customer_id, command.released_by, command.reason_code, command.at)]


def _assess(customer_id: UUID, credit: Credit, command: AssessCredit) -> Sequence[CreditFact]:
    if credit.limit is None or credit.currency is None:
        return []
    owed = credit.model_copy(
        update={"exposure": command.exposure, "overdue_amount": command.overdue_amount}
    )
    follows = [*_expiry(customer_id, credit, command), *_hold_after(customer_id, owed, command)]
    if (owed.exposure, owed.overdue_amount) == (credit.exposure, credit.overdue_amount):
        return follows
    changed = CustomerCreditExposureChanged(
        customer_id=customer_id,
        exposure=command.exposure,
        available=credit.limit - command.exposure,
        overdue_amount=command.overdue_amount,
        currency=credit.currency,
        order_id=command.order_id,
    )
    return [changed, *follows]


def _is_past(credit: Credit, at: datetime) -> bool:
    return credit.valid_until is not None and credit.valid_until <= at


def _expiry(
    customer_id: UUID, credit: Credit, command: AssessCredit
) -> Sequence[CustomerCreditLimitExpired]:
    """Told once of a limit; what is owed and allowed stays as it is."""
    if credit.expired_at is not None or not _is_past(credit, command.at):
        return []
    assert credit.limit is not None
    assert credit.currency is not None
    assert credit.valid_until is not None
    return [
        CustomerCreditLimitExpired(
            customer_id=customer_id,
            limit=credit.limit,
            currency=credit.currency,
            valid_until=credit.valid_until,
            basis=command.basis,
        )
    ]


def _hold_after(customer_id: UUID, owed: Credit, command: AssessCredit) -> Sequence[CreditFact]:
    cause = _cause_of_hold(owed, command)
    hold = owed.hold
    if hold and (hold.is_manual or hold.reason_code == cause):
        return []
    if cause is not None:
        placed = CreditHold(
            reason_code=cause, is_manual=False, placed_by=BY_POLICY, placed_at=command.at
        )
        return [_placed(customer_id, owed, placed)]
    return [_released(customer_id, BY_POLICY, "cause-gone", command.at)] if hold else []


def _cause_of_hold(owed: Credit, command: AssessCredit) -> HoldReason | None:
    if owed.limit is not None and owed.exposure > owed.limit:
        return "over-limit"
    return "overdue" if command.overdue_days > command.hold_overdue_days else None


def _placed(customer_id: UUID, credit: Credit, hold: CreditHold) -> CustomerCreditHoldPlaced:
    return CustomerCreditHoldPlaced(
        customer_id=customer_id,
        reason_code=hold.reason_code,
        is_manual=hold.is_manual,
        exposure=credit.exposure,
        overdue_amount=credit.overdue_amount,
        currency=credit.currency,
        placed_by=hold.placed_by,
        placed_at=hold.placed_at,
    )


def _released(
    customer_id: UUID, released_by: str, reason_code: str, at: datetime
) -> CustomerCreditHoldReleased:
    return CustomerCreditHoldReleased(
        customer_id=customer_id, released_by=released_by, reason_code=reason_code, released_at=at
    )
