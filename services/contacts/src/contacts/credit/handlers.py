"""What is done with credit: limits are set, holds placed and released, orders counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from shared.aliases import current_ids
from shared.cause import Cause
from shared.contracts.contacts import Credit, CreditBasis
from shared.db import Connection, Pool, transaction, with_retries
from shared.ids import new_id
from shared.telemetry import new_trace

from contacts.credit import store
from contacts.credit.domain import CreditPolicy, LimitMissingError, Owed, basis_of
from contacts.current import lock_current
from contacts.customers import store as customers
from contacts.customers.credit import (
    AssessCredit,
    PlaceCreditHold,
    ReleaseCreditHold,
    SetCreditLimit,
)
from contacts.customers.domain import Command, Customer, carry_out
from contacts.customers.handlers import lock_customer
from contacts.dormancy.handlers import wake
from contacts.figures.domain import OrderRow
from contacts.figures.store import lock_orders, save_rows, share_orders

ASSESSED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class WantedLimit:
    """What somebody asks for; without a limit, what the policy suggests."""

    currency: str
    limit: Decimal | None = None
    terms_days: int | None = None
    approved_by: str | None = None


async def set_limit(
    pool: Pool,
    cause: Cause,
    customer_id: UUID,
    wanted: WantedLimit,
    if_match: int | None = None,
) -> Customer:
    """Set a limit, with the policy's as its measure; the hold follows at once."""

    async def attempt() -> Customer:
        async with transaction(pool) as connection:
            await lock_orders(connection)
            customer = await lock_customer(connection, customer_id, if_match)
            policy = await store.load_policy(connection)
            terms = policy.terms_days if wanted.terms_days is None else wanted.terms_days
            named = customer.state.customer_id
            owed = await _owed_by(connection, policy, named, wanted.currency, terms, cause.at)
            basis = _basis(policy, customer, wanted.currency, terms, owed)
            command = _limit_command(policy, cause, wanted, terms, basis)
            change = carry_out(customer, command, _assessment(policy, owed, cause.at))
            await customers.save_changes(connection, cause, [change])
            return change.after

    return await with_retries(attempt)


def _limit_command(
    policy: CreditPolicy,
    cause: Cause,
    wanted: WantedLimit,
    terms_days: int,
    basis: CreditBasis | None,
) -> SetCreditLimit:
    if wanted.limit is None and basis is None:
        raise LimitMissingError(field="limit", currency=wanted.currency)
    suggested = basis.suggested if basis else Decimal(0)
    return SetCreditLimit(
        limit=suggested if wanted.limit is None else wanted.limit,
        currency=wanted.currency,
        terms_days=terms_days,
        basis=basis,
        set_by=cause.actor.removeprefix("user:"),
        at=cause.at,
        valid_until=policy.valid_until(cause.at),
        approved_by=wanted.approved_by,
    )


async def suggest_limit(
    connection: Connection, customer: Customer, currency: str, terms_days: int | None, at: datetime
) -> CreditBasis | None:
    """What the policy would allow, and why."""
    policy = await store.load_policy(connection)
    terms = policy.terms_days if terms_days is None else terms_days
    customer_id = customer.state.customer_id
    owed = await _owed_by(connection, policy, customer_id, currency, terms, at)
    return _basis(policy, customer, currency, terms, owed)


async def place_hold(
    pool: Pool, cause: Cause, customer_id: UUID, reason_code: str, if_match: int | None = None
) -> Customer:
    """A person stops selling on credit, whatever the figures say."""
    command = PlaceCreditHold(reason_code, cause.actor, cause.at)
    return await _change(pool, cause, customer_id, command, if_match)


async def release_hold(
    pool: Pool, cause: Cause, customer_id: UUID, reason_code: str, if_match: int | None = None
) -> Customer:
    """A person takes a hold back; where the policy wants one, its own follows."""
    command = ReleaseCreditHold(reason_code, cause.actor, cause.at)
    return await _change(pool, cause, customer_id, command, if_match)


async def _change(
    pool: Pool, cause: Cause, customer_id: UUID, command: Command, if_match: int | None
) -> Customer:
    async def attempt() -> Customer:
        async with transaction(pool) as connection:
            customer = await lock_customer(connection, customer_id, if_match)
            assessments = await _assessments(connection, [customer], cause.at)
            change = carry_out(customer, command, *assessments.values())
            await customers.save_changes(connection, cause, [change])
            return change.after

    return await with_retries(attempt)


async def note_orders(connection: Connection, cause: Cause, orders: Sequence[OrderRow]) -> None:
    """Keep the orders; of those who ordered, wake the dormant and assess those with a limit."""
    await share_orders(connection)
    await save_rows(connection, orders)
    current = await current_ids(connection, {order.customer_id for order in orders})
    await wake(connection, cause, orders, current)
    limited = await store.find_limited(connection, set(current.values()))
    latest = {current[order.customer_id]: order.order_id for order in orders}
    await reassess(connection, cause, limited, latest)


async def reassess(
    connection: Connection,
    cause: Cause,
    customer_ids: Sequence[UUID],
    orders: Mapping[UUID, UUID] | None = None,
) -> None:
    """Count anew what these customers owe; `orders` name the order that each change is owed to.

    Of one that was merged, what the one that stays owes.
    """
    if not customer_ids:
        return
    meant = await lock_current(connection, customers.lock_customers, customer_ids)
    locked = {customer.state.customer_id: customer for customer in meant.values()}
    now = datetime.now(UTC)
    assessments = await _assessments(connection, list(locked.values()), now, orders or {})
    changes = [carry_out(locked[one], command) for one, command in assessments.items()]
    await customers.save_changes(connection, cause, changes)


async def keep_manual_hold(
    connection: Connection, cause: Cause, survivor_id: UUID, merged_ids: Sequence[UUID]
) -> None:
    """What a person forbade of a merged one stays forbidden of the survivor."""
    locked = await customers.lock_customers(connection, [survivor_id, *merged_ids])
    survivor = locked.pop(survivor_id)
    holds = [
        hold
        for each in locked.values()
        if (hold := (each.state.credit or Credit()).hold) and hold.is_manual
    ]
    known = (survivor.state.credit or Credit()).hold
    if holds and not (known and known.is_manual):
        place = PlaceCreditHold(holds[0].reason_code, holds[0].placed_by, cause.at)
        await customers.save_changes(connection, cause, [carry_out(survivor, place)])


async def assess_all(pool: Pool) -> None:
    """Look at everybody with a limit, a page per transaction.

    Between the levels that pipeline tells of an overdue invoice, time passes without a word; and a
    limit is past its time without one.
    """
    after: UUID | None = None
    while True:
        async with transaction(pool) as connection:
            page = await store.list_limited(connection, after, ASSESSED_AT_ONCE)
            if not page:
                return
            await reassess(connection, _cause_of_assessment(), page)
            after = page[-1]


async def _assessments(
    connection: Connection,
    found: Sequence[Customer],
    at: datetime,
    orders: Mapping[UUID, UUID] | None = None,
) -> dict[UUID, AssessCredit]:
    """What each customer with a limit owes now, and which limit the policy would suggest."""
    policy = await store.load_policy(connection)
    wanted = [
        (customer.state.customer_id, credit.currency, terms)
        for customer in found
        if (credit := customer.state.credit or Credit()).currency is not None
        and (terms := credit.terms_days) is not None
    ]
    owed = await store.read_owed(connection, wanted, policy.window_days, at)
    named = {customer.state.customer_id: customer for customer in found}
    return {
        customer_id: replace(
            _assessment(policy, owed[customer_id], at, (orders or {}).get(customer_id)),
            basis=_basis(policy, named[customer_id], currency, terms, owed[customer_id]),
        )
        for customer_id, currency, terms in sorted(wanted)
    }


def _assessment(
    policy: CreditPolicy, owed: Owed, at: datetime, order_id: UUID | None = None
) -> AssessCredit:
    return AssessCredit(
        owed.exposure,
        owed.overdue_amount,
        owed.overdue_days,
        policy.hold_overdue_days,
        at,
        order_id,
    )


async def _owed_by(
    connection: Connection,
    policy: CreditPolicy,
    customer_id: UUID,
    currency: str,
    terms_days: int,
    at: datetime,
) -> Owed:
    asked = [(customer_id, currency, terms_days)]
    return (await store.read_owed(connection, asked, policy.window_days, at))[customer_id]


def _basis(
    policy: CreditPolicy, customer: Customer, currency: str, terms_days: int, owed: Owed
) -> CreditBasis | None:
    grading = customer.state.grading
    return basis_of(policy, grading.grade if grading else None, currency, terms_days, owed)


def _cause_of_assessment() -> Cause:
    return Cause(
        actor="policy:credit",
        at=datetime.now(UTC),
        correlation_id=str(new_id()),
        trace=new_trace(),
    )
