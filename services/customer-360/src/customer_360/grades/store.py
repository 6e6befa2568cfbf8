"""Grade policies as they were published, the figures of today, and what was suggested already."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from shared.contracts.contacts import GradePolicyPublished
from shared.contracts.customer_360 import GradeSuggested
from shared.db import Connection

from customer_360.grades.estimate import GradeModel, GradePolicy

_POLICIES = """
SELECT policy_version, weights, bands, scale FROM grade_policies
WHERE policy_version = ANY($1::int[])
"""
_SAVE_POLICY = """
INSERT INTO grade_policies (policy_version, weights, bands, scale)
VALUES ($1, $2::jsonb, $3::jsonb,
    coalesce((SELECT scale FROM grade_policies ORDER BY policy_version DESC LIMIT 1), '{}') || $4)
ON CONFLICT DO NOTHING
"""
_MODEL = "SELECT bounds FROM score_models WHERE model = 'grade' ORDER BY version DESC LIMIT 1"
_REVENUE = """
SELECT customer_id, currency, sum(total) AS revenue FROM orders
WHERE customer_id = ANY($1::uuid[]) AND status <> 'cancelled' AND ordered_at > $2
GROUP BY customer_id, currency
"""
_NPS = """
SELECT customer_id, score FROM (
    SELECT DISTINCT ON (customer_id) customer_id, score, answered_at FROM surveys
    WHERE customer_id = ANY($1::uuid[]) AND kind = 'nps' AND answered_at IS NOT NULL
        AND score IS NOT NULL
    ORDER BY customer_id, answered_at DESC
) AS newest
ORDER BY answered_at
"""
_CLAIM = """
INSERT INTO grade_suggestions AS s (customer_id, version, graded_at, told)
SELECT customer_id, 1, graded_at, ARRAY[input_hash]
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS new (customer_id, graded_at, input_hash)
ON CONFLICT (customer_id) DO UPDATE SET version = s.version + 1, graded_at = excluded.graded_at,
    told = CASE WHEN s.graded_at = excluded.graded_at THEN s.told || excluded.told
        ELSE excluded.told END
WHERE s.graded_at <> excluded.graded_at OR NOT s.told @> excluded.told
RETURNING customer_id, version
"""


async def load_policies(
    connection: Connection, versions: Collection[int]
) -> dict[int, GradePolicy]:
    """Those of these versions that are known."""
    rows = await connection.fetch(_POLICIES, list(versions))
    return {
        row["policy_version"]: GradePolicy(
            row["policy_version"], *(_numbers(row[name]) for name in ("weights", "bands", "scale"))
        )
        for row in rows
    }


async def save_policy(connection: Connection, published: GradePolicyPublished) -> None:
    """Keep a version; what it does not say of its scale is as in the version before."""
    await connection.execute(
        _SAVE_POLICY,
        published.policy_version,
        _json(published.weights),
        _json(published.bands),
        _json(published.scale),
    )


async def load_model(connection: Connection) -> GradeModel:
    """The version in force; a migration seeds the first."""
    bounds: str = await connection.fetchval(_MODEL)
    return GradeModel.model_validate_json(bounds)


async def list_revenue(
    connection: Connection, customer_ids: Collection[UUID], at: datetime, window_days: int
) -> list[tuple[UUID, str, Decimal]]:
    """What was bought under each of these ids within the window, by currency."""
    since = at - timedelta(days=window_days)
    rows = await connection.fetch(_REVENUE, list(customer_ids), since)
    return [(row["customer_id"], row["currency"], row["revenue"]) for row in rows]


async def list_nps(
    connection: Connection, customer_ids: Collection[UUID]
) -> list[tuple[UUID, int]]:
    """What was answered last under each of these ids, the newest of all at the end."""
    rows = await connection.fetch(_NPS, list(customer_ids))
    return [(row["customer_id"], row["score"]) for row in rows]


async def claim(
    connection: Connection, suggested: Sequence[tuple[GradeSuggested, datetime]]
) -> dict[UUID, int]:
    """Note these with when the grade in force was given; the versions of those not told before."""
    rows = await connection.fetch(
        _CLAIM,
        [each.customer_id for each, _ in suggested],
        [graded_at for _, graded_at in suggested],
        [each.input_hash for each, _ in suggested],
    )
    return {row["customer_id"]: row["version"] for row in rows}


def _numbers(text: str) -> dict[str, Decimal]:
    return {name: Decimal(str(value)) for name, value in json.loads(text).items()}


def _json(numbers: Mapping[Any, Decimal]) -> str:
    return json.dumps({str(name): str(value) for name, value in numbers.items()})
