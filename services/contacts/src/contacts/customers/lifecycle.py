"""The lifecycle of customers: the one table of its moves, and what causes each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from shared.contracts.contacts import (
    CustomerLifecycleChanged,
    CustomerOffboarded,
    CustomerState,
    Lifecycle,
)
from shared.errors import ConflictError

from contacts.records import is_present, require_active

Trigger: TypeAlias = Literal[
    "by-hand",
    "approved",
    "deal-won",
    "order-confirmed",
    "deal-reopened",
    "new-interest",
    "leads-disqualified",
    "quiet",
]
WON_BACK = "won-back"

LIFECYCLE: Mapping[tuple[Lifecycle, Lifecycle], frozenset[Trigger]] = {
    ("prospect", "customer"): frozenset({"by-hand", "deal-won", "order-confirmed"}),
    ("prospect", "disqualified"): frozenset({"by-hand", "leads-disqualified"}),
    ("disqualified", "prospect"): frozenset({"by-hand", "new-interest"}),
    ("customer", "dormant"): frozenset({"by-hand", "quiet"}),
    ("dormant", "customer"): frozenset({"by-hand", "deal-won", "order-confirmed"}),
    ("dormant", "churned"): frozenset({"by-hand", "quiet"}),
    ("customer", "churned"): frozenset({"by-hand"}),
    ("churned", "customer"): frozenset({"by-hand", "deal-won"}),
    ("customer", "offboarded"): frozenset({"approved"}),
    ("dormant", "offboarded"): frozenset({"approved"}),
    ("offboarded", "prospect"): frozenset({"approved"}),
    ("customer", "prospect"): frozenset({"deal-reopened"}),
}
"""Every move there is and what may cause it. The last one takes a won deal back."""


class LifecycleMoveError(ConflictError):
    """The lifecycle does not allow this move."""


class ApprovalMissingError(ConflictError):
    """Offboarding and its reversal are proposed by one person and approved by another."""


@dataclass(frozen=True, slots=True)
class MoveLifecycle:
    """A person moves the customer."""

    to: Lifecycle
    reason_code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class MoveApproved:
    """Offboard the customer, or take it back: one person proposed it, another approves."""

    to: Literal["offboarded", "prospect"]
    reason_code: str
    at: datetime
    proposed_by: str
    approved_by: str


@dataclass(frozen=True, slots=True)
class FollowFact:
    """A fact elsewhere moves the customer, where the table has such a move; else nothing."""

    trigger: Trigger
    to: Lifecycle
    at: datetime
    cause_type: str
    cause_id: UUID


@dataclass(frozen=True, slots=True)
class NoticeQuiet:
    """Nothing was heard of the customer since `last_at`; the policy says what that makes of it."""

    last_at: datetime | None
    dormant_after: timedelta
    churned_after: timedelta
    policy_id: UUID
    policy_version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AdoptLifecycle:
    """What a merge of customers, or its undoing, makes of where the one that stays stands."""

    to: Lifecycle
    at: datetime
    merge_id: UUID
    reason_code: str = "merge"


FURTHEST: Sequence[Lifecycle] = (
    "disqualified", "prospect", "churned", "dormant", "customer", "offboarded",
)  # fmt: skip
"""Which of two merged customers has come further. What two people decided outranks all."""


def furthest(lifecycles: Iterable[Lifecycle]) -> Lifecycle:
    """Where a customer stands who was known several times."""
    return max(lifecycles, key=FURTHEST.index)


def adopt(state: CustomerState, command: AdoptLifecycle) -> Sequence[CustomerLifecycleChanged]:
    if state.lifecycle == command.to:
        return []
    moved = _moved(state, command.to, command.at, command.reason_code)
    return [moved.model_copy(update={"cause_type": "merge", "cause_id": command.merge_id})]


def move(state: CustomerState, command: MoveLifecycle) -> Sequence[CustomerLifecycleChanged]:
    require_active(state)
    if state.lifecycle == command.to:
        return []
    triggers = LIFECYCLE.get((state.lifecycle, command.to), frozenset())
    if "approved" in triggers:
        raise ApprovalMissingError(from_lifecycle=state.lifecycle, to_lifecycle=command.to)
    if "by-hand" not in triggers:
        raise LifecycleMoveError(from_lifecycle=state.lifecycle, to_lifecycle=command.to)
    return [_moved(state, command.to, command.at, command.reason_code)]


def require_approvable(state: CustomerState, to: Lifecycle) -> None:
    """Refuse a move that no two people can decide."""
    require_active(state)
    if "approved" not in LIFECYCLE.get((state.lifecycle, to), ()):
        raise LifecycleMoveError(from_lifecycle=state.lifecycle, to_lifecycle=to)


def move_approved(
    state: CustomerState, command: MoveApproved
) -> Sequence[CustomerOffboarded | CustomerLifecycleChanged]:
    require_approvable(state, command.to)
    if command.proposed_by == command.approved_by:
        raise ApprovalMissingError(proposed_by=command.proposed_by)
    moved = _moved(state, command.to, command.at, command.reason_code)
    if command.to == "prospect":
        return [moved]
    offboarded = CustomerOffboarded(
        customer_id=state.customer_id,
        reason_code=command.reason_code,
        approved_by=command.approved_by,
        effective_at=command.at,
    )
    return [offboarded, moved]


def follow(state: CustomerState, command: FollowFact) -> Sequence[CustomerLifecycleChanged]:
    triggers = LIFECYCLE.get((state.lifecycle, command.to), frozenset())
    if command.trigger not in triggers or not is_present(state):
        return []
    is_won_back = (state.lifecycle, command.to) == ("churned", "customer")
    moved = _moved(state, command.to, command.at, WON_BACK if is_won_back else command.trigger)
    cause = {"cause_type": command.cause_type, "cause_id": command.cause_id}
    return [moved.model_copy(update=cause)]


def notice_quiet(state: CustomerState, command: NoticeQuiet) -> Sequence[CustomerLifecycleChanged]:
    """A customer that is quiet for too long is dormant, a dormant one churned; others stay.

    Whoever came here, or moved, counts as heard of then: what was before need not be known here.
    """
    steps: Mapping[Lifecycle, tuple[Lifecycle, timedelta]] = {
        "customer": ("dormant", command.dormant_after),
        "dormant": ("churned", command.churned_after),
    }
    if state.lifecycle not in steps or state.record_status != "active":
        return []
    to, after = steps[state.lifecycle]
    quiet_since = max(state.created_at, state.lifecycle_since, command.last_at or state.created_at)
    if quiet_since + after > command.at:
        return []
    moved = _moved(state, to, command.at, "quiet")
    why = {
        "cause_type": "dormancy-policy",
        "cause_id": command.policy_id,
        "quiet_since": quiet_since,
        "policy_version": command.policy_version,
    }
    return [moved.model_copy(update=why)]


def _moved(
    state: CustomerState, to: Lifecycle, at: datetime, reason_code: str
) -> CustomerLifecycleChanged:
    return CustomerLifecycleChanged(
        customer_id=state.customer_id,
        from_lifecycle=state.lifecycle,
        to_lifecycle=to,
        reason_code=reason_code,
        since=at,
    )
