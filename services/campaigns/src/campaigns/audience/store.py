"""SQL of the audience: people, memberships, customers and orders, each row guarded by version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from shared.contracts.contacts import CustomerState, Membership
from shared.db import Connection

from campaigns.audience.domain import CustomerFacts, Person, PersonFacts

_SAVE_PEOPLE = """
INSERT INTO people
    (contact_id, version, given_name, family_name, salutation, language, email, subject_hash,
    is_merged)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::text[], $8::text[], $9::boolean[])
ORDER BY 1
ON CONFLICT (contact_id) DO UPDATE SET
    version = excluded.version, given_name = excluded.given_name,
    family_name = excluded.family_name, salutation = excluded.salutation,
    language = excluded.language, email = excluded.email, subject_hash = excluded.subject_hash,
    is_merged = excluded.is_merged
WHERE people.version < excluded.version
RETURNING contact_id
"""
_DELETE_MEMBERSHIPS = "DELETE FROM memberships WHERE contact_id = ANY($1::uuid[])"
_INSERT_MEMBERSHIPS = """
INSERT INTO memberships (contact_id, customer_id, is_primary)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::boolean[])
ON CONFLICT ON CONSTRAINT memberships_pkey DO NOTHING
"""
_OF_THIS_VERSION = """
SELECT contact_id FROM people
JOIN unnest($1::uuid[], $2::bigint[]) AS told (contact_id, version) USING (contact_id, version)
"""
_DELETE_KEY_DATES = "DELETE FROM key_dates WHERE contact_id = ANY($1::uuid[])"
_INSERT_KEY_DATES = """
INSERT INTO key_dates (contact_id, kind, month_day)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[])
"""
_DELETE_PEOPLE = "DELETE FROM people WHERE contact_id = ANY($1::uuid[])"
_SAVE_CUSTOMERS = """
WITH fresh AS (
    SELECT customer_id, version, kind, lifecycle, region, industry,
        coalesce(string_to_array(tags, chr(31)), '{}') AS tags, grade
    FROM unnest(
        $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[]
    ) AS given (customer_id, version, kind, lifecycle, region, industry, tags, grade)
), written AS (
    INSERT INTO customers (customer_id, version, kind, lifecycle, region, industry, tags, grade)
    SELECT customer_id, version, kind, lifecycle, region, industry, tags, grade
    FROM fresh ORDER BY 1
    ON CONFLICT (customer_id) DO UPDATE SET
        version = excluded.version, kind = excluded.kind, lifecycle = excluded.lifecycle,
        region = excluded.region, industry = excluded.industry, tags = excluded.tags,
        grade = excluded.grade
    WHERE customers.version < excluded.version
    RETURNING customer_id, kind, lifecycle, region, industry, tags, grade
)
SELECT w.customer_id,
    w.kind IS DISTINCT FROM b.kind AS "customer.kind",
    w.lifecycle IS DISTINCT FROM b.lifecycle AS "customer.lifecycle",
    w.region IS DISTINCT FROM b.region AS "customer.region",
    w.industry IS DISTINCT FROM b.industry AS "customer.industry",
    w.tags IS DISTINCT FROM b.tags AS "customer.tags",
    w.grade IS DISTINCT FROM b.grade AS "customer.grade"
FROM written AS w LEFT JOIN customers AS b USING (customer_id)
"""
_SAVE_ORDERS = """
INSERT INTO orders (order_id, version, customer_id, total, currency, is_cancelled)
SELECT f.order_id, f.version, f.customer_id, f.total, f.currency,
    coalesce(f.is_cancelled, known.is_cancelled, false)
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::numeric[], $5::text[], $6::boolean[])
    AS f (order_id, version, customer_id, total, currency, is_cancelled)
LEFT JOIN orders AS known USING (order_id)
ORDER BY 1
ON CONFLICT (order_id) DO UPDATE SET
    version = excluded.version, customer_id = excluded.customer_id, total = excluded.total,
    currency = excluded.currency, is_cancelled = excluded.is_cancelled
WHERE orders.version < excluded.version
"""
_FIND_CONTACTS = """
SELECT contact_id, customer_id FROM memberships WHERE customer_id = ANY($1::uuid[])
"""
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('campaigns.audience', 0))"
_PEOPLE = "SELECT contact_id, language, is_merged FROM people WHERE contact_id = ANY($1::uuid[])"
_PAGE_OF_PEOPLE = """
SELECT contact_id FROM people WHERE $1::uuid IS NULL OR contact_id > $1
ORDER BY contact_id LIMIT $2
"""
_CUSTOMERS_OF = """
SELECT m.contact_id, m.customer_id, c.kind, c.lifecycle, c.region, c.industry,
    coalesce(c.tags, '{}') AS tags, c.grade
FROM memberships AS m LEFT JOIN customers AS c USING (customer_id)
WHERE m.contact_id = ANY($1::uuid[])
ORDER BY m.contact_id, m.is_primary DESC, m.customer_id
"""
_ORDER_FIGURES = """
SELECT customer_id, currency, count(*) AS orders, sum(total) AS revenue FROM orders
WHERE customer_id = ANY($1::uuid[]) AND NOT is_cancelled
GROUP BY customer_id, currency
"""
_CONSENTS_OF = """
SELECT contact_id, channel || '.' || purpose AS consent FROM consents
WHERE contact_id = ANY($1::uuid[]) AND status = 'granted'
    AND (expires_at IS NULL OR expires_at > now())
"""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order as the newest fact about it says; `is_cancelled` None: that fact does not say."""

    order_id: UUID
    version: int
    customer_id: UUID
    total: Decimal
    currency: str
    is_cancelled: bool | None


@dataclass(slots=True)
class _Figures:
    count: int = 0
    revenue: dict[str, Decimal] = field(default_factory=dict[str, Decimal])


async def save_people(
    connection: Connection, people: Mapping[UUID, tuple[int, Person, Sequence[Membership]]]
) -> set[UUID]:
    """Write the newer of the people with their current memberships; answers who changed."""
    rows = [
        (p.contact_id, version, *_names(p), p.language, p.email, p.subject_hash, p.is_merged)
        for version, p, _ in people.values()
    ]
    newer = {row["contact_id"] for row in await connection.fetch(_SAVE_PEOPLE, *_columns(rows, 9))}
    await connection.execute(_DELETE_MEMBERSHIPS, list(newer))
    memberships = [
        (contact_id, membership.customer_id, membership.is_primary)
        for contact_id in newer
        for membership in people[contact_id][2]
        if membership.until is None
    ]
    if memberships:
        await connection.execute(_INSERT_MEMBERSHIPS, *_columns(memberships, 3))
    return newer


async def save_key_dates(connection: Connection, people: Mapping[UUID, tuple[int, Person]]) -> None:
    """The days of those who are known by this very version: so a resync brings what is missing."""
    versions = [version for version, _ in people.values()]
    rows = await connection.fetch(_OF_THIS_VERSION, list(people), versions)
    current = [row["contact_id"] for row in rows]
    await connection.execute(_DELETE_KEY_DATES, current)
    days = [(id_, *day) for id_ in current for day in people[id_][1].key_dates.items()]
    if days:
        await connection.execute(_INSERT_KEY_DATES, *_columns(days, 3))


async def delete_people(connection: Connection, contact_ids: Sequence[UUID]) -> None:
    """Forget people for good."""
    await connection.execute(_DELETE_MEMBERSHIPS, contact_ids)
    await connection.execute(_DELETE_KEY_DATES, contact_ids)
    await connection.execute(_DELETE_PEOPLE, contact_ids)


async def save_customers(
    connection: Connection, customers: Mapping[UUID, tuple[int, CustomerState]]
) -> dict[UUID, frozenset[str]]:
    """Write the newer of the customers; answers which facts changed of whom."""
    rows = [
        (
            c.customer_id,
            version,
            c.kind,
            c.lifecycle,
            c.region,
            c.industry,
            "\x1f".join(c.tags) or None,
            c.grading.grade if c.grading else None,
        )
        for version, c in customers.values()
    ]
    return {
        row["customer_id"]: frozenset(name for name, changed in row.items() if changed is True)
        for row in await connection.fetch(_SAVE_CUSTOMERS, *_columns(rows, 8))
    }


async def save_orders(connection: Connection, orders: Iterable[OrderRow]) -> None:
    """Write the newer of the orders."""
    rows = [
        (o.order_id, o.version, o.customer_id, o.total, o.currency, o.is_cancelled) for o in orders
    ]
    await connection.execute(_SAVE_ORDERS, *_columns(rows, 6))


async def find_contacts_of(
    connection: Connection, customer_ids: Iterable[UUID]
) -> list[tuple[UUID, UUID]]:
    """Person and customer, for everybody who belongs to one of these customers."""
    rows = await connection.fetch(_FIND_CONTACTS, list(customer_ids))
    return [(row["contact_id"], row["customer_id"]) for row in rows]


async def list_contact_ids(connection: Connection, after: UUID | None, limit: int) -> list[UUID]:
    """A page of everybody."""
    rows = await connection.fetch(_PAGE_OF_PEOPLE, after, limit)
    return [row["contact_id"] for row in rows]


async def lock_audience(connection: Connection) -> None:
    """Take turns until the end of the transaction: called after writing, before reading others.

    A person, an order and a consent come by different consumers. Without turns, two of them could
    each commit without having seen the other's row, and a membership would be missed for good.
    """
    await connection.execute(_LOCK)


async def load_facts(connection: Connection, contact_ids: Sequence[UUID]) -> list[PersonFacts]:
    """What is known of these people now."""
    customers = await _customers_of(connection, contact_ids)
    consents: dict[UUID, set[str]] = {}
    for row in await connection.fetch(_CONSENTS_OF, contact_ids):
        consents.setdefault(row["contact_id"], set()).add(row["consent"])
    return [
        PersonFacts(
            contact_id=row["contact_id"],
            language=row["language"],
            customers=tuple(customers.get(row["contact_id"], ())),
            consents=frozenset(consents.get(row["contact_id"], ())),
            is_merged=row["is_merged"],
        )
        for row in await connection.fetch(_PEOPLE, contact_ids)
    ]


async def _customers_of(
    connection: Connection, contact_ids: Sequence[UUID]
) -> dict[UUID, list[CustomerFacts]]:
    rows = await connection.fetch(_CUSTOMERS_OF, contact_ids)
    figures = await _order_figures(connection, {row["customer_id"] for row in rows})
    customers: dict[UUID, list[CustomerFacts]] = {}
    for row in rows:
        orders = figures.get(row["customer_id"], _Figures())
        customers.setdefault(row["contact_id"], []).append(
            CustomerFacts(
                customer_id=row["customer_id"],
                kind=row["kind"],
                lifecycle=row["lifecycle"],
                region=row["region"],
                industry=row["industry"],
                tags=tuple(row["tags"]),
                order_count=orders.count,
                revenue=orders.revenue,
                grade=row["grade"],
            )
        )
    return customers


async def _order_figures(
    connection: Connection, customer_ids: Iterable[UUID]
) -> dict[UUID, _Figures]:
    figures: dict[UUID, _Figures] = {}
    for row in await connection.fetch(_ORDER_FIGURES, list(customer_ids)):
        orders = figures.setdefault(row["customer_id"], _Figures())
        orders.count += row["orders"]
        orders.revenue[row["currency"]] = row["revenue"]
    return figures


def _names(person: Person) -> tuple[str | None, str | None, str | None]:
    return person.given_name, person.family_name, person.salutation


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> list[list[object]]:
    return [[row[at] for row in rows] for at in range(width)]
