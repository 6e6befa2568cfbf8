"""What the databases hold at one moment: the tables that the oracle asks about, read whole."""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tests.faults.rig import Rig

Row = Mapping[str, Any]

TABLES: Mapping[str, tuple[str, ...]] = {
    "contacts": (
        "customers",
        "people",
        "consents",
        "suppressions",
        "identity_links",
        "imports",
        "won_deals",
        "first_orders",
        "interactions",
        "households",
        "partners",
        "privacy_requests",
        "access_bundles",
        "aliases",
        "handovers",
        "handover_parts",
    ),
    "pipeline": (
        "customers",
        "customer_refs",
        "customer_ref_claims",
        "orders",
        "deals",
        "commitments",
        "tickets",
        "leads",
        "lead_intakes",
        "lead_responses",
        "access_requests",
        "aliases",
        "merge_parts",
        "handover_parts",
    ),
    "service-desk": (
        "tickets",
        "clocks",
        "surveys",
        "clock_timers",
        "access_requests",
        "aliases",
        "merge_parts",
        "handover_parts",
    ),
    "campaigns": (
        "people",
        "memberships",
        "customers",
        "orders",
        "tickets",
        "won_deals",
        "consents",
        "suppressions",
        "campaigns",
        "messages",
        "segment_members",
        "attributions",
        "submissions",
        "access_requests",
        "handover_parts",
    ),
    "customer-360": ("access_requests",),
}
EVERYWHERE = ("outbox", "parked_events")


@dataclass
class Holdings:
    """Rows by service and table."""

    rows: dict[tuple[str, str], list[Row]] = field(default_factory=lambda: defaultdict(list[Row]))

    def of(self, service: str, table: str) -> list[Row]:
        return self.rows[service, table]

    def by(self, service: str, table: str, key: str) -> dict[Any, Row]:
        return {row[key]: row for row in self.rows[service, table]}


async def read_holdings(connections: Mapping[str, Any]) -> Holdings:
    """Read every table, each service's in one snapshot."""
    held = Holdings()
    for service, connection in connections.items():
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            for table in (*TABLES[service], *EVERYWHERE):
                records = await connection.fetch(f"SELECT * FROM {table}")
                held.rows[service, table] = [dict(record) for record in records]
    return held


async def connect(rig: Rig, stack: AsyncExitStack) -> dict[str, Any]:
    """One connection to each database, closed with the stack."""
    connections: dict[str, Any] = {}
    for service in TABLES:
        connection = await asyncpg.connect(rig.database_url(service))
        stack.push_async_callback(connection.close)
        connections[service] = connection
    return connections
