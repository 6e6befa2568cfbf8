"""The tables of a peer's fold: one guarded row per aggregate and topic, as in customer-360."""

import asyncpg

from rig.history import Log
from rig.projecting import Contestant, Course, seconds_of
from rig.servers import Servers

TABLES = """
CREATE TABLE customers (
    customer_id uuid PRIMARY KEY, version bigint NOT NULL, kind text, display_name text,
    lifecycle text, lifecycle_since timestamptz, owner_id text, source text, region text,
    industry text, language text, currency text, created_at timestamptz
) WITH (fillfactor = 75);
CREATE TABLE customer_facts (
    customer_id uuid PRIMARY KEY, version bigint NOT NULL, lifecycle text,
    lifecycle_since timestamptz, owner_id text, source text
) WITH (fillfactor = 75);
CREATE TABLE orders (
    order_id uuid PRIMARY KEY, version bigint NOT NULL, customer_id uuid NOT NULL,
    status text NOT NULL, external_system text, external_ref text, line_count bigint NOT NULL,
    total numeric NOT NULL, currency text NOT NULL, ordered_at timestamptz, changed_at timestamptz
);
CREATE INDEX orders_customer_idx ON orders (customer_id, ordered_at DESC);
"""
_VERSIONS = """
SELECT coalesce(sum(version), 0)::bigint FROM (
    SELECT version FROM customers UNION ALL SELECT version FROM customer_facts
    UNION ALL SELECT version FROM orders
) AS rows
"""
LOOK_EVERY = 0.25


async def tables(servers: Servers, database: str) -> str:
    """A fresh database with the tables; gives its URL."""
    url = await servers.database(database)
    connection = await asyncpg.connect(url)
    await connection.execute(TABLES)
    await connection.close()
    return url


async def rate_of(servers: Servers, log: Log, url: str, contestant: Contestant) -> float:
    """Records a second until every row shows its last version."""
    gate = "customers, customer_facts, orders"
    course = Course(url, gate, 1, _VERSIONS, log.versions, LOOK_EVERY)
    return log.records / await seconds_of(servers, course, [contestant])
