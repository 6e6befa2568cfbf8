"""The tables of partners and their reps; the partner's lock is its reps' too."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter
from shared.cause import Cause
from shared.contracts.contacts import (
    PartnerOnboarded,
    PartnerRepCertified,
    PartnerRepExpired,
    PartnerRepRegistered,
    PartnerRepRemoved,
    PartnerStatus,
    RepStatus,
)
from shared.db import Connection, refusing, rows_affected
from shared.errors import Refusal, StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.history.domain import Changed
from contacts.history.store import record_changes
from contacts.partners.domain import (
    Certificate,
    Partner,
    PartnerEvent,
    PartnerNotFoundError,
    Rep,
)
from contacts.partners.past import entry_of

_TOLD = (
    "partner_id",
    "customer_id",
    "program",
    "tier",
    "territories",
    "product_lines",
    "agreement_ref",
    "onboarded_at",
)
_COLUMNS = f"{', '.join(_TOLD)}, status, reason_code, since, version"
_SELECT = f"SELECT {_COLUMNS} FROM partners"
_REPS = "SELECT partner_id, contact_id, role, registered_at, status, certificates FROM partner_reps"
_INSERT = f"""
INSERT INTO partners ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_UPDATE = """
UPDATE partners SET customer_id = new.customer_id, status = new.status,
    reason_code = new.reason_code, since = new.since, version = new.version
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::bigint[],
    $7::bigint[]) AS new (partner_id, customer_id, status, reason_code, since, version, seen)
WHERE partners.partner_id = new.partner_id AND partners.version = new.seen
"""
_SAVE_REPS = """
INSERT INTO partner_reps (partner_id, contact_id, role, registered_at, status, certificates,
    certified_until)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::text[], $6::jsonb[],
    $7::timestamptz[])
ON CONFLICT (partner_id, contact_id) DO UPDATE SET role = excluded.role, status = excluded.status,
    certificates = excluded.certificates, certified_until = excluded.certified_until
"""
_DELETE_REPS = """
DELETE FROM partner_reps WHERE (partner_id, contact_id) IN (
    SELECT * FROM unnest($1::uuid[], $2::uuid[]))
"""
_IN_ONE_PROGRAM = """
SELECT program, array_agg(partner_id ORDER BY partner_id) AS partner_ids FROM partners
WHERE customer_id = ANY($1::uuid[]) AND status <> 'terminated'
GROUP BY program HAVING count(*) > 1 ORDER BY program
"""
_LOCK_OF_PARTIES = f"""
{_SELECT}
WHERE customer_id = ANY($1::uuid[]) OR partner_id = ANY (ARRAY(
    SELECT partner_id FROM partner_reps WHERE contact_id = ANY($2::uuid[])))
ORDER BY partner_id FOR UPDATE
"""
_LOCK_WITH_DUE = f"""
{_SELECT}
WHERE partner_id = ANY (ARRAY(
    SELECT partner_id FROM partner_reps WHERE status = 'certified' AND certified_until <= $1
    ORDER BY certified_until LIMIT $2))
ORDER BY partner_id FOR UPDATE SKIP LOCKED
"""
_LIST = f"""
{_SELECT}
WHERE ($1::uuid IS NULL OR customer_id = $1)
    AND ($2::uuid IS NULL OR partner_id IN (
        SELECT partner_id FROM partner_reps WHERE contact_id = $2))
    AND ($3::text IS NULL OR status = $3) AND ($4::text IS NULL OR program = $4)
    AND ($5::text IS NULL OR tier = $5) AND ($6::text IS NULL OR $6 = ANY(territories))
    AND ($7::uuid IS NULL OR partner_id > $7)
ORDER BY partner_id LIMIT $8
"""
_LIST_REPS = f"""
{_REPS}
WHERE partner_id = $1 AND ($2::text IS NULL OR status = $2)
    AND ($3::uuid IS NULL OR contact_id > $3)
ORDER BY contact_id LIMIT $4
"""
_TAKEN: dict[str, type[Refusal]] = dict.fromkeys(
    ("partners_pkey", "partners_program_key"), StaleVersionError
)
"""Somebody was faster: the next attempt sees what there is."""

_CERTIFICATES: TypeAdapter[tuple[Certificate, ...]] = TypeAdapter(tuple[Certificate, ...])
_REP_FACTS = (
    PartnerRepRegistered,
    PartnerRepCertified,
    PartnerRepExpired,
    PartnerRepRemoved,
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which partners a list is to hold; what is None does not matter. `contact_id` is a rep's."""

    customer_id: UUID | None = None
    contact_id: UUID | None = None
    status: PartnerStatus | None = None
    program: str | None = None
    tier: str | None = None
    territory: str | None = None


async def lock_partner(
    connection: Connection, partner_id: UUID, contact_ids: Collection[UUID] = ()
) -> Partner | None:
    """The partner with its reps among these people."""
    locked = await lock_partners(connection, [partner_id], contact_ids)
    return locked[0] if locked else None


async def load_partner(connection: Connection, partner_id: UUID) -> Partner:
    """The partner without its reps."""
    row = await connection.fetchrow(f"{_SELECT} WHERE partner_id = $1", partner_id)
    if row is None:
        raise PartnerNotFoundError(partner_id=partner_id)
    return _partner(row)


async def find_partner_of(connection: Connection, customer_id: UUID, program: str) -> UUID | None:
    """What the customer is in this program now; the caller holds the customer's lock."""
    partner_id: UUID | None = await connection.fetchval(
        "SELECT partner_id FROM partners"
        " WHERE customer_id = $1 AND program = $2 AND status <> 'terminated'",
        customer_id,
        program,
    )
    return partner_id


async def find_in_one_program(
    connection: Connection, customer_ids: Collection[UUID]
) -> list[tuple[str, list[UUID]]]:
    """The programs in which more than one of these customers is a partner now, and which."""
    rows = await connection.fetch(_IN_ONE_PROGRAM, list(customer_ids))
    return [(row["program"], row["partner_ids"]) for row in rows]


async def lock_of_parties(
    connection: Connection,
    customer_ids: Collection[UUID],
    contact_ids: Collection[UUID],
    others: Collection[UUID] = (),
) -> list[Partner]:
    """The partners that these customers are or these people are reps of, with those reps.

    And with those reps of theirs who are among the others.
    """
    rows = await connection.fetch(_LOCK_OF_PARTIES, list(customer_ids), list(contact_ids))
    return await _with_reps(connection, rows, [*contact_ids, *others])


async def lock_partners(
    connection: Connection, partner_ids: Collection[UUID], contact_ids: Collection[UUID] = ()
) -> list[Partner]:
    """Those of these that there are, with their reps among these people."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE partner_id = ANY($1::uuid[]) ORDER BY partner_id FOR UPDATE",
        list(partner_ids),
    )
    return await _with_reps(connection, rows, contact_ids)


async def count_of_customers(connection: Connection, customer_ids: Collection[UUID]) -> int:
    """How many partners these customers are, terminated ones among them."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM partners WHERE customer_id = ANY($1::uuid[])", list(customer_ids)
    )
    return count


async def count_reps(connection: Connection, contact_ids: Collection[UUID]) -> int:
    """Of how many partners these people are reps, each for themselves."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM partner_reps WHERE contact_id = ANY($1::uuid[])", list(contact_ids)
    )
    return count


async def lock_with_due(connection: Connection, now: datetime, limit: int) -> list[Partner]:
    """Partners whose reps' time is over, with those reps; another process takes others."""
    rows = await connection.fetch(_LOCK_WITH_DUE, now, limit)
    due = await connection.fetch(
        f"{_REPS} WHERE partner_id = ANY($1::uuid[]) AND status = 'certified'"
        " AND certified_until <= $2",
        [row["partner_id"] for row in rows],
        now,
    )
    return _joined(rows, due)


async def list_partners(
    connection: Connection, wanted: Wanted, after: UUID | None, limit: int
) -> list[Partner]:
    rows = await connection.fetch(
        _LIST,
        wanted.customer_id,
        wanted.contact_id,
        wanted.status,
        wanted.program,
        wanted.tier,
        wanted.territory,
        after,
        limit,
    )
    return [_partner(row) for row in rows]


async def list_reps(
    connection: Connection,
    partner_id: UUID,
    status: RepStatus | None,
    after: UUID | None,
    limit: int,
) -> list[Rep]:
    rows = await connection.fetch(_LIST_REPS, partner_id, status, after, limit)
    return [_rep(row) for row in rows]


async def insert_partner(connection: Connection, cause: Cause, partner: Partner) -> None:
    """Keep a new one and publish what it was told by."""
    told: list[Any] = [getattr(partner.told, name) for name in _TOLD]
    stands = (partner.status, partner.reason_code, partner.since, partner.version)
    with refusing(_TAKEN):
        await connection.execute(_INSERT, *told, *stands)
    await record_changes(connection, [entry_of(None, partner, (), cause)])
    await outbox.append(connection, cause, [Fact(partner.told, partner.version)])


async def save_partners(
    connection: Connection, cause: Cause, changed: Sequence[tuple[Partner, Sequence[PartnerEvent]]]
) -> None:
    """Write what these facts made of partners that are there, and publish them."""
    changes = [(partner, facts) for partner, facts in changed if facts]
    if not changes:
        return
    entries = await _entries(connection, cause, changes)
    rows = [_row(partner, len(facts)) for partner, facts in changes]
    status = await connection.execute(_UPDATE, *(list(each) for each in zip(*rows, strict=True)))
    if rows_affected(status) != len(changes):
        raise StaleVersionError
    await _save_reps(connection, changes)
    await record_changes(connection, entries)
    await outbox.append(
        connection,
        cause,
        [
            Fact(fact, partner.version - len(facts) + n)
            for partner, facts in changes
            for n, fact in enumerate(facts, 1)
        ],
    )


async def _entries(
    connection: Connection,
    cause: Cause,
    changes: Sequence[tuple[Partner, Sequence[PartnerEvent]]],
) -> list[Changed]:
    """What the histories keep; these partners are locked, and are read as they stand."""
    about = {
        partner.told.partner_id: {fact.contact_id for fact in facts if isinstance(fact, _REP_FACTS)}
        for partner, facts in changes
    }
    stand = await lock_partners(connection, about, set[UUID]().union(*about.values()))
    before = {partner.told.partner_id: partner for partner in stand}
    return [
        entry_of(before[partner_id], after, about[partner_id], cause)
        for after, _ in changes
        for partner_id in [after.told.partner_id]
    ]


def _row(partner: Partner, steps: int) -> tuple[Any, ...]:
    who = (partner.told.partner_id, partner.told.customer_id)
    stands = (partner.status, partner.reason_code, partner.since)
    return (*who, *stands, partner.version, partner.version - steps)


async def _save_reps(
    connection: Connection, changes: Sequence[tuple[Partner, Sequence[PartnerEvent]]]
) -> None:
    """Write the reps that the facts are about, and delete those who are none any more."""
    touched = {
        (partner.told.partner_id, fact.contact_id): partner.reps.get(fact.contact_id)
        for partner, facts in changes
        for fact in facts
        if isinstance(fact, _REP_FACTS)
    }
    gone = [key for key, rep in touched.items() if rep is None]
    rows = [_rep_row(partner_id, rep) for (partner_id, _), rep in touched.items() if rep]
    if gone:
        await connection.execute(_DELETE_REPS, [key[0] for key in gone], [key[1] for key in gone])
    if rows:
        await connection.execute(_SAVE_REPS, *(list(each) for each in zip(*rows, strict=True)))


def _rep_row(partner_id: UUID, rep: Rep) -> tuple[Any, ...]:
    certificates = _CERTIFICATES.dump_json(rep.certificates).decode()
    who = (partner_id, rep.contact_id, rep.role, rep.registered_at, rep.status)
    return (*who, certificates, rep.certified_until)


async def _with_reps(
    connection: Connection, rows: Sequence[asyncpg.Record], contact_ids: Collection[UUID]
) -> list[Partner]:
    """Reps are read after the locks, in a statement of its own."""
    reps = await connection.fetch(
        f"{_REPS} WHERE partner_id = ANY($1::uuid[]) AND contact_id = ANY($2::uuid[])",
        [row["partner_id"] for row in rows],
        list(contact_ids),
    )
    return _joined(rows, reps)


def _joined(rows: Sequence[asyncpg.Record], reps: Sequence[asyncpg.Record]) -> list[Partner]:
    of: dict[UUID, dict[UUID, Rep]] = {row["partner_id"]: {} for row in rows}
    for row in reps:
        of[row["partner_id"]][row["contact_id"]] = _rep(row)
    return [replace(_partner(row), reps=of[row["partner_id"]]) for row in rows]


def _partner(row: asyncpg.Record) -> Partner:
    told = PartnerOnboarded.model_validate({name: row[name] for name in _TOLD})
    return Partner(told, row["version"], row["status"], row["since"], row["reason_code"])


def _rep(row: asyncpg.Record) -> Rep:
    return Rep(
        row["contact_id"],
        row["role"],
        row["registered_at"],
        row["status"],
        _CERTIFICATES.validate_json(row["certificates"]),
    )
