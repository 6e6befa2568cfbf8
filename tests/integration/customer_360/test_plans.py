"""The plans of the reads: what one customer costs must not depend on how many others there are."""

import re
from uuid import uuid4

import pytest
from customer_360.profiles import looking
from customer_360.profiles.versions import TABLES
from customer_360.timeline import store as timeline

from tests.integration.customer_360.conftest import Customer360

PER_CUSTOMER = {"timeline", *(table.name for table in TABLES)}


@pytest.mark.parametrize("statement", [looking._LOOK, timeline._PARTIES])  # noqa: SLF001 -- its plan is what is tested
async def test_a_read_of_one_customer_finds_everything_by_an_index(
    service: Customer360, statement: str
) -> None:
    """With sequential scans at a prohibitive price, only what no index can serve is read whole."""
    asked = re.sub(r"\$1", f"'{uuid4()}'", statement)
    async with service.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = [row[0] for row in await connection.fetch(f"EXPLAIN {asked}")]

    read_whole = set(re.findall(r"Seq Scan on (\w+)", "\n".join(plan)))
    assert read_whole & PER_CUSTOMER == set()
