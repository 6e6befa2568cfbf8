"""What imports must come to: each row of a file once, whatever became of whoever was at it."""

from collections import Counter
from collections.abc import Iterator

from shared.contracts import contacts as k

from tests.faults.holdings import Holdings
from tests.faults.log import Log


def judge_imports(log: Log, held: Holdings) -> list[str]:
    """Every import that did not end once, or that made more or less than it says."""
    return [*_ended(log, held), *_made(log)]


def _ended(log: Log, held: Holdings) -> Iterator[str]:
    ends = Counter(r.event.import_id for r in log.facts(k.ImportCompleted))
    started = {r.event.import_id for r in log.facts(k.ImportStarted)}
    for import_id in started | ends.keys():
        if import_id not in started or ends[import_id] != 1:
            yield f"import {import_id} was completed {ends[import_id]} times"
    for row in held.of("contacts", "imports"):
        if row["status"] != "completed":
            yield f"import {row['import_id']} is {row['status']}: {row['failure']}"


def _made(log: Log) -> Iterator[str]:
    made = Counter(r.event.import_id for r in log.facts(k.CustomerCreated, k.ContactCreated))
    for received in log.facts(k.ImportCompleted):
        told = received.event
        if made[told.import_id] != told.created:
            yield f"import {told.import_id} made {told.created}, and {made[told.import_id]} came"
        became = told.created + told.updated + told.unchanged + told.rejected
        if told.rejected or became != told.rows:
            yield f"import {told.import_id} of {told.rows} rows rejected {told.rejected}: {became}"
