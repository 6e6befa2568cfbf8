"""The table of dormancy policies, and when customers were last heard of: a statement for many."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from shared.db import Connection, refusing
from shared.errors import StaleVersionError

from contacts.dormancy.domain import (
    DormancyDryRunNotFoundError,
    DormancyPolicy,
    DormancyPolicyNotFoundError,
    DormancyRules,
    DryRun,
)
from contacts.figures.store import IDS_OF_EACH

_FIELDS = (
    "policy_id",
    "policy_version",
    "rules",
    "effective_from",
    "published_by",
    "published_at",
)
_POLICY = ", ".join(_FIELDS)
_RUN_FIELDS = (
    "run_id",
    "rules",
    "status",
    "started_by",
    "started_at",
    "after_id",
    "customers_done",
    "moves",
    "samples",
    "completed_at",
)
_RUN = ", ".join(_RUN_FIELDS)
_TAKE_RUN = f"""
SELECT {_RUN} FROM dormancy_dry_runs WHERE status = 'running'
ORDER BY touched_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_SAVE_RUN = f"""
INSERT INTO dormancy_dry_runs ({_RUN}, touched_at)
VALUES ($1, $2::jsonb, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10, now())
ON CONFLICT (run_id) DO UPDATE SET status = excluded.status, after_id = excluded.after_id,
    customers_done = excluded.customers_done, moves = excluded.moves, samples = excluded.samples,
    completed_at = excluded.completed_at, touched_at = now()
"""
_IN_FORCE = f"""
SELECT {_POLICY} FROM dormancy_policies WHERE effective_from <= $1
ORDER BY policy_version DESC LIMIT 1
"""
_INSERT = f"""
INSERT INTO dormancy_policies ({_POLICY})
SELECT $1, 1 + coalesce(max(policy_version), 0), $2::jsonb, $3, $4, $5 FROM dormancy_policies
RETURNING {_POLICY}
"""
_PAGE = """
SELECT customer_id FROM customers
WHERE record_status = 'active' AND lifecycle IN ('customer', 'dormant')
    AND lifecycle_since <= $1 AND created_at <= $1 AND ($2::uuid IS NULL OR customer_id > $2)
ORDER BY customer_id LIMIT $3
"""
_LAST_HEARD = f"""
WITH {IDS_OF_EACH}, itself AS MATERIALIZED (
    SELECT customer_id, greatest(
        (SELECT max(ordered_at) FROM customer_orders AS o WHERE o.customer_id = ANY(ids)),
        (SELECT max(won_at) FROM won_deals AS w WHERE w.customer_id = ANY(ids)),
        (SELECT max(changed_at) FROM customer_deals AS d WHERE d.customer_id = ANY(ids)),
        (SELECT max(opened_at) FROM customer_tickets AS t WHERE t.customer_id = ANY(ids)),
        (SELECT max(occurred_at) FROM (
            SELECT occurred_at FROM interactions AS i WHERE i.customer_id = ANY(ids) OFFSET 0) AS i)
    ) AS last_at
    FROM ids_of_each
)
SELECT customer_id, greatest(itself.last_at, its_people.last_at) AS last_at
FROM itself CROSS JOIN LATERAL (
    SELECT max(occurred_at) AS last_at FROM (
        SELECT occurred_at FROM interactions
        WHERE coalesce(itself.last_at <= $2, true) AND contact_ids && ARRAY(
            SELECT contact_id FROM memberships AS m
            WHERE m.customer_id = itself.customer_id AND until IS NULL)
        OFFSET 0) AS i
) AS its_people
"""
"""`OFFSET 0`: else the newest of few is looked for along the time of all interactions there are."""

_DORMANT = """
SELECT customer_id FROM customers WHERE customer_id = ANY($1::uuid[]) AND lifecycle = 'dormant'
"""


async def load_policy_in_force(connection: Connection, at: datetime) -> DormancyPolicy:
    """The one that rules now; the first ships with the service."""
    row = await connection.fetchrow(_IN_FORCE, at)
    assert row is not None
    return _policy(row)


async def find_policy(connection: Connection, policy_id: UUID) -> DormancyPolicy | None:
    row = await connection.fetchrow(
        f"SELECT {_POLICY} FROM dormancy_policies WHERE policy_id = $1", policy_id
    )
    return _policy(row) if row else None


async def load_policy(connection: Connection, policy_id: UUID) -> DormancyPolicy:
    policy = await find_policy(connection, policy_id)
    if policy is None:
        raise DormancyPolicyNotFoundError(policy_id=policy_id)
    return policy


async def list_policies(
    connection: Connection, before: int | None, limit: int
) -> list[DormancyPolicy]:
    """The newest first."""
    rows = await connection.fetch(
        f"SELECT {_POLICY} FROM dormancy_policies WHERE $1::int IS NULL OR policy_version < $1"
        " ORDER BY policy_version DESC LIMIT $2",
        before,
        limit,
    )
    return [_policy(row) for row in rows]


async def insert_policy(
    connection: Connection,
    policy_id: UUID,
    rules: DormancyRules,
    effective_from: datetime,
    published_by: str,
    at: datetime,
) -> DormancyPolicy:
    """The next version; `StaleVersionError` for the slower of two."""
    taken = {
        "dormancy_policies_pkey": StaleVersionError,
        "dormancy_policies_version_key": StaleVersionError,
    }
    with refusing(taken):
        row = await connection.fetchrow(
            _INSERT, policy_id, rules.model_dump_json(), effective_from, published_by, at
        )
    assert row is not None
    return _policy(row)


async def list_page(
    connection: Connection, before: datetime, after: UUID | None, limit: int
) -> list[UUID]:
    """A page, by id, of the customers and dormant ones who have been that, and here, since then."""
    return [row["customer_id"] for row in await connection.fetch(_PAGE, before, after, limit)]


async def find_last_heard(
    connection: Connection, customer_ids: Sequence[UUID], before: datetime
) -> dict[UUID, datetime | None]:
    """The last order, deal, ticket or interaction of each of these, by whatever id it came.

    Interactions of its people that name no customer are looked for only where nothing else is
    newer than `before`.
    """
    rows = await connection.fetch(_LAST_HEARD, list(customer_ids), before)
    return {row["customer_id"]: row["last_at"] for row in rows}


async def find_dormant(connection: Connection, customer_ids: Collection[UUID]) -> set[UUID]:
    """Those of these who are dormant."""
    return {row["customer_id"] for row in await connection.fetch(_DORMANT, list(customer_ids))}


async def find_run(connection: Connection, run_id: UUID) -> DryRun | None:
    row = await connection.fetchrow(
        f"SELECT {_RUN} FROM dormancy_dry_runs WHERE run_id = $1", run_id
    )
    return _run(row) if row else None


async def load_run(connection: Connection, run_id: UUID) -> DryRun:
    run = await find_run(connection, run_id)
    if run is None:
        raise DormancyDryRunNotFoundError(run_id=run_id)
    return run


async def take_run(connection: Connection) -> DryRun | None:
    """The run that has waited longest and that no other process has in hand, locked."""
    row = await connection.fetchrow(_TAKE_RUN)
    return _run(row) if row else None


async def save_run(connection: Connection, run: DryRun) -> None:
    values: list[Any] = [getattr(run, name) for name in _RUN_FIELDS]
    values[_RUN_FIELDS.index("rules")] = run.rules.model_dump_json()
    for name in ("moves", "samples"):
        values[_RUN_FIELDS.index(name)] = json.dumps(getattr(run, name))
    await connection.execute(_SAVE_RUN, *values)


def _run(row: asyncpg.Record) -> DryRun:
    values: dict[str, Any] = dict(row)
    values["rules"] = DormancyRules.model_validate_json(values["rules"])
    values |= {name: json.loads(values[name]) for name in ("moves", "samples")}
    return DryRun(**values)


def _policy(row: asyncpg.Record) -> DormancyPolicy:
    values: dict[str, Any] = dict(row)
    values["rules"] = DormancyRules.model_validate_json(values["rules"])
    return DormancyPolicy(**values)
