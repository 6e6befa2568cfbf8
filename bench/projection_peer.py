"""The same fold of the same log into PostgreSQL: customer-360 beside stream engines on real Kafka.

The log is the demo's, recorded once through the real services. Each contestant is one process that
begins at the start of the log with an empty database, keeps its state durable, and is done when
every row shows the last version of its aggregate. Quix Streams is the Python one
(peers/quix_folding.py), Kafka Streams the Java one (peers/StreamsFolding.java) where Maven and a
Java compiler are there. Both fold and keep the rows of customers and orders; customer-360 also
validates each body against its schema, keeps a timeline and profiles, and publishes the profiles.
"""

from rig import report
from rig.figures import Aim, Figure, Pair
from rig.folded import rate_of, tables
from rig.history import CUSTOMERS, QUICK_CUSTOMERS, Log, record
from rig.options import Options
from rig.processes import BENCH
from rig.projecting import Contestant, our_rate
from rig.row import Measured, run
from rig.servers import Servers, durable_servers

QUIX_PYTHON = BENCH.parent / ".venv-peers" / "bin" / "python"
QUIX, STREAMS = "Quix Streams", "Kafka Streams"


async def quix_rate(servers: Servers, log: Log, database: str) -> float:
    url = await tables(servers, database)
    state = servers.folder / f"{database}-state"
    program = [str(QUIX_PYTHON), str(BENCH / "peers" / "quix_folding.py")]
    arguments = [servers.stack.bootstrap, url, f"bench.{database}", str(state)]
    rate = await rate_of(servers, log, url, Contestant(database, [*program, *arguments], {}))
    await servers.drop(database)
    return rate


async def measure(options: Options) -> Measured:
    notes: list[str] = []
    peers = {QUIX: quix_rate}
    if not QUIX_PYTHON.exists():
        del peers[QUIX]
        notes.append(f"{QUIX} is not measured: `make bench` makes its environment, .venv-peers.")
    with durable_servers() as servers:
        await servers.provision_topics()
        log = await record(servers, options.pick(CUSTOMERS, QUICK_CUSTOMERS))
        runs: dict[str, list[Pair]] = {name: [] for name in peers}
        for turn in range(options.runs + 1):
            mine = await our_rate(servers, log, f"ours_{turn}")
            for name, rate in peers.items():
                its = await rate(servers, log, f"{name.split()[0].lower()}_{turn}")
                which = f"run {turn}/{options.runs}" if turn else "warm-up"
                report.step(f"{which}: ours {mine:,.0f}, {name} {its:,.0f}")
                if turn:
                    runs[name].append(Pair(mine, its))
    notes.insert(0, f"{log.records:,} records a run, one process each.")
    parts = {QUIX: ("quixstreams", Aim(2)), STREAMS: ("kafka_streams", None)}
    figures = [
        Figure(f"projection_peer.{parts[name][0]}", "records/s", pairs, name, parts[name][1])
        for name, pairs in runs.items()
    ]
    return Measured(figures, notes)


if __name__ == "__main__":
    run("projection_peer: the same fold by other engines", __doc__, measure)
