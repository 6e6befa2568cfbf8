"""Customers: what each command decides."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import pytest
from contacts.customers.domain import (
    ArchiveCustomer,
    CreateCustomer,
    Customer,
    CustomerIdIsTakenError,
    CustomerNotFoundError,
    RestoreCustomer,
    UpdateCustomer,
    carry_out,
    decide,
    evolve,
)
from contacts.customers.lifecycle import (
    LIFECYCLE,
    ApprovalMissingError,
    FollowFact,
    LifecycleMoveError,
    MoveApproved,
    MoveLifecycle,
    Trigger,
)
from contacts.customers.places import UNASSIGNED, ChangeOwner, QueueCustomer
from contacts.publishing import published
from contacts.records import RecordIsArchivedError, RecordIsErasedError, RecordIsMergedError
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.contacts import (
    CustomerArchived,
    CustomerCreated,
    CustomerLifecycleChanged,
    CustomerOffboarded,
    CustomerOwnerChanged,
    CustomerQueued,
    CustomerRestored,
    CustomerUpdated,
    ExternalId,
    Lifecycle,
)

ID, CAUSE = UUID(int=1), UUID(int=2)
AT, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
PROFILE = {"kind": "individual", "display_name": "Ada", "source": "manual"}
CREATE = CreateCustomer(ID, PROFILE, AT)
LIFECYCLES: tuple[Lifecycle, ...] = get_args(Lifecycle)
TRIGGERS: tuple[Trigger, ...] = get_args(Trigger)


def customer(**fields: Any) -> Customer:
    made = carry_out(None, CREATE).after
    return Customer(made.state.model_copy(update=fields), made.version)


def test_a_new_customer_is_a_prospect() -> None:
    change = carry_out(None, CREATE)
    assert change.facts == (
        CustomerCreated(
            customer_id=ID,
            kind="individual",
            lifecycle="prospect",
            source="manual",
            queue=UNASSIGNED,
        ),
    )
    assert (change.after.version, change.after.state.lifecycle_since) == (1, AT)


def test_creating_it_again_stays_quiet() -> None:
    assert decide(customer(), CREATE) == []


def test_the_same_id_with_other_content_is_refused() -> None:
    with pytest.raises(CustomerIdIsTakenError):
        decide(customer(display_name="Bob"), CREATE)


def test_nothing_happens_to_a_customer_that_is_not_there() -> None:
    with pytest.raises(CustomerNotFoundError):
        decide(None, ChangeOwner("anna", "x"))


def test_an_update_names_the_changed_fields_and_no_values() -> None:
    change = carry_out(customer(), UpdateCustomer({"display_name": "Bob", "source": "manual"}))
    assert change.facts == (CustomerUpdated(customer_id=ID, changed_fields=("display_name",)),)
    assert (change.after.state.display_name, change.after.version) == ("Bob", 2)


def test_external_ids_are_added_never_taken_away() -> None:
    erp, web = ExternalId(system="erp", id="1"), ExternalId(system="web", id="2")
    change = carry_out(customer(external_ids=(web,)), UpdateCustomer({"external_ids": (erp,)}))
    assert change.after.state.external_ids == (erp, web)
    assert carry_out(change.after, UpdateCustomer({"external_ids": (web,)})).facts == ()


def test_the_same_owner_again_stays_quiet() -> None:
    change = carry_out(customer(), ChangeOwner("anna", "new"), ChangeOwner("anna", "new"))
    assert change.facts == (
        CustomerOwnerChanged(
            customer_id=ID, from_queue=UNASSIGNED, to_owner_id="anna", reason_code="new"
        ),
    )


def test_a_customer_has_an_owner_or_waits_in_a_queue() -> None:
    for said, place in (
        ({}, (None, UNASSIGNED)),
        ({"queue": "vip"}, (None, "vip")),
        ({"owner_id": "anna"}, ("anna", None)),
    ):
        new = carry_out(None, replace(CREATE, profile={**CREATE.profile, **said})).after
        assert (new.state.owner_id, new.state.queue) == place
        queued = carry_out(new, QueueCustomer("late", "x")).after.state
        assert (queued.owner_id, queued.queue) == (None, "late")
        owned = carry_out(new, ChangeOwner("ben", "x")).after.state
        assert (owned.owner_id, owned.queue) == ("ben", None)


def test_the_same_queue_again_stays_quiet() -> None:
    owned = carry_out(customer(), ChangeOwner("anna", "new")).after
    change = carry_out(owned, QueueCustomer("late", "left"), QueueCustomer("late", "left"))
    assert change.facts == (
        CustomerQueued(customer_id=ID, from_owner_id="anna", to_queue="late", reason_code="left"),
    )


def test_an_archived_customer_is_not_queued() -> None:
    with pytest.raises(RecordIsArchivedError):
        decide(customer(record_status="archived"), QueueCustomer("late", "x"))


@pytest.mark.parametrize("start", LIFECYCLES)
@pytest.mark.parametrize("to", LIFECYCLES)
def test_by_hand_a_customer_moves_only_as_the_table_says(start: Lifecycle, to: Lifecycle) -> None:
    command = MoveLifecycle(to, "why", LATER)
    if start == to:
        assert decide(customer(lifecycle=start), command) == []
    elif "by-hand" in LIFECYCLE.get((start, to), ()):
        after = carry_out(customer(lifecycle=start), command).after
        assert (after.state.lifecycle, after.state.lifecycle_since) == (to, LATER)
    else:
        with pytest.raises((LifecycleMoveError, ApprovalMissingError)):
            decide(customer(lifecycle=start), command)


def test_two_people_offboard_a_customer_and_take_it_back() -> None:
    offboard = MoveApproved("offboarded", "fraud", LATER, "anna", "eva")
    with pytest.raises(ApprovalMissingError):
        decide(customer(lifecycle="customer"), MoveLifecycle("offboarded", "fraud", LATER))
    with pytest.raises(ApprovalMissingError):
        decide(customer(lifecycle="customer"), replace(offboard, approved_by="anna"))
    gone = carry_out(customer(lifecycle="dormant"), offboard)
    assert gone.facts[0] == CustomerOffboarded(
        customer_id=ID, reason_code="fraud", approved_by="eva", effective_at=LATER
    )
    assert gone.after.state.lifecycle == "offboarded"
    back = carry_out(gone.after, MoveApproved("prospect", "paid", LATER, "anna", "eva"))
    assert [type(fact) for fact in back.facts] == [CustomerLifecycleChanged]
    assert back.after.state.lifecycle == "prospect"


@pytest.mark.parametrize("start", ["prospect", "churned", "offboarded"])
def test_whoever_is_no_customer_is_not_offboarded(start: Lifecycle) -> None:
    with pytest.raises(LifecycleMoveError):
        decide(customer(lifecycle=start), MoveApproved("offboarded", "fraud", LATER, "anna", "eva"))


@pytest.mark.parametrize(
    ("trigger", "start", "moves"),
    [
        ("deal-won", "prospect", True),
        ("deal-won", "dormant", True),
        ("deal-won", "churned", True),
        ("deal-won", "disqualified", False),
        ("deal-won", "offboarded", False),
        ("order-confirmed", "offboarded", False),
        ("new-interest", "offboarded", False),
        ("order-confirmed", "prospect", True),
        ("order-confirmed", "dormant", True),
        ("order-confirmed", "churned", False),
        ("order-confirmed", "customer", False),
    ],
)
def test_a_fact_makes_a_customer_where_the_table_says(
    trigger: Trigger, start: Lifecycle, *, moves: bool
) -> None:
    command = FollowFact(trigger, "customer", LATER, "deal", CAUSE)
    facts = carry_out(customer(lifecycle=start), command).facts
    expected = CustomerLifecycleChanged(
        customer_id=ID,
        from_lifecycle=start,
        to_lifecycle="customer",
        reason_code="won-back" if start == "churned" else trigger,
        cause_type="deal",
        cause_id=CAUSE,
        since=LATER,
    )
    assert facts == ((expected,) if moves else ())


DOWNWARD = {"quiet", "leads-disqualified", "deal-reopened"}
_RANK = {
    "offboarded": 0,
    "churned": 0,
    "disqualified": 0,
    "dormant": 1,
    "prospect": 2,
    "customer": 3,
}


@given(
    st.sampled_from(LIFECYCLES),
    st.lists(st.tuples(st.sampled_from(TRIGGERS), st.sampled_from(LIFECYCLES))),
)
def test_no_side_effect_moves_a_customer_down(
    start: Lifecycle, moves: list[tuple[Trigger, Lifecycle]]
) -> None:
    """Only time does, sales that gives up every lead, and who takes a won deal back."""
    current = customer(lifecycle=start)
    for trigger, to in moves:
        if trigger in {"by-hand", "approved", *DOWNWARD}:
            continue
        change = carry_out(current, FollowFact(trigger, to, LATER, "deal", CAUSE))
        assert _RANK[change.after.state.lifecycle] >= _RANK[current.state.lifecycle]
        current = change.after


@given(st.lists(st.sampled_from(["anna", "ben"])))
def test_each_fact_raises_the_version_by_one(owners: list[str]) -> None:
    commands = [ChangeOwner(owner, "x") for owner in owners]
    change = carry_out(customer(), *commands)
    assert change.after.version == 1 + len(change.facts)
    *facts, snapshot = published([change])
    assert [fact.version for fact in facts] == list(range(2, 2 + len(change.facts)))
    assert snapshot.version == change.after.version


def test_folding_the_decided_facts_gives_the_decided_state() -> None:
    current: Customer | None = None
    for event in decide(None, CREATE):
        current = evolve(current, event)
    assert current == carry_out(None, CREATE).after


def test_a_record_is_put_away_and_taken_out_again() -> None:
    away = carry_out(customer(), ArchiveCustomer("ceased"), ArchiveCustomer("ceased"))
    assert away.facts == (CustomerArchived(customer_id=ID, reason_code="ceased"),)
    assert away.after.state.record_status == "archived"
    back = carry_out(away.after, RestoreCustomer(), RestoreCustomer())
    assert back.facts == (CustomerRestored(customer_id=ID),)
    assert back.after.state == customer().state


@pytest.mark.parametrize(
    "command",
    [
        UpdateCustomer({"display_name": "Bob"}),
        ChangeOwner("anna", "x"),
        MoveLifecycle("customer", "x", LATER),
    ],
)
def test_people_change_active_records_only(command: Any) -> None:
    with pytest.raises(RecordIsArchivedError):
        decide(customer(record_status="archived"), command)
    with pytest.raises(RecordIsMergedError):
        decide(customer(record_status="merged", merged_into=CAUSE), command)
    with pytest.raises(RecordIsErasedError):
        decide(customer(record_status="erased"), command)


def test_what_is_gone_is_neither_put_away_nor_taken_out() -> None:
    for command in (ArchiveCustomer("x"), RestoreCustomer()):
        with pytest.raises(RecordIsErasedError):
            decide(customer(record_status="erasure-pending"), command)


def test_facts_elsewhere_move_an_archived_customer_and_none_that_is_gone() -> None:
    won = FollowFact("deal-won", "customer", LATER, "deal", CAUSE)
    assert len(decide(customer(record_status="archived"), won)) == 1
    assert decide(customer(record_status="merged", merged_into=CAUSE), won) == []
    assert decide(customer(record_status="erased"), won) == []
