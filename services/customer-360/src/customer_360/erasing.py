"""Erasure: a tombstone on a state topic takes the personal data of its key out of the view."""

from collections.abc import Sequence
from uuid import UUID

from shared.db import Connection
from shared.messaging.envelope import Envelope

from customer_360.customers.store import CUSTOMERS
from customer_360.people.store import CONTACTS, list_customers_of
from customer_360.profiles.store import touch


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
