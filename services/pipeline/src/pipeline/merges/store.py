"""Finding what names a merged record, of each kind, locked in the order of their ids."""

from collections.abc import Mapping

from shared.contracts.values import Party

_FIND_DEALS = """
SELECT deal_id, {column} FROM deals WHERE {column} = ANY($1::uuid[])
ORDER BY deal_id LIMIT $2 FOR UPDATE
"""
_FIND_LEADS = """
SELECT lead_id, {column} FROM leads WHERE {column} = ANY($1::uuid[]) AND erased_at IS NULL
ORDER BY lead_id LIMIT $2 FOR UPDATE
"""
_FIND_ORDERS = """
SELECT order_id, customer_id FROM orders WHERE customer_id = ANY($1::uuid[])
ORDER BY order_id LIMIT $2 FOR UPDATE
"""
_FIND_COMMITMENTS = """
SELECT commitment_id, {column} FROM commitments WHERE {column} = ANY($1::uuid[])
ORDER BY commitment_id LIMIT $2 FOR UPDATE
"""
FIND: Mapping[Party, Mapping[str, str]] = {
    "customer": {
        "deal": _FIND_DEALS.format(column="customer_id"),
        "lead": _FIND_LEADS.format(column="customer_id"),
        "order": _FIND_ORDERS,
        "commitment": _FIND_COMMITMENTS.format(column="customer_id"),
    },
    "contact": {
        "deal": _FIND_DEALS.format(column="primary_contact_id"),
        "lead": _FIND_LEADS.format(column="contact_id"),
        "commitment": _FIND_COMMITMENTS.format(column="contact_id"),
    },
}
"""By what was merged, how each kind of thing that names it is found."""
