"""A job looks at what was invoiced and tells what is overdue: each level once, whoever looks."""

from datetime import UTC, datetime

from shared.cause import Cause
from shared.db import Pool, transaction
from shared.failpoints import Failpoint
from shared.ids import new_id
from shared.telemetry import new_trace

from pipeline.orders import store as orders
from pipeline.orders.domain import Order, evolve
from pipeline.orders.store import Looked
from pipeline.payments import store
from pipeline.payments.domain import PaymentPolicy, next_look, overdue

BATCH = 500

_BEFORE_COMMIT = Failpoint("payments.before-commit")
_AFTER_COMMIT = Failpoint("payments.after-commit")


async def look_at_invoices(pool: Pool) -> None:
    """Look at all that it is time for, a batch per transaction."""
    while await look_at_due(pool, datetime.now(UTC)) == BATCH:
        pass


async def look_at_due(pool: Pool, at: datetime) -> int:
    """One batch of the orders to be looked at by an instant; answers how many there were."""
    async with transaction(pool) as connection:
        due = await orders.lock_to_look_at(connection, at, BATCH)
        if not due:
            return 0
        policy = await store.load_policy(connection)
        terms = await store.find_terms(connection, {order.customer_id for order in due})
        looked = [
            _look(order, terms.get(order.customer_id, policy.terms_days), policy, at)
            for order in due
        ]
        cause = Cause("service:pipeline", at, str(new_id()), new_trace())
        await orders.record_looked(connection, cause, looked)
        _BEFORE_COMMIT.reach()
    _AFTER_COMMIT.reach()
    return len(due)


def _look(order: Order, terms_days: int, policy: PaymentPolicy, at: datetime) -> Looked:
    fact = overdue(order, terms_days, policy, at)
    after = evolve(order, fact) if fact else order
    return Looked(order, fact, next_look(after, terms_days, policy, at))
