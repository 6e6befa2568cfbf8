"""The tables of people; who belongs to which customer is asked of the person's own row."""

from collections.abc import Collection
from uuid import UUID

from shared.db import Connection

from customer_360.guarded import GuardedTable
from customer_360.people.fold import Consent, Contact, Identity, Suppression

CONTACTS = GuardedTable("contacts", Contact)
CONSENTS = GuardedTable("consents", Consent)
SUPPRESSIONS = GuardedTable("suppressions", Suppression)
IDENTITIES = GuardedTable("identities", Identity)

_CUSTOMERS_OF = """
SELECT DISTINCT member.customer_id::uuid
FROM contacts
CROSS JOIN LATERAL jsonb_array_elements_text(contacts.customer_ids) AS member (customer_id)
WHERE contacts.contact_id = ANY($1::uuid[]) OR contacts.subject_hashes ?| $2::text[]
"""


async def list_people_of(connection: Connection, customer_ids: Collection[UUID]) -> list[Contact]:
    """The people who are, or were, at one of these customers."""
    records = await connection.fetch(
        CONTACTS.select("customer_ids ?| $1::text[]"), [str(one) for one in customer_ids]
    )
    return CONTACTS.rows_of(records)


async def list_customers_of(
    connection: Connection, contact_ids: Collection[UUID], subject_hashes: Collection[str]
) -> set[UUID]:
    """The customers whose people these are, by id or by the hash of an address."""
    rows = await connection.fetch(_CUSTOMERS_OF, list(contact_ids), list(subject_hashes))
    return {row[0] for row in rows}
