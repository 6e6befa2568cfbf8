"""The table of identity links."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.contacts import IdentityLinked
from shared.db import Connection, refusing, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.identities.domain import (
    UNIQUE,
    Command,
    Link,
    LinkIdentity,
    decide,
    evolve,
)

_COLUMNS = """link_id, contact_id, customer_id, identifier_type, identifier, source, confidence,
    version, unlinked_at IS NULL AS is_active, claimed_for"""
_NAMES = (
    "link_id",
    "contact_id",
    "customer_id",
    "identifier_type",
    "identifier",
    "source",
    "confidence",
    "version",
    "unlinked_at",
    "claimed_for",
)
_INSERT = """
INSERT INTO identity_links (link_id, contact_id, customer_id, identifier_type, identifier, source,
    confidence, version, unlinked_at, claimed_for, linked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
_UPDATE = """
UPDATE identity_links SET contact_id = $2, customer_id = $3, identifier_type = $4, identifier = $5,
    source = $6, confidence = $7, version = $8, unlinked_at = $9, claimed_for = $10
WHERE link_id = $1 AND version = $11
"""

_MOVE = """
UPDATE identity_links AS link SET {column} = $2, version = version + 1
FROM (
    SELECT link_id, {column} AS from_id FROM identity_links WHERE {column} = ANY($1::uuid[])
    ORDER BY link_id FOR UPDATE
) AS moved
WHERE link.link_id = moved.link_id
RETURNING link.link_id, moved.from_id
"""
_RETURN = """
UPDATE identity_links AS link SET {column} = back.to_id, version = version + 1
FROM unnest($1::uuid[], $2::uuid[]) AS back (link_id, to_id)
WHERE link.link_id = back.link_id AND link.{column} = $3
"""
_Party: TypeAlias = Literal["contact", "customer"]


async def find_link(connection: Connection, link_id: UUID) -> Link | None:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM identity_links WHERE link_id = $1", link_id
    )
    return _link(row) if row else None


async def list_links(connection: Connection, contact_id: UUID) -> list[Link]:
    """What belongs to a person now."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM identity_links WHERE contact_id = $1 AND unlinked_at IS NULL"
        " ORDER BY link_id",
        contact_id,
    )
    return [_link(row) for row in rows]


async def find_unique(
    connection: Connection, contact_ids: Collection[UUID]
) -> dict[UUID, list[tuple[str, str]]]:
    """The identifiers that these people alone have, each with its kind and who gave it out."""
    rows = await connection.fetch(
        "SELECT contact_id, identifier_type || ':' || source AS kind, identifier"
        " FROM identity_links WHERE contact_id = ANY($1::uuid[]) AND unlinked_at IS NULL"
        " AND identifier_type = ANY($2::text[])",
        list(contact_ids),
        sorted(UNIQUE),
    )
    found: dict[UUID, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row["contact_id"], []).append((row["kind"], row["identifier"]))
    return found


@dataclass(frozen=True, slots=True)
class Claims:
    """What was claimed for people although somebody else of them has it, and who has it."""

    claimed: Mapping[UUID, Collection[tuple[str, str]]]
    owner_ids: frozenset[UUID]


async def find_claims(connection: Connection, contact_ids: Collection[UUID]) -> Claims:
    """The identifiers of one of these people alone that were claimed for others of them, too."""
    rows = await connection.fetch(
        "SELECT contact_id, claimed_for, identifier_type || ':' || source AS kind, identifier"
        " FROM identity_links WHERE contact_id = ANY($1::uuid[]) AND unlinked_at IS NULL"
        " AND identifier_type = ANY($2::text[]) AND claimed_for && $1::uuid[]",
        list(contact_ids),
        sorted(UNIQUE),
    )
    claimed: dict[UUID, set[tuple[str, str]]] = {}
    for row in rows:
        for claimant in set(row["claimed_for"]) & set(contact_ids):
            claimed.setdefault(claimant, set()).add((row["kind"], row["identifier"]))
    return Claims(claimed, frozenset(row["contact_id"] for row in rows))


async def find_owners(connection: Connection, link_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Whose each of these links is now; those of nobody are absent."""
    rows = await connection.fetch(
        "SELECT link_id, contact_id FROM identity_links"
        " WHERE link_id = ANY($1::uuid[]) AND unlinked_at IS NULL",
        list(link_ids),
    )
    return {row["link_id"]: row["contact_id"] for row in rows}


async def record_all(
    connection: Connection, cause: Cause, commands: Sequence[LinkIdentity]
) -> None:
    """Link many by a constant number of calls; only claims of what is another's cost one each."""
    if not commands:
        return
    link_ids = [command.link_id for command in commands]
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM identity_links WHERE link_id = ANY($1::uuid[])", link_ids
    )
    known = {row["link_id"] for row in rows}
    new = {each.link_id: each for each in reversed(commands) if each.link_id not in known}
    links = [evolve(None, decide(None, command)[0]) for command in new.values()]
    columns = (*_NAMES, "linked_at")
    with refusing({"identity_links_pkey": StaleVersionError}):
        await connection.copy_records_to_table(
            "identity_links",
            records=[(*_values(cause, link), cause.at) for link in links],
            columns=columns,
        )
    await outbox.append(connection, cause, [Fact(link.linked, link.version) for link in links])
    for command in commands:
        if command is not new.get(command.link_id):
            await record(connection, cause, command)


async def move_links(
    connection: Connection, party: _Party, from_ids: Collection[UUID], to_id: UUID
) -> list[tuple[UUID, UUID]]:
    """Whose records are merged, theirs are the other's now; answers (link, whose it was)."""
    statement = _MOVE.format(column=f"{party}_id")
    rows = await connection.fetch(statement, list(from_ids), to_id)
    return [(row["link_id"], row["from_id"]) for row in rows]


async def count_links(connection: Connection, party: _Party, owner_ids: Collection[UUID]) -> int:
    """How many identifiers are theirs."""
    count: int = await connection.fetchval(
        f"SELECT count(*) FROM identity_links WHERE {party}_id = ANY($1::uuid[])", list(owner_ids)
    )
    return count


async def return_links(
    connection: Connection, party: _Party, moved: Sequence[tuple[UUID, UUID]], from_id: UUID
) -> None:
    """Give (link, whose it was) back, where it is still where it was moved to."""
    links, owners = [link for link, _ in moved], [owner for _, owner in moved]
    await connection.execute(_RETURN.format(column=f"{party}_id"), links, owners, from_id)


async def record(connection: Connection, cause: Cause, command: LinkIdentity) -> None:
    """Link what is not linked yet, and publish it."""
    await carry_out(connection, cause, command.link_id, command)


async def carry_out(connection: Connection, cause: Cause, link_id: UUID, command: Command) -> Link:
    """Decide a command on a link, write and publish what follows; `StaleVersionError` if late."""
    link = before = await find_link(connection, link_id)
    for event in decide(link, command):
        link = evolve(link, event)
        await _save(connection, cause, before, link)
        await outbox.append(connection, cause, [Fact(event, link.version)])
    assert link is not None
    return link


async def _save(connection: Connection, cause: Cause, before: Link | None, link: Link) -> None:
    values = _values(cause, link)
    if before is None:
        with refusing({"identity_links_pkey": StaleVersionError}):
            await connection.execute(_INSERT, *values, cause.at)
    elif rows_affected(await connection.execute(_UPDATE, *values, before.version)) != 1:
        raise StaleVersionError


def _values(cause: Cause, link: Link) -> list[Any]:
    linked = link.linked
    return [
        linked.link_id,
        linked.contact_id,
        linked.customer_id,
        linked.identifier_type,
        linked.identifier,
        linked.source,
        linked.confidence,
        link.version,
        None if link.is_active else cause.at,
        list(link.claimed_for),
    ]


def _link(row: asyncpg.Record) -> Link:
    values: dict[str, Any] = dict(row)
    version: int = values.pop("version")
    is_active: bool = values.pop("is_active")
    claimed_for: list[UUID] = values.pop("claimed_for")
    return Link(IdentityLinked(**values), version, is_active, tuple(claimed_for))
