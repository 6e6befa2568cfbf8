"""The table of customers: rows in, rows out, one or a thousand by a constant number of calls."""

import json
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

import asyncpg
from shared.cause import Cause
from shared.contracts.contacts import Credit, CustomerState, ExternalId, Grading
from shared.db import Connection, refusing, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from contacts.customers.domain import Customer, CustomerChange, CustomerNotFoundError
from contacts.customers.external_ids import save_external_ids
from contacts.customers.ratings import save_ratings
from contacts.duplicates import store as duplicates
from contacts.filters import fetch_listed
from contacts.history.domain import Changed
from contacts.history.store import record_changes
from contacts.matching.keys import KeyChanges, keys_of_changes
from contacts.matching.subjects import Traits, customer_traits
from contacts.publishing import published
from contacts.records import is_present

_COLUMNS = """customer_id, kind, display_name, legal_name, lifecycle, lifecycle_since, owner_id,
    source, territory_code, region, industry, size_band, language, currency, timezone, website,
    tags, created_at, record_status, merged_into, tax_id, queue"""
_FIELDS = tuple(name.strip() for name in _COLUMNS.split(","))
_FEW_HAVE = ("registration_no", "annual_revenue", "domains", "team_id", "acquisition", "custom")
"""Fields that stand together in one column, `details`, which is null for whoever has none."""

_NONE_OF_THESE = (None, None, (), None, None, None)
_details_of = attrgetter(*_FEW_HAVE)
_values_of = attrgetter(*_FIELDS)

_SELECT = f"""
SELECT {_COLUMNS}, version, details, (
    SELECT array_agg(ARRAY[system, id] ORDER BY system, id)
    FROM external_ids WHERE external_ids.customer_id = customers.customer_id
) AS external_ids,
    (SELECT grading FROM customer_grades AS g WHERE g.customer_id = customers.customer_id),
    (SELECT credit FROM customer_credits AS c WHERE c.customer_id = customers.customer_id)
FROM customers
"""
_ARRAYS = """unnest(
    $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::text[],
    $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[],
    $15::text[], $16::text[], $17::text[], $18::timestamptz[], $19::text[], $20::uuid[],
    $21::text[], $22::text[], $23::bigint[], $24::jsonb[]"""
_NAMES = f"{_COLUMNS}, version, details"
_PARAMETERS = ", ".join(f"${number}" for number in range(1, len(_FIELDS) + 3))
_INSERT = f"INSERT INTO customers ({_NAMES}) VALUES ({_PARAMETERS})"  # COPY takes two round trips
_UPDATE = f"""
UPDATE customers SET
    kind = new.kind, display_name = new.display_name, legal_name = new.legal_name,
    lifecycle = new.lifecycle, lifecycle_since = new.lifecycle_since, owner_id = new.owner_id,
    territory_code = new.territory_code, region = new.region, industry = new.industry,
    size_band = new.size_band, language = new.language, currency = new.currency,
    timezone = new.timezone, website = new.website, tags = string_to_array(new.tags, E'\\x1f'),
    record_status = new.record_status, merged_into = new.merged_into, tax_id = new.tax_id,
    queue = new.queue, version = new.version, details = new.details
FROM {_ARRAYS}, $25::bigint[]) AS new ({_NAMES}, seen)
WHERE customers.customer_id = new.customer_id AND customers.version = new.seen
"""
_LOCK = """
SELECT customer_id FROM customers
WHERE customer_id = ANY($1::uuid[]) AND ($2 OR record_status <> 'merged')
ORDER BY customer_id FOR UPDATE
"""
_HOLD = """
SELECT customer_id FROM customers
WHERE customer_id = ANY($1::uuid[]) AND ($2 OR merged_into IS NULL)
ORDER BY customer_id FOR KEY SHARE
"""


async def find_customer(connection: Connection, customer_id: UUID) -> Customer | None:
    row = await connection.fetchrow(f"{_SELECT} WHERE customer_id = $1", customer_id)
    return _customer(row) if row else None


async def find_customers(
    connection: Connection, customer_ids: Iterable[UUID]
) -> dict[UUID, CustomerState]:
    """The customers among these ids as they are now."""
    found = await list_by_ids(connection, customer_ids)
    return {customer.state.customer_id: customer.state for customer in found}


async def load_customer(connection: Connection, customer_id: UUID) -> Customer:
    customer = await find_customer(connection, customer_id)
    if customer is None:
        raise CustomerNotFoundError(customer_id=customer_id)
    return customer


async def lock_customers(
    connection: Connection, customer_ids: Iterable[UUID], *, even_merged: bool = True
) -> dict[UUID, Customer]:
    """The customers among these ids, locked in one order so that two lockers never deadlock.

    The locks come first, in a statement of their own: external ids are read after them.
    """
    locked = await connection.fetch(_LOCK, list(customer_ids), even_merged)
    ids = [row["customer_id"] for row in locked]
    rows = await connection.fetch(f"{_SELECT} WHERE customer_id = ANY($1::uuid[])", ids)
    return {row["customer_id"]: _customer(row) for row in rows}


async def lock_customers_to_come(connection: Connection, customer_ids: Iterable[UUID]) -> None:
    """Take turns, until the commit, with whoever is about to create one of these customers."""
    await connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(id::text, 1))"
        " FROM (SELECT unnest($1::uuid[]) AS id ORDER BY id) AS awaited",
        list(customer_ids),
    )


async def list_by_ids(connection: Connection, customer_ids: Iterable[UUID]) -> list[Customer]:
    """The customers among these ids, by id."""
    rows = await connection.fetch(
        f"{_SELECT} WHERE customer_id = ANY($1::uuid[]) ORDER BY customer_id", list(customer_ids)
    )
    return [_customer(row) for row in rows]


async def lock_customers_of_owner(
    connection: Connection, owner_id: str, limit: int
) -> list[Customer]:
    """Some of the customers that an employee answers for, archived ones among them."""
    rows = await connection.fetch(
        "SELECT customer_id FROM customers WHERE owner_id = $1"
        " AND record_status IN ('active', 'archived') ORDER BY customer_id LIMIT $2",
        owner_id,
        limit,
    )
    locked = await lock_customers(connection, [row["customer_id"] for row in rows])
    return [customer for customer in locked.values() if customer.state.owner_id == owner_id]


async def load_traits(connection: Connection, customer_ids: Iterable[UUID]) -> list[Traits]:
    """What matching looks at of the customers among these ids that are not gone."""
    found = await find_customers(connection, customer_ids)
    return [customer_traits(state) for state in found.values() if is_present(state)]


async def lock_page(connection: Connection, after: UUID | None, limit: int) -> list[UUID]:
    """A page of all there are, by id; nobody changes these before the transaction ends."""
    rows = await connection.fetch(
        "SELECT customer_id FROM customers WHERE $1::uuid IS NULL OR customer_id > $1"
        " ORDER BY customer_id LIMIT $2 FOR SHARE",
        after,
        limit,
    )
    return [row["customer_id"] for row in rows]


async def lock_snapshots(connection: Connection, customer_ids: Iterable[UUID]) -> list[Fact]:
    """The customers among these ids as they are now, locked, with their versions."""
    locked = await lock_customers(connection, customer_ids)
    return [
        Fact(customer.state, customer.version)
        for customer in locked.values()
        if customer.state.record_status != "erased"
    ]


async def lock_customer(connection: Connection, customer_id: UUID) -> Customer:
    found = await lock_customers(connection, [customer_id])
    if not found:
        raise CustomerNotFoundError(customer_id=customer_id)
    return found[customer_id]


async def find_by_names(connection: Connection, names: Iterable[str]) -> dict[str, UUID]:
    """Which one customer in use has each display name, by the lower case of the name."""
    rows = await connection.fetch(
        "SELECT lower(display_name) AS name, array_agg(customer_id) AS ids FROM customers"
        " WHERE lower(display_name) = ANY($1::text[]) AND record_status = 'active' GROUP BY 1",
        [name.lower() for name in names],
    )
    return {row["name"]: row["ids"][0] for row in rows if len(row["ids"]) == 1}


async def find_regions(connection: Connection, customer_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The regions of the customers among these ids that have one."""
    rows = await connection.fetch(
        "SELECT customer_id, coalesce(region, '') AS region FROM customers"
        " WHERE customer_id = ANY($1::uuid[])",
        list(customer_ids),
    )
    return {row["customer_id"]: row["region"] for row in rows}


async def hold_customers(
    connection: Connection, customer_ids: Iterable[UUID], *, even_merged: bool = True
) -> set[UUID]:
    """Those of these that are there; nobody merges them, or parts them again, before the commit.

    To be called before the first person is locked.
    """
    rows = await connection.fetch(_HOLD, list(customer_ids), even_merged)
    return {row["customer_id"] for row in rows}


async def select_customers(
    connection: Connection, condition: str, values: Sequence[object], limit: int
) -> list[Customer]:
    """The first customers, by id, that a condition with these values picks."""
    statement = f"{_SELECT} WHERE {condition} ORDER BY customer_id LIMIT {limit:d}"
    return [_customer(row) for row in await fetch_listed(connection, statement, values)]


async def save_changes(
    connection: Connection, cause: Cause, changes: Sequence[CustomerChange]
) -> KeyChanges:
    """Write what changed and put its facts into the outbox: the same for one and for many.

    Answers what became of the keys. Raises `StaleVersionError` where somebody was faster,
    `ExternalIdIsTakenError` where a name is.
    """
    changed = [change for change in changes if change.facts]
    await _insert(connection, [change.after for change in changed if change.before is None])
    await _update(connection, [change for change in changed if change.before is not None])
    await save_external_ids(connection, changed)
    await save_ratings(
        connection, [(c.before.state if c.before else None, c.after.state) for c in changed]
    )
    keys = keys_of_changes(changed, customer_traits)
    await duplicates.save_keys(connection, "customer", keys)
    await record_changes(connection, [_entry(change, cause) for change in changed])
    await outbox.append(connection, cause, published(changed))
    return keys


def _entry(change: CustomerChange, cause: Cause) -> Changed:
    return Changed(
        about=change.after.state.customer_id,
        part="customer",
        version=change.after.version,
        before=vars(change.before.state) if change.before else None,
        after=vars(change.after.state),
        cause=change.cause or cause,
    )


async def _insert(connection: Connection, customers: Sequence[Customer]) -> None:
    if not customers:
        return
    with refusing({"customers_pkey": StaleVersionError}):
        if len(customers) == 1:
            [customer] = customers
            await connection.execute(_INSERT, *_row(customer))
            return
        await connection.copy_records_to_table(
            "customers",
            records=map(_row, customers),
            columns=(*_FIELDS, "version", "details"),
        )


async def _update(connection: Connection, changes: Sequence[CustomerChange]) -> None:
    if not changes:
        return
    seen = [change.before.version for change in changes if change.before]
    columns = _columns([change.after for change in changes])
    if rows_affected(await connection.execute(_UPDATE, *columns, seen)) != len(changes):
        raise StaleVersionError


def _row(customer: Customer) -> tuple[Any, ...]:
    return (*_values_of(customer.state), customer.version, _details(customer.state))


def _details(state: CustomerState) -> str | None:
    """What few customers have, as it is published."""
    if _details_of(state) == _NONE_OF_THESE:
        return None
    return state.model_dump_json(include=set(_FEW_HAVE), exclude_defaults=True)


def _columns(customers: Sequence[Customer]) -> list[list[Any]]:
    """The columns of the rows, in the order of the statement's parameters."""
    states = [customer.state for customer in customers]
    columns = [[getattr(state, name) for state in states] for name in _FIELDS]
    columns[_FIELDS.index("tags")] = ["\x1f".join(state.tags) for state in states]
    return [
        *columns,
        [customer.version for customer in customers],
        [_details(state) for state in states],
    ]


def _customer(row: asyncpg.Record) -> Customer:
    values: dict[str, Any] = dict(row)
    version: int = values.pop("version")
    details: str | None = values.pop("details")
    if details is not None:
        values |= json.loads(details)
    named: list[tuple[str, str]] = values.pop("external_ids") or []
    values["external_ids"] = tuple(ExternalId(system=system, id=name) for system, name in named)
    for name, part in (("grading", Grading), ("credit", Credit)):
        values[name] = part.model_validate_json(values[name]) if values[name] else None
    return Customer(CustomerState.model_validate(values), version)
