"""Exports as they are streamed: a page is read by its key, written and forgotten.

Each page is a statement of its own, and no transaction is held open while somebody reads slowly:
what changes meanwhile is in the file as it was when its page was read.
"""

from collections.abc import AsyncIterator
from typing import assert_never

import structlog
from shared.cause import Cause
from shared.db import Pool

from contacts.csv_files import write_rows
from contacts.customers import lists as customer_lists
from contacts.customers import store as customers
from contacts.customers.domain import Customer
from contacts.customers.external_ids import list_systems
from contacts.exports.domain import (
    ContactFormat,
    CustomerFormat,
    Customers,
    contact_cells,
    contact_columns,
    customer_cells,
    customer_columns,
    json_line,
)
from contacts.people import lists as people_lists
from contacts.people.domain import Person
from contacts.ranks import ranked_parts
from contacts.vcards import write_card

PAGE_ROWS = 2000

logger = structlog.stdlib.get_logger()


async def export_customers(
    pool: Pool, cause: Cause, wanted: customer_lists.Wanted, form: CustomerFormat
) -> AsyncIterator[str]:
    """The customers that a list with these filters shows."""
    async with pool.acquire() as connection:
        systems = await list_systems(connection)
    if form == "csv":
        yield write_rows([customer_columns(systems)])
    rows = 0
    async for page in _pages_of_customers(pool, wanted):
        rows += len(page)
        if form == "csv":
            yield write_rows(customer_cells(customer.state, systems) for customer in page)
        else:
            yield "".join(map(json_line, page))
    logger.info("customers_exported", actor=cause.actor, format=form, rows=rows)


async def export_contacts(
    pool: Pool, cause: Cause, wanted: people_lists.Wanted, form: ContactFormat
) -> AsyncIterator[str]:
    """The people whom a list with these filters shows."""
    async with pool.acquire() as connection:
        systems = await list_systems(connection)
    if form == "csv":
        yield write_rows([contact_columns(systems)])
    rows = 0
    async for page, known in _pages_of_people(pool, wanted):
        rows += len(page)
        match form:
            case "csv":
                yield write_rows(contact_cells(each.state, known, systems) for each in page)
            case "jsonl":
                yield "".join(map(json_line, page))
            case "vcard":
                yield "".join(write_card(each.state, known) for each in page)
            case _:
                assert_never(form)
    logger.info("contacts_exported", actor=cause.actor, format=form, rows=rows)


async def _pages_of_customers(
    pool: Pool, wanted: customer_lists.Wanted
) -> AsyncIterator[list[Customer]]:
    after = None
    while True:
        async with pool.acquire() as connection:
            page = await customer_lists.list_customers(connection, wanted, after, PAGE_ROWS)
        if not page:
            return
        yield page
        after = page[-1].state.customer_id


async def _pages_of_people(
    pool: Pool, wanted: people_lists.Wanted
) -> AsyncIterator[tuple[list[Person], Customers]]:
    """Each page with the customers that its people belong to."""
    after = None
    while True:
        async with pool.acquire() as connection:
            page = await people_lists.list_people(connection, wanted, after, PAGE_ROWS)
            parts = [part for person in page for part in ranked_parts(person.state)]
            theirs = {part.customer_id for part in parts}
            known = await customers.find_customers(connection, theirs) if theirs else {}
        if not page:
            return
        yield page, known
        after = page[-1].state.contact_id
