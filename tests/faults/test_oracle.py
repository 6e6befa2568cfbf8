"""The oracle objects as soon as the log that it folds lacks one fact, of any type."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime

from shared.contracts import FACTS

from tests.faults.expected_copies import judge_copies
from tests.faults.expected_reactions import judge_reactions
from tests.faults.expected_view import judge_view
from tests.faults.holdings import connect, read_holdings
from tests.faults.load import loading
from tests.faults.log import Log
from tests.faults.oracle import judge, mails_of
from tests.faults.rig import Rig

SECONDS = 12.0

UNSEEN = {
    "crm.pipeline.definition.published.v1",
    "crm.service-desk.calendar.published.v1",
    "crm.service-desk.sla-policy.published.v1",
    "crm.campaigns.segment.activated.v1",
}
"""Nobody consumes these: nothing but their own topic tells of them."""


async def test_the_oracle_misses_no_fact(rig: Rig, log: Log) -> None:
    async with loading(rig, 0) as load:
        await load.bring_file()
        await load.run(lambda: False, SECONDS)
        verdict = await judge(rig, load.history, log)
    assert verdict.is_clean, str(verdict)
    present = {fact for fact in FACTS.values() if log.facts(fact)}
    silent = [fact.type for fact in present if not await _objects(rig, log, fact.type)]
    assert set(silent) <= UNSEEN
    assert len(present) > 40


async def _objects(rig: Rig, log: Log, fact: str) -> bool:
    """Whether the oracle finds something when the last fact of a type is taken out of the log."""
    async with AsyncExitStack() as stack:
        connections = await connect(rig, stack)
        held = await read_holdings(connections)
        without = log.without_last(FACTS[fact])
        key = rig.values["RAPPORT_HASH_KEY"]
        now = datetime.now(UTC)
        return bool(
            judge_copies(without, held, key)
            or judge_reactions(without, held, mails_of(rig), now)
            or await judge_view(connections["customer-360"], without, key)
        )
