"""What is done about dormancy: policies are published, a job notices who is quiet, orders wake."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.ids import new_id
from shared.runtime import until_idle
from shared.telemetry import new_trace

from contacts.current import lock_current
from contacts.customers import store as customers
from contacts.customers.domain import CustomerChange, carry_out
from contacts.customers.lifecycle import FollowFact
from contacts.dormancy import store
from contacts.dormancy.domain import (
    DormancyDryRunIdIsTakenError,
    DormancyPolicy,
    DormancyPolicyIdIsTakenError,
    DormancyRules,
    DryRun,
    is_news,
    look,
    note_page,
)
from contacts.figures.domain import OrderRow
from contacts.figures.store import lock_orders

LOOKED_AT_ONCE = 1000


async def publish_policy(
    pool: Pool, cause: Cause, policy_id: UUID, rules: DormancyRules, effective_from: datetime
) -> DormancyPolicy:
    """From its date on these days count; a repeat is answered like the first."""

    async def attempt() -> DormancyPolicy:
        async with transaction(pool) as connection:
            known = await store.find_policy(connection, policy_id)
            if known is None:
                return await store.insert_policy(
                    connection, policy_id, rules, effective_from, cause.actor, cause.at
                )
            if (known.rules, known.effective_from) != (rules, effective_from):
                raise DormancyPolicyIdIsTakenError(policy_id=policy_id)
            return known

    return await with_retries(attempt)


async def start_dry_run(pool: Pool, cause: Cause, run_id: UUID, rules: DormancyRules) -> DryRun:
    """Begin to try rules out on the whole base; it moves nobody."""
    async with transaction(pool) as connection:
        run = await store.find_run(connection, run_id)
        if run is None:
            run = DryRun(run_id, rules, "running", cause.actor, cause.at)
            await store.save_run(connection, run)
        if run.rules != rules:
            raise DormancyDryRunIdIsTakenError(run_id=run_id)
        return run


async def run_dry_runs(pool: Pool) -> bool:
    """Do page after page, of the run that waited longest, until there is nothing to do.

    The checkpoint is committed with the page's counts: after a crash nobody is counted twice.
    """
    return await until_idle(partial(_do_next_page, pool))


async def _do_next_page(pool: Pool) -> bool:
    async with transaction(pool) as connection:
        run = await store.take_run(connection)
        if run is None:
            return False
        before = run.started_at - run.rules.shortest
        page = await store.list_page(connection, before, run.after_id, LOOKED_AT_ONCE)
        heard = await store.find_last_heard(connection, page, before)
        found = await customers.list_by_ids(connection, page)
        looked = [(each, heard[each.state.customer_id]) for each in found]
        await store.save_run(connection, note_page(run, looked, datetime.now(UTC)))
        return True


async def notice_quiet_customers(pool: Pool) -> None:
    """Look at everybody who may be quiet for too long, a page per transaction.

    After a crash the next pass begins anew: who has moved is no longer met.
    """
    after: UUID | None = None
    while True:
        after = await with_retries(partial(_look_at_page, pool, after))
        if after is None:
            return


async def _look_at_page(pool: Pool, after: UUID | None) -> UUID | None:
    """The last of the page; None after the last page."""
    async with transaction(pool) as connection:
        cause = _cause_of_look()
        policy = await store.load_policy_in_force(connection, cause.at)
        before = cause.at - policy.rules.shortest
        page = await store.list_page(connection, before, after, LOOKED_AT_ONCE)
        if not page:
            return None
        heard = await store.find_last_heard(connection, page, before)
        quiet = [each for each, last_at in heard.items() if last_at is None or last_at <= before]
        if quiet:
            await _notice(connection, cause, policy, quiet)
        return page[-1]


async def _notice(
    connection: Connection, cause: Cause, policy: DormancyPolicy, quiet: Sequence[UUID]
) -> None:
    """Move those who are still quiet now that nobody writes an order or wins a deal of theirs."""
    await lock_orders(connection)
    locked = await customers.lock_customers(connection, quiet)
    before = cause.at - policy.rules.shortest
    heard = await store.find_last_heard(connection, list(locked), before)
    changes = [
        carry_out(customer, look(policy, customer.state, heard[customer_id], cause.at))
        for customer_id, customer in sorted(locked.items())
    ]
    await customers.save_changes(connection, cause, changes)


async def wake(
    connection: Connection, cause: Cause, orders: Sequence[OrderRow], current: Mapping[UUID, UUID]
) -> None:
    """A dormant customer who orders is a customer again; `current` says who each of them is now.

    In the transaction that writes the orders, so that no dormancy is decided between.
    """
    told = sorted((o.ordered_at, o.order_id, o.customer_id) for o in orders if o.ordered_at)
    latest = {current[customer_id]: (at, order_id) for at, order_id, customer_id in told}
    dormant = await store.find_dormant(connection, latest)
    if not dormant:
        return
    rules = (await store.load_policy_in_force(connection, datetime.now(UTC))).rules
    locked = await lock_current(connection, customers.lock_customers, dormant)
    changes: list[CustomerChange] = []
    for named, customer in locked.items():
        ordered_at, order_id = latest[named]
        if is_news(rules, customer.state, ordered_at):
            ordered = FollowFact("order-confirmed", "customer", cause.at, "order", order_id)
            changes.append(carry_out(customer, ordered))
    await customers.save_changes(connection, cause, changes)


def _cause_of_look() -> Cause:
    return Cause(
        actor="policy:dormancy",
        at=datetime.now(UTC),
        correlation_id=str(new_id()),
        trace=new_trace(),
    )
