"""The payment policy, and the terms that customers agreed."""

from collections.abc import Collection
from uuid import UUID

from shared.db import Connection

from pipeline.payments.domain import PaymentPolicy

_POLICY = """
SELECT policy_version, terms_days, levels FROM payment_policies
ORDER BY policy_version DESC LIMIT 1
"""
_TERMS = """
SELECT customer_id, terms_days FROM customers
WHERE customer_id = ANY($1::uuid[]) AND terms_days IS NOT NULL
"""


async def load_policy(connection: Connection) -> PaymentPolicy:
    """The policy in force; a migration seeds the first version."""
    row = await connection.fetchrow(_POLICY)
    assert row is not None
    return PaymentPolicy(row["policy_version"], row["terms_days"], tuple(row["levels"]))


async def find_terms(connection: Connection, customer_ids: Collection[UUID]) -> dict[UUID, int]:
    """The days that those of these customers have who agreed some."""
    rows = await connection.fetch(_TERMS, list(customer_ids))
    return {row["customer_id"]: row["terms_days"] for row in rows}
