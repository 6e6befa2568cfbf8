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
WITH RECURSIVE steps (contact_id) AS (
    SELECT * FROM unnest($1::uuid[])
    UNION
    SELECT c.merged_into FROM steps AS s JOIN contacts AS c USING (contact_id)
    WHERE c.merged_into IS NOT NULL
)
SELECT DISTINCT member.customer_id::uuid
FROM contacts
CROSS JOIN LATERAL jsonb_array_elements_text(contacts.customer_ids) AS member (customer_id)
WHERE contacts.contact_id = ANY(ARRAY(SELECT contact_id FROM steps))
    OR contacts.subject_hashes ?| $2::text[]
"""


async def list_people_of(connection: Connection, customer_ids: Collection[UUID]) -> list[Contact]:
    """The people who are, or were, at one of these customers; each as the one they are now."""
    records = await connection.fetch(
        CONTACTS.select("customer_ids ?| $1::text[] AND merged_into IS NULL"),
        [str(one) for one in customer_ids],
    )
    return CONTACTS.rows_of(records)


async def list_customers_of(
    connection: Connection, contact_ids: Collection[UUID], subject_hashes: Collection[str]
) -> set[UUID]:
    """The customers whose people these are, or were merged into; by id or an address's hash."""
    rows = await connection.fetch(_CUSTOMERS_OF, list(contact_ids), list(subject_hashes))
    return {row[0] for row in rows}
