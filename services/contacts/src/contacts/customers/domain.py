"""Customers: the parties we do business with."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias, assert_never
from uuid import UUID

from shared.contracts.contacts import (
    CustomerArchived,
    CustomerCreated,
    CustomerCreditExposureChanged,
    CustomerCreditHoldPlaced,
    CustomerCreditHoldReleased,
    CustomerCreditLimitExpired,
    CustomerCreditLimitSet,
    CustomerGraded,
    CustomerGradeReviewDue,
    CustomerLifecycleChanged,
    CustomerOffboarded,
    CustomerOwnerChanged,
    CustomerQueued,
    CustomerRecordStatusChanged,
    CustomerRestored,
    CustomerState,
    CustomerUpdated,
    ExternalId,
)
from shared.errors import ConflictError, NotFoundError

from contacts import changes
from contacts.customers.credit import (
    AssessCredit,
    CreditCommand,
    CreditFact,
    PlaceCreditHold,
    ReleaseCreditHold,
    SetCreditLimit,
    change_credit,
    credit_after,
)
from contacts.customers.grading import (
    ApproveGrade,
    GradeFact,
    ReviewGrade,
    approve,
    grading_after,
    review,
)
from contacts.customers.lifecycle import (
    AdoptLifecycle,
    FollowFact,
    MoveApproved,
    MoveLifecycle,
    NoticeQuiet,
    adopt,
    follow,
    move,
    move_approved,
    notice_quiet,
)
from contacts.customers.places import (
    ChangeOwner,
    PlaceCommand,
    PlaceFact,
    QueueCustomer,
    change_place,
    place_after,
    with_place,
)
from contacts.records import (
    AwaitErasure,
    EraseRecord,
    KeepRecord,
    MergeRecord,
    StatusCommand,
    UnmergeRecord,
    merged_into_after,
    require_active,
    require_present,
    status_after,
)

ERASED_NAME = "(erased)"
"""What stands for the name of a customer who was erased; a customer always has a name."""

NAMELESS: Mapping[str, Any] = {
    "display_name": ERASED_NAME,
    "legal_name": None,
    "tax_id": None,
    "registration_no": None,
    "annual_revenue": None,
    "website": None,
    "domains": (),
    "tags": (),
    "custom": None,
}
"""What could tell who a customer was, after the erasure."""


class CustomerNotFoundError(NotFoundError):
    """There is no such customer."""


class CustomerIdIsTakenError(ConflictError):
    """This id (or Idempotency-Key) belongs to a customer with other content."""


class ExternalIdIsTakenError(ConflictError):
    """Another customer has this external id."""


class ExternalIdsOfSeveralError(ConflictError):
    """These external ids belong to several customers."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as it is published, and its version."""

    state: CustomerState
    version: int


@dataclass(frozen=True, slots=True)
class CreateCustomer:
    """`profile` holds fields of `CustomerState`, checked at the door."""

    customer_id: UUID
    profile: Mapping[str, Any]
    at: datetime
    import_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class UpdateCustomer:
    """External ids in `profile` are added to those that are there."""

    profile: Mapping[str, Any]
    import_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ReplaceFields:
    """Exactly these values, external ids too: what a merge, or its undoing, makes of a record."""

    profile: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ArchiveCustomer:
    """Put the record away: it is found when asked for, and offered no longer."""

    reason_code: str


@dataclass(frozen=True, slots=True)
class RestoreCustomer:
    """Take an archived record into use again."""


Command: TypeAlias = (
    CreateCustomer
    | UpdateCustomer
    | ReplaceFields
    | PlaceCommand
    | MoveLifecycle
    | MoveApproved
    | FollowFact
    | NoticeQuiet
    | AdoptLifecycle
    | ArchiveCustomer
    | RestoreCustomer
    | StatusCommand
    | ReviewGrade
    | ApproveGrade
    | CreditCommand
)
CustomerEvent: TypeAlias = (
    CustomerState
    | CustomerCreated
    | CustomerUpdated
    | CustomerLifecycleChanged
    | CustomerOffboarded
    | PlaceFact
    | CustomerArchived
    | CustomerRestored
    | CustomerRecordStatusChanged
    | GradeFact
    | CreditFact
)
CustomerChange: TypeAlias = changes.Change[Customer]


def carry_out(before: Customer | None, *commands: Command) -> CustomerChange:
    """What these commands, one after the other, make of a customer."""
    return changes.carry_out(before, commands, decide, evolve)


def decide(  # noqa: C901, PLR0911, PLR0912 -- one per command
    customer: Customer | None, command: Command
) -> Sequence[CustomerEvent]:
    """The facts that follow from a command; none for a repeat. Raises the refusals above."""
    if isinstance(command, CreateCustomer):
        return _create(customer, command)
    if customer is None:
        raise CustomerNotFoundError
    match command:
        case UpdateCustomer() | ReplaceFields():
            return _update(customer.state, command)
        case ChangeOwner() | QueueCustomer():
            return change_place(customer.state, command)
        case MoveLifecycle():
            return move(customer.state, command)
        case MoveApproved():
            return move_approved(customer.state, command)
        case FollowFact():
            return follow(customer.state, command)
        case NoticeQuiet():
            return notice_quiet(customer.state, command)
        case AdoptLifecycle():
            return adopt(customer.state, command)
        case ArchiveCustomer() | RestoreCustomer():
            return _put(customer.state, command)
        case AwaitErasure() | KeepRecord() | EraseRecord() | MergeRecord() | UnmergeRecord():
            return _change_status(customer.state, command)
        case ReviewGrade():
            return review(customer.state, command)
        case ApproveGrade():
            return approve(customer.state, command)
        case SetCreditLimit() | PlaceCreditHold() | ReleaseCreditHold() | AssessCredit():
            return change_credit(customer.state, command)
        case _:
            assert_never(command)


def evolve(customer: Customer | None, event: CustomerEvent) -> Customer:
    """A snapshot brings the values; each fact raises the version."""
    if isinstance(event, CustomerState):
        return Customer(event, customer.version if customer else 0)
    assert customer is not None
    state = customer.state
    match event:
        case CustomerLifecycleChanged():
            moved = {"lifecycle": event.to_lifecycle, "lifecycle_since": event.since}
            state = state.model_copy(update=moved)
        case CustomerOwnerChanged() | CustomerQueued():
            state = state.model_copy(update=place_after(event))
        case CustomerArchived():
            state = state.model_copy(update={"record_status": "archived"})
        case CustomerRestored():
            state = state.model_copy(update={"record_status": "active"})
        case CustomerRecordStatusChanged():
            state = state.model_copy(update={"record_status": event.to_status})
        case CustomerCreated() | CustomerUpdated() | CustomerOffboarded():
            pass  # the snapshot before it brought the values, or the move beside it does
        case CustomerGraded() | CustomerGradeReviewDue():
            state = state.model_copy(update={"grading": grading_after(state.grading, event)})
        case (
            CustomerCreditLimitSet()
            | CustomerCreditLimitExpired()
            | CustomerCreditExposureChanged()
            | CustomerCreditHoldPlaced()
            | CustomerCreditHoldReleased()
        ):
            state = state.model_copy(update={"credit": credit_after(state.credit, event)})
        case _:
            assert_never(event)
    return Customer(state, customer.version + 1)


def _create(customer: Customer | None, command: CreateCustomer) -> Sequence[CustomerEvent]:
    if customer is not None:
        if customer.version == 1 and changes.differing(customer.state, command.profile):
            raise CustomerIdIsTakenError(customer_id=command.customer_id)
        return []
    state = CustomerState(
        customer_id=command.customer_id,
        lifecycle="prospect",
        lifecycle_since=command.at,
        created_at=command.at,
        **with_place(command.profile),
    )
    return [state, _created(state, command.import_id)]


def _created(state: CustomerState, import_id: UUID | None) -> CustomerCreated:
    return CustomerCreated(
        customer_id=state.customer_id,
        kind=state.kind,
        lifecycle=state.lifecycle,
        source=state.source,
        owner_id=state.owner_id,
        queue=state.queue,
        territory_code=state.territory_code,
        region=state.region,
        industry=state.industry,
        size_band=state.size_band,
        team_id=state.team_id,
        acquisition=state.acquisition,
        external_ids=state.external_ids,
        import_id=import_id,
    )


def _update(
    state: CustomerState, command: UpdateCustomer | ReplaceFields
) -> Sequence[CustomerEvent]:
    if isinstance(command, ReplaceFields):
        require_present(state)
        return _changed(state, command.profile, None)
    require_active(state)
    profile = dict(command.profile)
    if "external_ids" in profile:
        profile["external_ids"] = joined(state.external_ids, profile["external_ids"])
    return _changed(state, profile, command.import_id)


def _changed(
    state: CustomerState, profile: Mapping[str, Any], import_id: UUID | None
) -> Sequence[CustomerEvent]:
    changed = changes.differing(state, profile)
    if not changed:
        return []
    fact = CustomerUpdated(
        customer_id=state.customer_id,
        changed_fields=tuple(sorted(changed)),
        import_id=import_id,
    )
    return [state.model_copy(update=changed), fact]


def joined(present: Iterable[ExternalId], added: Iterable[ExternalId]) -> tuple[ExternalId, ...]:
    """Each once, in the order in which the store reads them."""
    named = {(each.system, each.id): each for each in (*present, *added)}
    return tuple(named[name] for name in sorted(named))


def _put(
    state: CustomerState, command: ArchiveCustomer | RestoreCustomer
) -> Sequence[CustomerEvent]:
    """Put the record away, or take it out again."""
    require_present(state)
    match command:
        case ArchiveCustomer(reason_code=reason_code) if state.record_status == "active":
            return [CustomerArchived(customer_id=state.customer_id, reason_code=reason_code)]
        case RestoreCustomer() if state.record_status == "archived":
            return [CustomerRestored(customer_id=state.customer_id)]
        case _:
            return []


def _change_status(state: CustomerState, command: StatusCommand) -> Sequence[CustomerEvent]:
    """An erased customer has no name any more; ids, codes and where it stood stay."""
    status = status_after(state, command)
    if status == state.record_status:
        return []
    fact = CustomerRecordStatusChanged(
        customer_id=state.customer_id,
        from_status=state.record_status,
        to_status=status,
        request_id=command.request_id,
    )
    if isinstance(command, MergeRecord | UnmergeRecord):
        into = merged_into_after(state, command)
        return [state.model_copy(update={"merged_into": into}), fact]
    if status != "erased":
        return [fact]
    return [state.model_copy(update=NAMELESS), fact]
