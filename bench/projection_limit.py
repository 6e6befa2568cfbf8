"""The demo's whole log into a durable 360, against the least that a durable projection can do.

The log is recorded once: the customers and purchases of the demo through the real contacts and
pipeline. Each run projects it from its beginning into a fresh database: ours by a real process of
customer-360, which decodes and validates, folds, keeps rows, timeline and profiles, and publishes;
the peer by peers/upserting.py, which stores the same bodies as they are, guarded by their versions,
with its offsets in the same transaction.
"""

import sys

import asyncpg
from peers import upserting
from rig.figures import Aim, Figure
from rig.history import CUSTOMERS, QUICK_CUSTOMERS, TOPICS, Log, record
from rig.options import Options
from rig.projecting import Contestant, Course, our_rate, seconds_of
from rig.row import Measured, run
from rig.servers import Servers, durable_servers
from rig.turns import alternate


async def upserting_rate(servers: Servers, log: Log, database: str) -> float:
    """Records a second of the log into documents."""
    url = await servers.database(database)
    connection = await asyncpg.connect(url)
    await connection.execute(upserting.TABLES)
    await connection.close()
    arguments = [servers.stack.bootstrap, url, f"bench.{database}", *TOPICS]
    command = [sys.executable, "-m", "peers.upserting", *arguments]
    course = Course(url, "documents", 1, upserting.PROGRESS, log.records)
    seconds = await seconds_of(servers, course, [Contestant(database, command, {})])
    await servers.drop(database)
    return log.records / seconds


async def measure(options: Options) -> Measured:
    with durable_servers() as servers:
        await servers.provision_topics()
        log = await record(servers, options.pick(CUSTOMERS, QUICK_CUSTOMERS))
        pairs = await alternate(
            options.runs,
            lambda run: our_rate(servers, log, f"ours_{run}"),
            lambda run: upserting_rate(servers, log, f"upserting_{run}"),
        )
    figure = Figure("projection_limit", "records/s", pairs, "getmany + one upsert", Aim(0.5))
    return Measured([figure], [f"{log.records:,} records a run, one process each."])


if __name__ == "__main__":
    run("projection_limit: the demo's log into the 360", __doc__, measure)
