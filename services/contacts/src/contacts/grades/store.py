"""The tables of grade policies, their dry runs, and the figures of customers, a page at a time."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from shared.db import Connection, refusing
from shared.errors import StaleVersionError

from contacts.figures.store import IDS_OF_EACH
from contacts.grades.domain import (
    DryRun,
    DryRunNotFoundError,
    Figures,
    GradePolicy,
    GradePolicyNotFoundError,
    GradeRules,
)

_POLICY_FIELDS = (
    "policy_id",
    "policy_version",
    "status",
    "rules",
    "effective_from",
    "drafted_by",
    "drafted_at",
    "published_by",
    "published_at",
)
_POLICY = ", ".join(_POLICY_FIELDS)
_RUN_FIELDS = (
    "run_id",
    "policy_id",
    "status",
    "started_by",
    "started_at",
    "after_id",
    "customers_done",
    "changes",
    "samples",
    "completed_at",
)
_RUN = ", ".join(_RUN_FIELDS)
_IN_FORCE = f"""
SELECT {_POLICY} FROM grade_policies WHERE status = 'published' AND effective_from <= $1
ORDER BY policy_version DESC LIMIT 1
"""
_INSERT_POLICY = f"""
INSERT INTO grade_policies ({_POLICY})
SELECT $1, 1 + coalesce(max(policy_version), 0), 'draft', $2::jsonb, $3, $4, $5, NULL, NULL
FROM grade_policies
RETURNING {_POLICY}
"""
_PUBLISH = """
UPDATE grade_policies SET status = 'published', published_by = $2, published_at = $3
WHERE policy_id = $1
"""
_TAKE_RUN = f"""
SELECT {_RUN} FROM grade_dry_runs WHERE status = 'running'
ORDER BY touched_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_SAVE_RUN = f"""
INSERT INTO grade_dry_runs ({_RUN}, touched_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10, now())
ON CONFLICT (run_id) DO UPDATE SET status = excluded.status, after_id = excluded.after_id,
    customers_done = excluded.customers_done, changes = excluded.changes,
    samples = excluded.samples, completed_at = excluded.completed_at, touched_at = now()
"""
_GRADED = "record_status = 'active' AND lifecycle IN ('customer', 'dormant')"
"""Who is graded: with prospects we have done nothing yet, and with others no longer."""

_PAGE = f"""
SELECT customer_id FROM customers
WHERE {_GRADED} AND ($1::uuid IS NULL OR customer_id > $1) ORDER BY customer_id LIMIT $2
"""
_DUE = f"""
(SELECT customer_id FROM customer_grades AS g JOIN customers USING (customer_id)
    WHERE g.next_review_at <= $1 AND NOT g.is_proposed AND {_GRADED} LIMIT $4)
UNION
(SELECT customer_id FROM customer_grades AS g JOIN customers USING (customer_id)
    WHERE g.policy_version < $2 AND NOT g.is_proposed AND {_GRADED} LIMIT $4)
UNION
(SELECT customer_id FROM customers AS c WHERE {_GRADED} AND created_at <= $3
    AND NOT EXISTS (SELECT FROM customer_grades WHERE customer_id = c.customer_id) LIMIT $4)
LIMIT $4
"""
_FIGURES = f"""
WITH {IDS_OF_EACH}
SELECT wanted.customer_id, g.grade, r.amount AS revenue, r.percentile AS revenue_percentile,
    p.amount AS weighted, p.percentile AS weighted_percentile, i.invoices, i.late,
    round(extract(epoch FROM $2 - least(c.created_at, i.first_at)) / 31557600, 2) AS years,
    s.score AS nps, t.tickets
FROM ids_of_each AS wanted
JOIN customers AS c USING (customer_id)
LEFT JOIN customer_grades AS g USING (customer_id)
LEFT JOIN customer_credits AS credit USING (customer_id)
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE invoiced_at > $3) AS invoices, count(*) FILTER (
        WHERE invoiced_at > $3 AND coalesce(paid_at, $2) > invoiced_at + make_interval(
            days => coalesce((credit.credit->>'terms_days')::int, $4))) AS late,
        min(ordered_at) AS first_at
    FROM customer_orders WHERE customer_id = ANY(ids) AND status <> 'cancelled'
) AS i
CROSS JOIN LATERAL (
    SELECT count(*) AS tickets FROM customer_tickets
    WHERE customer_id = ANY(ids) AND opened_at > $3 AND is_cancelled IS NOT TRUE
) AS t
LEFT JOIN LATERAL (
    SELECT amount, width_bucket(amount, b.bounds)::numeric AS percentile
    FROM (SELECT currency, sum(total) AS amount FROM customer_orders
        WHERE customer_id = ANY(ids) AND status <> 'cancelled' AND ordered_at > $3
        GROUP BY currency) AS sums
    JOIN grade_bounds AS b ON b.measure = 'revenue' AND b.currency = sums.currency
    ORDER BY percentile DESC, sums.currency LIMIT 1
) AS r ON true
LEFT JOIN LATERAL (
    SELECT amount, width_bucket(amount, b.bounds)::numeric AS percentile
    FROM (SELECT currency, round(sum(amount * probability) / 100, 2) AS amount FROM customer_deals
        WHERE customer_id = ANY(ids) AND status = 'open'
        GROUP BY currency) AS sums
    JOIN grade_bounds AS b ON b.measure = 'pipeline' AND b.currency = sums.currency
    ORDER BY percentile DESC, sums.currency LIMIT 1
) AS p ON true
LEFT JOIN LATERAL (
    SELECT score FROM customer_surveys WHERE customer_id = ANY(ids) AND kind = 'nps'
    ORDER BY answered_at DESC LIMIT 1
) AS s ON true
ORDER BY wanted.customer_id
"""
_CUT_BOUNDS = """
INSERT INTO grade_bounds (measure, currency, bounds, cut_at)
SELECT measure, currency, percentile_disc(
    (SELECT array_agg(n / 100.0::float8 ORDER BY n) FROM generate_series(1, 100) AS n))
    WITHIN GROUP (ORDER BY amount), $1
FROM (
    SELECT 'revenue' AS measure, currency, sum(total) AS amount FROM customer_orders
    WHERE status <> 'cancelled' AND ordered_at > $2 GROUP BY customer_id, currency
    UNION ALL
    SELECT 'pipeline', currency, round(sum(amount * probability) / 100, 2) FROM customer_deals
    WHERE status = 'open' GROUP BY customer_id, currency
) AS sums
WHERE currency IS NOT NULL AND amount IS NOT NULL
GROUP BY measure, currency
ON CONFLICT (measure, currency) DO UPDATE SET bounds = excluded.bounds, cut_at = excluded.cut_at
"""
_CLAIM_SUGGESTIONS = f"""
INSERT INTO grade_suggestions AS s (customer_id, input_hash)
SELECT customer_id, input_hash FROM unnest($1::uuid[], $2::text[]) AS new (customer_id, input_hash)
JOIN customer_grades USING (customer_id) JOIN customers AS c USING (customer_id)
WHERE {_GRADED}
ORDER BY customer_id
ON CONFLICT (customer_id) DO UPDATE SET input_hash = excluded.input_hash
WHERE s.input_hash <> excluded.input_hash
RETURNING customer_id
"""
_BOUNDS_LAST = timedelta(days=7)


async def load_policy_in_force(connection: Connection, at: datetime) -> GradePolicy:
    """The one that rules now; the first ships with the service."""
    row = await connection.fetchrow(_IN_FORCE, at)
    assert row is not None
    return _policy(row)


async def find_policy(connection: Connection, policy_id: UUID) -> GradePolicy | None:
    row = await connection.fetchrow(
        f"SELECT {_POLICY} FROM grade_policies WHERE policy_id = $1", policy_id
    )
    return _policy(row) if row else None


async def load_policy(connection: Connection, policy_id: UUID) -> GradePolicy:
    policy = await find_policy(connection, policy_id)
    if policy is None:
        raise GradePolicyNotFoundError(policy_id=policy_id)
    return policy


async def list_policies(
    connection: Connection, before: int | None, limit: int
) -> list[GradePolicy]:
    """The newest first."""
    rows = await connection.fetch(
        f"SELECT {_POLICY} FROM grade_policies WHERE $1::int IS NULL OR policy_version < $1"
        " ORDER BY policy_version DESC LIMIT $2",
        before,
        limit,
    )
    return [_policy(row) for row in rows]


async def lock_policies(connection: Connection) -> int:
    """Let nobody else publish before the commit; the highest version that is published."""
    await connection.execute("LOCK TABLE grade_policies IN SHARE ROW EXCLUSIVE MODE")
    newest: int = await connection.fetchval(
        "SELECT coalesce(max(policy_version), 0) FROM grade_policies WHERE status = 'published'"
    )
    return newest


async def insert_draft(
    connection: Connection,
    policy_id: UUID,
    rules: GradeRules,
    effective_from: datetime,
    drafted_by: str,
    at: datetime,
) -> GradePolicy:
    """A draft under the next version; `StaleVersionError` for the slower of two."""
    taken = {
        "grade_policies_pkey": StaleVersionError,
        "grade_policies_version_key": StaleVersionError,
    }
    with refusing(taken):
        row = await connection.fetchrow(
            _INSERT_POLICY, policy_id, rules.model_dump_json(), effective_from, drafted_by, at
        )
    assert row is not None
    return _policy(row)


async def save_published(
    connection: Connection, policy_id: UUID, published_by: str, at: datetime
) -> None:
    await connection.execute(_PUBLISH, policy_id, published_by, at)


async def find_run(connection: Connection, run_id: UUID) -> DryRun | None:
    row = await connection.fetchrow(f"SELECT {_RUN} FROM grade_dry_runs WHERE run_id = $1", run_id)
    return _run(row) if row else None


async def load_run(connection: Connection, policy_id: UUID, run_id: UUID) -> DryRun:
    run = await find_run(connection, run_id)
    if run is None or run.policy_id != policy_id:
        raise DryRunNotFoundError(run_id=run_id)
    return run


async def is_tried(connection: Connection, policy_id: UUID) -> bool:
    """Whether a dry run of this draft is complete."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM grade_dry_runs WHERE policy_id = $1 AND status = 'completed')",
        policy_id,
    )
    return found


async def take_run(connection: Connection) -> DryRun | None:
    """The run that has waited longest and that no other process has in hand, locked."""
    row = await connection.fetchrow(_TAKE_RUN)
    return _run(row) if row else None


async def save_run(connection: Connection, run: DryRun) -> None:
    values: list[Any] = [getattr(run, name) for name in _RUN_FIELDS]
    for name in ("changes", "samples"):
        values[_RUN_FIELDS.index(name)] = json.dumps(getattr(run, name))
    await connection.execute(_SAVE_RUN, *values)


async def list_page(connection: Connection, after: UUID | None, limit: int) -> list[UUID]:
    """A page, by id, of the customers who are graded."""
    return [row["customer_id"] for row in await connection.fetch(_PAGE, after, limit)]


async def list_due(
    connection: Connection, policy: GradePolicy, at: datetime, limit: int
) -> list[UUID]:
    """Some of the customers whose grade is to be looked at now."""
    known_before = at - timedelta(days=policy.rules.scale.first_review_days)
    rows = await connection.fetch(_DUE, at, policy.policy_version, known_before, limit)
    return [row["customer_id"] for row in rows]


async def list_proposed(connection: Connection, after: UUID | None, limit: int) -> list[UUID]:
    """Customers whose proposed grade waits for approval, by id."""
    rows = await connection.fetch(
        "SELECT customer_id FROM customer_grades WHERE is_proposed"
        " AND ($1::uuid IS NULL OR customer_id > $1) ORDER BY customer_id LIMIT $2",
        after,
        limit,
    )
    return [row["customer_id"] for row in rows]


async def claim_suggestions(connection: Connection, hashes: Mapping[UUID, str]) -> list[UUID]:
    """Note what is suggested; those who are graded and of whom it was not noted before."""
    rows = await connection.fetch(_CLAIM_SUGGESTIONS, list(hashes), list(hashes.values()))
    return [row["customer_id"] for row in rows]


async def list_figures(
    connection: Connection, policy: GradePolicy, customer_ids: Sequence[UUID], at: datetime
) -> list[Figures]:
    """The figures of these customers, by id: one statement for all."""
    scale = policy.rules.scale
    since = at - timedelta(days=scale.window_days)
    rows = await connection.fetch(_FIGURES, list(customer_ids), at, since, scale.terms_days)
    return [Figures(**dict(row)) for row in rows]


async def cut_bounds(connection: Connection, at: datetime, window_days: int) -> None:
    """Say anew where each hundredth of the customers ends, unless that was said this week."""
    newest = await connection.fetchval("SELECT max(cut_at) FROM grade_bounds")
    if newest is None or newest <= at - _BOUNDS_LAST:
        await connection.execute(_CUT_BOUNDS, at, at - timedelta(days=window_days))


def _policy(row: asyncpg.Record) -> GradePolicy:
    values: dict[str, Any] = dict(row)
    values["rules"] = GradeRules.model_validate_json(values["rules"])
    return GradePolicy(**values)


def _run(row: asyncpg.Record) -> DryRun:
    values: dict[str, Any] = dict(row)
    values |= {name: json.loads(values[name]) for name in ("changes", "samples")}
    return DryRun(**values)
