"""Who is in which customers, and was."""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from shared.db import Connection

from contacts.people.domain import Person
from contacts.people.store import lock_people


async def find_members(
    connection: Connection, customer_ids: Iterable[UUID], until: datetime | None = None
) -> list[UUID]:
    """Who is in these customers, or was until just that time."""
    rows = await connection.fetch(
        "SELECT DISTINCT contact_id FROM memberships"
        " WHERE customer_id = ANY($1::uuid[]) AND until IS NOT DISTINCT FROM $2",
        list(customer_ids),
        until,
    )
    return [row["contact_id"] for row in rows]


async def lock_members(
    connection: Connection, customer_ids: Collection[UUID], until: datetime | None = None
) -> dict[UUID, Person]:
    """Who is in these customers, or was until just that time, locked; the caller holds those.

    Who is made one with somebody while we wait for them has brought that one what they are in.
    """
    locked: dict[UUID, Person] = {}
    while more := set(await find_members(connection, customer_ids, until)) - locked.keys():
        locked |= await lock_people(connection, more)
    return locked


async def list_members(
    connection: Connection, customer_ids: Iterable[UUID]
) -> dict[UUID, list[UUID]]:
    """Who is in each of these customers."""
    rows = await connection.fetch(
        "SELECT customer_id, array_agg(contact_id) AS members FROM memberships"
        " WHERE customer_id = ANY($1::uuid[]) AND until IS NULL GROUP BY customer_id",
        list(customer_ids),
    )
    return {row["customer_id"]: row["members"] for row in rows}


async def find_only_customers(
    connection: Connection, contact_ids: Collection[UUID]
) -> dict[UUID, UUID]:
    """The customer of each of these people who are in one alone."""
    rows = await connection.fetch(
        "SELECT contact_id, array_agg(customer_id) AS ids FROM memberships"
        " WHERE contact_id = ANY($1::uuid[]) AND until IS NULL GROUP BY contact_id",
        list(contact_ids),
    )
    return {row["contact_id"]: row["ids"][0] for row in rows if len(row["ids"]) == 1}
