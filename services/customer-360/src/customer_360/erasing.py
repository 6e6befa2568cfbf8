"""Erasure: a tombstone on a state topic takes the personal data of its key out of the view.

A request for erasure does so before the tombstones come, in every projection that there is: the one
that is shown, one that is being built, and one that was replaced and is kept for a while.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from shared.contracts.contacts import CONTACT_STATE, CUSTOMER_STATE, ErasureRequested
from shared.contracts.privacy import ERASURE_ACKNOWLEDGED
from shared.db import Connection, rows_affected
from shared.messaging import erased, outbox
from shared.messaging.envelope import Envelope, Received
from shared.messaging.outbox import Fact
from shared.messaging.reactions import Consumer

from customer_360.customers.store import CUSTOMERS
from customer_360.people.store import CONTACTS, list_customers_of
from customer_360.profiles.store import touch
from customer_360.rebuilding.schemas import LIVE, NEXT, PREVIOUS

privacy = Consumer("customer-360.privacy")


async def erase_customers(connection: Connection, ended: Sequence[Envelope]) -> None:
    """Forget who these customers are; ids, codes and amounts stay, as on the event topics."""
    known = await CUSTOMERS.delete(connection, {UUID(envelope.key) for envelope in ended})
    await touch(connection, known)


async def erase_contacts(connection: Connection, ended: Sequence[Envelope]) -> None:
    """Forget these persons: names, points, memberships."""
    contact_ids = {UUID(envelope.key) for envelope in ended}
    customer_ids = await list_customers_of(connection, contact_ids, ())
    await CONTACTS.delete(connection, contact_ids)
    await touch(connection, customer_ids)


@privacy.on(ErasureRequested)
async def on_erasure_requested(
    connection: Connection, received: Received[ErasureRequested]
) -> None:
    """Forget these people and say so; ids, codes and amounts stay, as on the event topics."""
    asked = received.event
    await erased.lock_out(connection)
    await erased.erase_keys(connection, CONTACT_STATE, asked.contact_ids)
    await erased.erase_keys(connection, CUSTOMER_STATE, asked.customer_ids)
    touched = await list_customers_of(connection, asked.contact_ids, ())
    contacts = await _delete(connection, "contacts", "contact_id", asked.contact_ids)
    customers = await _delete(connection, "customers", "customer_id", asked.customer_ids)
    await touch(connection, touched | set(asked.customer_ids))
    acknowledged = ERASURE_ACKNOWLEDGED["customer-360"](
        request_id=asked.request_id, erased={"contacts": contacts, "customers": customers}
    )
    cause = received.envelope.cause("customer-360", at=datetime.now(UTC))
    await outbox.append(connection, cause, [Fact(acknowledged, 1)])
    erased.BEFORE_COMMIT.reach()


async def _delete(connection: Connection, table: str, key: str, ids: Sequence[UUID]) -> int:
    """Delete these rows in every projection; answers how many the shown one had."""
    deleted = 0
    for schema in (LIVE, NEXT, PREVIOUS):
        name = f"{schema}.{table}"
        if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
            continue
        status = await connection.execute(
            f"DELETE FROM {name} WHERE {key} = ANY($1::uuid[])", list(ids)
        )
        deleted += rows_affected(status) if schema == LIVE else 0
        await connection.execute(
            f"DELETE FROM {schema}.parked_keys WHERE key = ANY($1::text[])", [str(i) for i in ids]
        )
    return deleted
