"""The side tables of a customer: its grade and its credit, as the snapshot holds them."""

from collections.abc import Iterable

from shared.contracts.contacts import CustomerState
from shared.db import Connection

_SAVE_GRADES = """
INSERT INTO customer_grades
    (customer_id, grade, policy_version, next_review_at, is_proposed, grading)
SELECT * FROM unnest(
    $1::uuid[], $2::text[], $3::int[], $4::timestamptz[], $5::boolean[], $6::jsonb[])
ON CONFLICT (customer_id) DO UPDATE SET grade = excluded.grade,
    policy_version = excluded.policy_version, next_review_at = excluded.next_review_at,
    is_proposed = excluded.is_proposed, grading = excluded.grading
"""
_SAVE_CREDITS = """
INSERT INTO customer_credits
    (customer_id, credit_limit, currency, exposure, is_held, is_expired, credit)
SELECT * FROM unnest($1::uuid[], $2::numeric[], $3::text[], $4::numeric[], $5::boolean[],
    $6::boolean[], $7::jsonb[])
ON CONFLICT (customer_id) DO UPDATE SET credit_limit = excluded.credit_limit,
    currency = excluded.currency, exposure = excluded.exposure, is_held = excluded.is_held,
    is_expired = excluded.is_expired, credit = excluded.credit
"""


async def save_ratings(
    connection: Connection, changes: Iterable[tuple[CustomerState | None, CustomerState]]
) -> None:
    """Write the grades and credits that differ; the caller holds the customers' locks."""
    grades, credits_ = list[tuple[object, ...]](), list[tuple[object, ...]]()
    for before, after in changes:
        if after.grading and (before is None or before.grading != after.grading):
            grades.append(_grade_row(after))
        if after.credit and (before is None or before.credit != after.credit):
            credits_.append(_credit_row(after))
    for statement, rows in ((_SAVE_GRADES, grades), (_SAVE_CREDITS, credits_)):
        if rows:
            await connection.execute(statement, *(list(c) for c in zip(*rows, strict=True)))


def _grade_row(state: CustomerState) -> tuple[object, ...]:
    grading = state.grading
    assert grading is not None
    return (
        state.customer_id,
        grading.grade,
        max(grading.policy_version, grading.proposal.policy_version if grading.proposal else 0),
        grading.next_review_at,
        grading.proposal is not None,
        grading.model_dump_json(),
    )


def _credit_row(state: CustomerState) -> tuple[object, ...]:
    credit = state.credit
    assert credit is not None
    return (
        state.customer_id,
        credit.limit,
        credit.currency,
        credit.exposure,
        credit.hold is not None,
        credit.expired_at is not None,
        credit.model_dump_json(),
    )
