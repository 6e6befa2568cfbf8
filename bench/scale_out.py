"""The demo's whole log into a durable 360 by two processes of customer-360, against one.

Both are members of the same consumer groups and write into the same database. On a machine with
two cores the two share them with Kafka and PostgreSQL, which one process alone leaves half idle.
"""

from rig.figures import Aim, Figure
from rig.history import CUSTOMERS, QUICK_CUSTOMERS, record
from rig.options import Options
from rig.projecting import our_rate
from rig.row import Measured, run
from rig.servers import durable_servers
from rig.turns import alternate

PROCESSES = 2


async def measure(options: Options) -> Measured:
    with durable_servers() as servers:
        await servers.provision_topics()
        log = await record(servers, options.pick(CUSTOMERS, QUICK_CUSTOMERS))
        pairs = await alternate(
            options.runs,
            lambda run: our_rate(servers, log, f"two_{run}", PROCESSES),
            lambda run: our_rate(servers, log, f"one_{run}"),
        )
    figure = Figure("scale_out", "records/s", pairs, "one process", Aim(1.5))
    return Measured([figure], [f"{log.records:,} records a run; ours is {PROCESSES} processes."])


if __name__ == "__main__":
    run("scale_out: the projection by two processes", __doc__, measure)
