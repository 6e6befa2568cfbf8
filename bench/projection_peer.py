"""The same fold of the same log into PostgreSQL: customer-360 beside stream engines on real Kafka.

The log is the demo's, recorded once through the real services. Each contestant is one process that
begins at the start of the log with an empty database, keeps its state durable, and is done when
every row shows the last version of its aggregate. Quix Streams is the Python one
(peers/quix_folding.py), Kafka Streams the Java one (peers/StreamsFolding.java) where Maven and a
Java compiler are there. Both fold and keep the rows of customers and orders; customer-360 also
validates each body against its schema, keeps a timeline and profiles, and publishes the profiles.
"""

from collections.abc import Callable
from typing import TypeAlias

from devstack.errors import DevstackError
from peers import streams
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
AIMS = {"quixstreams": Aim(2), "kafka_streams": None}
"""The aim is set against the best Python engine; the Java one stands beside it."""

Start: TypeAlias = Callable[[str, str], Contestant]
"""Makes the process of a run from the URL of its database and its name."""


def _quix(servers: Servers) -> Start:
    if not QUIX_PYTHON.exists():
        raise DevstackError("`make bench` makes its environment, .venv-peers.")

    def start(url: str, name: str) -> Contestant:
        program = [str(QUIX_PYTHON), str(BENCH / "peers" / "quix_folding.py")]
        arguments = [servers.stack.bootstrap, url, f"bench.{name}", str(servers.folder / name)]
        return Contestant(name, [*program, *arguments], {})

    return start


def _streams(servers: Servers) -> Start:
    class_path = streams.compile_into(servers.folder / "classes", report.console)

    def start(url: str, name: str) -> Contestant:
        return streams.contestant(class_path, servers.stack.bootstrap, url, servers.folder / name)

    return start


def _peers(servers: Servers, notes: list[str]) -> dict[str, Start]:
    """Those that this machine can run; the notes say why the others are absent."""
    found: dict[str, Start] = {}
    for name, make in (("quixstreams", _quix), ("kafka_streams", _streams)):
        try:
            found[name] = make(servers)
        except DevstackError as error:
            notes.append(f"{name} is not measured here: {error}")
    return found


async def _rate(servers: Servers, log: Log, start: Start, name: str) -> float:
    url = await tables(servers, name)
    rate = await rate_of(servers, log, url, start(url, name))
    await servers.drop(name)
    return rate


async def measure(options: Options) -> Measured:
    notes: list[str] = []
    with durable_servers() as servers:
        await servers.provision_topics()
        peers = _peers(servers, notes)
        log = await record(servers, options.pick(CUSTOMERS, QUICK_CUSTOMERS))
        runs: dict[str, list[Pair]] = {name: [] for name in peers}
        for turn in range(options.runs + 1):
            mine = await our_rate(servers, log, f"ours_{turn}")
            report.step(f"{f'run {turn}' if turn else 'warm-up'}: ours {mine:,.0f} records/s")
            for name, start in peers.items():
                its = await _rate(servers, log, start, f"{name}_{turn}")
                report.step(f"  {name} {its:,.0f} records/s")
                runs[name].append(Pair(mine, its))
    figures = [
        Figure(f"projection_peer.{name}", "records/s", pairs[1:], name, AIMS[name])
        for name, pairs in runs.items()
    ]
    return Measured(figures, [f"{log.records:,} records a run, one process each.", *notes])


if __name__ == "__main__":
    run("projection_peer: the same fold by other engines", __doc__, measure)
