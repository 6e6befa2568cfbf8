"""Compares the rebuilt projection with the live one, both at exactly the same offsets.

The consumers are held for the moment that it takes to catch up with them and to take a snapshot;
everything is then counted and compared in that snapshot while facts go on arriving.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.db import Connection

from customer_360.handovers.store import OWNERSHIPS
from customer_360.merges.store import MERGES
from customer_360.profiles.versions import TABLES
from customer_360.rebuilding.gate import hold_consumers
from customer_360.rebuilding.running import Rebuild
from customer_360.rebuilding.schemas import LIVE, NEXT

SAMPLE = 1000

_OF_PARTY = "customer_id = ANY($1) OR contact_id = ANY($1)"
_OF_CUSTOMER = "customer_id = ANY($1)"
_OF_CONTACT = "contact_id = ANY($1)"

# Which rows of a table are those of a sample; `$1` are the ids of its customers and their people.
_SAMPLED = {
    "contacts": _OF_CONTACT,
    "consents": _OF_CONTACT,
    "identities": _OF_PARTY,
    "duplicates": "first_id = ANY($1) OR second_id = ANY($1)",
    "leads": _OF_PARTY,
    "messages": _OF_PARTY,
    "responses": _OF_PARTY,
    "suppressions": """subject_hash IN (
        SELECT jsonb_array_elements_text(subject_hashes) FROM {schema}.contacts
        WHERE contact_id = ANY($1))""",
    "campaigns": """campaign_id IN (
        SELECT campaign_id FROM {schema}.messages
        WHERE customer_id = ANY($1) OR contact_id = ANY($1))""",
    "handovers": """handover_id IN (
        SELECT handover_id FROM {schema}.ownerships WHERE customer_id = ANY($1))""",
    "privacy_requests": """request_id IN (
        SELECT request_id FROM {schema}.privacy_requests, jsonb_array_elements_text(
            contact_ids || customer_ids) AS concerned (id) WHERE concerned.id::uuid = ANY($1))""",
    "interactions": "customer_id = ANY($1) OR customer_id IS NULL AND contact_ids ?| $1::text[]",
    "households": "member_contact_ids ?| ($1::uuid[])::text[]",
    "relationships": "from_id = ANY($1) OR to_id = ANY($1)",
    "merges": "survivor_id = ANY($1)",
    "timeline": "party_id = ANY($1)",
    "order_horizon": "$1::uuid[] IS NOT NULL",
}
_KEYS = {
    **{table.name: table.key for table in (*TABLES, OWNERSHIPS, MERGES)},
    "timeline": "(party_id, at, event_id)",
    "order_horizon": "is_only",
}

_COMPARE = """
WITH live AS (
    SELECT {key}::text AS id, stored::text AS line FROM {live} AS stored WHERE {in_live}
), rebuilt AS (
    SELECT {key}::text AS id, stored::text AS line FROM {next} AS stored WHERE {in_next}
)
SELECT count(*) AS compared, count(*) FILTER (WHERE live.line IS DISTINCT FROM rebuilt.line) AS bad
FROM live FULL JOIN rebuilt USING (id)
"""

_SHARE = f"SELECT least(100, 200.0 * $1 / greatest(1, count(*))) FROM {LIVE}.profiles"
_SAMPLE = f"""
SELECT customer_id FROM {LIVE}.profiles TABLESAMPLE BERNOULLI ($2) ORDER BY random() LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """One table in both projections: all rows counted, the sample's rows compared as text."""

    table: str
    live: int
    rebuilt: int
    compared: int
    differing: int

    @property
    def is_equal(self) -> bool:
        """Whether nothing was found to differ."""
        return self.live == self.rebuilt and self.differing == 0


async def compare(rebuild: Rebuild, sample: int = SAMPLE) -> list[Compared]:
    """Every projected table, live and rebuilt."""
    async with (
        rebuild.connect() as reader,
        reader.transaction(isolation="repeatable_read", readonly=True),
    ):
        async with rebuild.connect() as gate, gate.transaction():
            await hold_consumers(gate)
            await rebuild.catch_up()
            await reader.fetchval("SELECT count(*) FROM order_horizon")  # takes the snapshot
        parties = await _parties(reader, sample)
        found = [await _compared(reader, table, parties) for table in _KEYS]
        return [*found, await _counted(reader, "parked_events")]


async def _parties(connection: Connection, sample: int) -> list[UUID]:
    """A sample of customers, with the people that either projection gives them."""
    share = float(await connection.fetchval(_SHARE, sample))
    customers = [row[0] for row in await connection.fetch(_SAMPLE, sample, share)]
    names = [str(customer) for customer in customers]
    people = await connection.fetch(
        f"""
        SELECT contact_id FROM {LIVE}.contacts WHERE customer_ids ?| $1::text[]
        UNION SELECT contact_id FROM {NEXT}.contacts WHERE customer_ids ?| $1::text[]
        """,
        names,
    )
    return [*customers, *(row[0] for row in people)]


async def _compared(connection: Connection, table: str, parties: Sequence[UUID]) -> Compared:
    where = _SAMPLED.get(table, _OF_CUSTOMER)
    statement = _COMPARE.format(
        key=_KEYS[table],
        live=f"{LIVE}.{table}",
        next=f"{NEXT}.{table}",
        in_live=where.format(schema=LIVE),
        in_next=where.format(schema=NEXT),
    )
    counted = await _counted(connection, table)
    row = await connection.fetchrow(statement, parties)
    assert row is not None
    return Compared(table, counted.live, counted.rebuilt, row["compared"], row["bad"])


async def _counted(connection: Connection, table: str) -> Compared:
    live, rebuilt = [
        int(await connection.fetchval(f"SELECT count(*) FROM {schema}.{table}"))
        for schema in (LIVE, NEXT)
    ]
    return Compared(table, live, rebuilt, 0, 0)
