"""The tables of blocking keys and of duplicate cases: one or a thousand by the same statement."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.db import Connection, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.duplicates.domain import CaseEvent, DuplicateCase, DuplicateCaseNotFoundError, Status
from contacts.matching.keys import KeyChanges
from contacts.matching.subjects import EntityType

_FIELDS = (
    "case_id",
    "version",
    "entity_type",
    "first_id",
    "second_id",
    "score",
    "matched_on",
    "suggested_survivor_id",
    "policy_version",
    "found_by",
    "forced_for",
    "status",
    "survivor_id",
    "detected_at",
    "decided_at",
    "decided_by",
    "reason_code",
)
_COLUMNS = ", ".join(_FIELDS)
_INSERT_CASES = f"""
INSERT INTO duplicate_cases ({_COLUMNS})
SELECT case_id, version, entity_type, first_id, second_id, score,
    string_to_array(matched_on, ','), suggested_survivor_id, policy_version, found_by, forced_for,
    status, survivor_id, detected_at, decided_at, decided_by, reason_code
FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[], $5::uuid[], $6::float8[],
    $7::text[], $8::uuid[], $9::int[], $10::text[], $11::text[], $12::text[], $13::uuid[],
    $14::timestamptz[], $15::timestamptz[], $16::text[], $17::text[]) AS new ({_COLUMNS})
ON CONFLICT (case_id) DO NOTHING
RETURNING case_id
"""
_UPDATE_CASE = """
UPDATE duplicate_cases SET version = $2, status = $3, survivor_id = $4, decided_at = $5,
    decided_by = $6, reason_code = $7
WHERE case_id = $1 AND version = $8
"""
_LIST_CASES = f"""
SELECT {_COLUMNS} FROM duplicate_cases
WHERE status = $1 AND ($2::text IS NULL OR entity_type = $2)
    AND ($3::uuid IS NULL OR first_id = $3 OR second_id = $3)
    AND (status <> 'open' OR NOT EXISTS (
        SELECT FROM aliases WHERE old_id IN (first_id, second_id) AND ended_at IS NULL))
    AND ($4::float8 IS NULL OR score < $4 OR (score = $4 AND case_id > $5))
ORDER BY score DESC, case_id LIMIT $6
"""
_KEY_TABLES: Mapping[EntityType, str] = {
    "contact": "contact_match_keys",
    "customer": "customer_match_keys",
}
_COPY_FROM = 50
"""Keys of new records from which COPY is faster; below, its second round trip costs more."""

_ADD_KEYS = """
INSERT INTO {table} (key, entity_id) SELECT * FROM unnest($1::bigint[], $2::uuid[])
ON CONFLICT DO NOTHING
"""
_REMOVE_KEYS = """
DELETE FROM {table} AS kept USING unnest($1::bigint[], $2::uuid[]) AS gone (key, entity_id)
WHERE kept.key = gone.key AND kept.entity_id = gone.entity_id
"""
_FIND_CANDIDATES = """
SELECT least(wanted.entity_id, found.entity_id) AS one,
    greatest(wanted.entity_id, found.entity_id) AS other, min(cardinality(held.ids)) AS sharing
FROM unnest($1::bigint[], $2::uuid[]) AS wanted (key, entity_id)
CROSS JOIN LATERAL (  -- nearly every key ends here
    SELECT FROM {table} WHERE key = wanted.key AND entity_id <> wanted.entity_id LIMIT 1
) AS shared
CROSS JOIN LATERAL (
    SELECT array_agg(entity_id) AS ids
    FROM (SELECT entity_id FROM {table} WHERE key = wanted.key LIMIT $3 + 1) AS block
) AS held
CROSS JOIN LATERAL unnest(held.ids) AS found (entity_id)
WHERE cardinality(held.ids) <= $3 AND found.entity_id <> wanted.entity_id
GROUP BY 1, 2
"""
_READ_SLICE = """
SELECT count(*) AS size, CASE WHEN count(*) <= $3 THEN array_agg(entity_id) END AS ids
FROM {table} WHERE key BETWEEN $1 AND $2
GROUP BY key HAVING count(*) > 1
"""


async def save_keys(connection: Connection, entity_type: EntityType, changes: KeyChanges) -> None:
    """Write the keys that records got, take away those that they lost.

    All in the order of the index: half the pages touched, and no two writers in a circle.
    """
    table = _KEY_TABLES[entity_type]
    added = changes.added
    if len(changes.first) < _COPY_FROM:
        added = [*added, *changes.first]
    else:
        changes.first.sort()
        await connection.copy_records_to_table(
            table, records=changes.first, columns=("key", "entity_id")
        )
    for statement, pairs in ((_REMOVE_KEYS, changes.gone), (_ADD_KEYS, added)):
        if pairs:
            keys, ids = zip(*sorted(pairs), strict=True)
            await connection.execute(statement.format(table=table), list(keys), list(ids))


async def find_candidates(
    connection: Connection,
    entity_type: EntityType,
    keys: Sequence[tuple[int, UUID]],
    block_size: int,
) -> dict[tuple[UUID, UUID], int]:
    """The pairs of these with whom shares a key, and how many share it: the fewest of several.

    Keys that too many share say nothing.
    """
    if not keys:
        return {}
    statement = _FIND_CANDIDATES.format(table=_KEY_TABLES[entity_type])
    hashes, ids = zip(*sorted(keys), strict=True)
    rows = await connection.fetch(statement, list(hashes), list(ids), block_size)
    return {(row["one"], row["other"]): row["sharing"] for row in rows}


async def read_slice(
    connection: Connection,
    entity_type: EntityType,
    first_key: int,
    last_key: int,
    block_size: int,
) -> tuple[list[list[UUID]], int]:
    """The blocks of a range of keys, and how many blocks of it are too large to compare."""
    statement = _READ_SLICE.format(table=_KEY_TABLES[entity_type])
    rows = await connection.fetch(statement, first_key, last_key, block_size)
    blocks = [row["ids"] for row in rows if row["ids"] is not None]
    return blocks, len(rows) - len(blocks)


async def count_keys(connection: Connection, entity_type: EntityType) -> int:
    """About how many keys there are, as the planner estimates it."""
    found: int = await connection.fetchval(
        "SELECT greatest(pg_relation_size($1::regclass) / 64, 1)", _KEY_TABLES[entity_type]
    )
    return found


async def find_keys_version(connection: Connection, entity_type: EntityType) -> int | None:
    """By which version of the rules the whole base has its keys; None where it has none yet."""
    version: int | None = await connection.fetchval(
        "SELECT keys_version FROM match_keyings WHERE entity_type = $1", entity_type
    )
    return version


async def save_keys_version(connection: Connection, entity_type: EntityType, version: int) -> None:
    await connection.execute(
        """
        INSERT INTO match_keyings (entity_type, keys_version) VALUES ($1, $2)
        ON CONFLICT (entity_type) DO UPDATE SET keys_version = excluded.keys_version
        """,
        entity_type,
        version,
    )


async def delete_keys(connection: Connection, entity_type: EntityType) -> None:
    """All of them: they are made anew by other rules."""
    await connection.execute(f"DELETE FROM {_KEY_TABLES[entity_type]}")


async def load_case(connection: Connection, case_id: UUID) -> DuplicateCase:
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM duplicate_cases WHERE case_id = $1", case_id
    )
    if row is None:
        raise DuplicateCaseNotFoundError(case_id=case_id)
    return _case(row)


async def lock_cases(
    connection: Connection, case_ids: Collection[UUID]
) -> dict[UUID, DuplicateCase]:
    """The cases among these ids, locked in one order."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM duplicate_cases WHERE case_id = ANY($1::uuid[])"
        " ORDER BY case_id FOR UPDATE",
        list(case_ids),
    )
    return {row["case_id"]: _case(row) for row in rows}


async def list_cases(
    connection: Connection,
    status: Status,
    entity_type: EntityType | None,
    entity_id: UUID | None,
    after: tuple[float, UUID] | None,
    limit: int,
) -> list[DuplicateCase]:
    """The surest first. Open ones of a record that is merged wait until it is restored."""
    score, case_id = after or (None, None)
    rows = await connection.fetch(
        _LIST_CASES, status, entity_type, entity_id, score, case_id, limit
    )
    return [_case(row) for row in rows]


async def insert_cases(
    connection: Connection,
    cause: Cause,
    opened: Iterable[tuple[DuplicateCase, Sequence[CaseEvent]]],
) -> int:
    """Open those of these cases that are not there yet, and publish them; answers how many."""
    new = {case.case_id: (case, events) for case, events in opened}
    if not new:
        return 0
    rows = [_values(case) for case, _ in (new[case_id] for case_id in sorted(new))]
    columns = (list(column) for column in zip(*rows, strict=True))
    inserted = await connection.fetch(_INSERT_CASES, *columns)
    facts = [
        Fact(event, new[row["case_id"]][0].version)
        for row in inserted
        for event in new[row["case_id"]][1]
    ]
    await outbox.append(connection, cause, facts)
    return len(inserted)


async def save_case(
    connection: Connection, cause: Cause, case: DuplicateCase, events: Sequence[CaseEvent]
) -> None:
    """Write a case that these facts changed; `StaleVersionError` for the slower."""
    if not events:
        return
    status = await connection.execute(
        _UPDATE_CASE,
        case.case_id,
        case.version,
        case.status,
        case.survivor_id,
        case.decided_at,
        case.decided_by,
        case.reason_code,
        case.version - len(events),
    )
    if rows_affected(status) != 1:
        raise StaleVersionError
    first = case.version - len(events) + 1
    await outbox.append(connection, cause, [Fact(e, first + n) for n, e in enumerate(events)])


def _values(case: DuplicateCase) -> list[Any]:
    first, second = case.candidate_ids
    named = {"first_id": first, "second_id": second, "matched_on": ",".join(case.matched_on)}
    return [named[name] if name in named else getattr(case, name) for name in _FIELDS]


def _case(row: asyncpg.Record) -> DuplicateCase:
    values: dict[str, Any] = dict(row)
    values["candidate_ids"] = (values.pop("first_id"), values.pop("second_id"))
    values["matched_on"] = tuple(values["matched_on"])
    return DuplicateCase(**values)
