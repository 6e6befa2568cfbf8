"""The table of identity links."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    is_repeat,
    see,
)

_COLUMNS = """link_id, contact_id, customer_id, identifier_type, identifier, source, confidence,
    version, unlinked_at IS NULL AS is_active, claimed_for, linked_at, last_seen_at"""
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
    "linked_at",
    "last_seen_at",
)
_INSERT = """
INSERT INTO identity_links (link_id, contact_id, customer_id, identifier_type, identifier, source,
    confidence, version, unlinked_at, claimed_for, linked_at, last_seen_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_UPDATE = """
UPDATE identity_links SET contact_id = $2, customer_id = $3, identifier_type = $4, identifier = $5,
    source = $6, confidence = $7, version = $8, unlinked_at = $9, claimed_for = $10,
    linked_at = $11,
    last_seen_at = CASE WHEN contact_id = $2 THEN greatest(last_seen_at, $12) ELSE $12 END
WHERE link_id = $1 AND version = $13
"""
_SEE = """
UPDATE identity_links AS link SET last_seen_at = seen.at
FROM (
    SELECT link_id, least(at, now()) AS at FROM identity_links AS l
    JOIN unnest($1::uuid[], $2::timestamptz[]) AS sighting (link_id, at) USING (link_id)
    ORDER BY link_id FOR UPDATE OF l
) AS seen
WHERE link.link_id = seen.link_id AND link.last_seen_at < seen.at AND link.unlinked_at IS NULL
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


async def find_links(connection: Connection, link_ids: Collection[UUID]) -> dict[UUID, Link]:
    """Those of these links that were ever made."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM identity_links WHERE link_id = ANY($1::uuid[])", list(link_ids)
    )
    return {row["link_id"]: _link(row) for row in rows}


async def find_owners(connection: Connection, link_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Whose each of these links is now; those of nobody are absent."""
    return {
        link_id: link.linked.contact_id
        for link_id, link in (await find_links(connection, link_ids)).items()
        if link.is_active
    }


async def note_sightings(
    connection: Connection, sightings: Iterable[tuple[Link, datetime]]
) -> None:
    """Write down when links were seen again: at most once an hour for each, never backward.

    It is no fact and makes no version. What a system dates into the future was seen now. To be
    called last, as it locks the links.
    """
    due: dict[UUID, datetime] = {}
    for link, at in sightings:
        if see(link, at) is not link:
            link_id = link.linked.link_id
            due[link_id] = max(at, due.get(link_id, at))
    if due:
        await connection.execute(_SEE, list(due), list(due.values()))


async def see_again(connection: Connection, cause: Cause, command: LinkIdentity) -> None:
    """Note that an identifier was seen, where it is linked like this; nothing is linked."""
    link = await find_link(connection, command.link_id)
    if link is not None and is_repeat(link, command):
        await note_sightings(connection, [(link, cause.at)])


async def forget_sightings(connection: Connection, contact_ids: Collection[UUID]) -> None:
    """When the identifiers of these people were seen again; that they were linked stays."""
    await connection.execute(
        "UPDATE identity_links SET last_seen_at = linked_at WHERE contact_id = ANY($1::uuid[])",
        list(contact_ids),
    )


async def record_all(
    connection: Connection, cause: Cause, commands: Sequence[LinkIdentity]
) -> None:
    """Link many by a constant number of calls; only claims of what is another's cost one each."""
    if not commands:
        return
    known = await find_links(connection, {command.link_id for command in commands})
    new = {each.link_id: each for each in reversed(commands) if each.link_id not in known}
    links = {
        link_id: evolve(None, decide(None, command)[0], cause.at)
        for link_id, command in new.items()
    }
    with refusing({"identity_links_pkey": StaleVersionError}):
        await connection.copy_records_to_table(
            "identity_links",
            records=[_values(cause, link) for link in links.values()],
            columns=_NAMES,
        )
    made = [Fact(link.linked, link.version) for link in links.values()]
    await outbox.append(connection, cause, made)
    links |= known
    seen: list[Link] = []
    for command in commands:
        link = links[command.link_id]
        if is_repeat(link, command):
            seen.append(link)
        else:
            await record(connection, cause, command)
    await note_sightings(connection, [(link, cause.at) for link in seen])


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
    """Decide a command on a link, write and publish what follows; `StaleVersionError` if late.

    Where it is linked like this already, the identifier was seen once more.
    """
    link = before = await find_link(connection, link_id)
    for event in decide(link, command):
        link = evolve(link, event, cause.at)
        await _save(connection, cause, before, link)
        await outbox.append(connection, cause, [Fact(event, link.version)])
    assert link is not None
    if isinstance(command, LinkIdentity) and before is not None and is_repeat(before, command):
        await note_sightings(connection, [(link, cause.at)])
        return see(link, cause.at)
    return link


async def _save(connection: Connection, cause: Cause, before: Link | None, link: Link) -> None:
    values = _values(cause, link)
    if before is None:
        with refusing({"identity_links_pkey": StaleVersionError}):
            await connection.execute(_INSERT, *values)
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
        link.first_seen_at,
        link.last_seen_at,
    ]


def _link(row: asyncpg.Record) -> Link:
    values: dict[str, Any] = dict(row)
    version: int = values.pop("version")
    is_active: bool = values.pop("is_active")
    claimed_for: list[UUID] = values.pop("claimed_for")
    seen: tuple[datetime, datetime] = values.pop("linked_at"), values.pop("last_seen_at")
    return Link(IdentityLinked(**values), version, *seen, is_active, tuple(claimed_for))
