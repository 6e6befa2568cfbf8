"""In whatever order merges and undoings are heard, each list ends with the right people."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import pytest
from campaigns.merges.handlers import REPOINTING
from campaigns.segments.domain import ActivateSegment
from campaigns.segments.handlers import activate_segment, place_members
from shared.cause import Cause
from shared.contracts.contacts import (
    ContactMerged,
    ContactUnmerged,
    CustomerMerged,
    CustomerUnmerged,
)
from shared.db import Pool, transaction
from shared.ids import new_id
from shared.merges import move_batch, note_start, note_undo
from shared.telemetry import new_trace

from tests.integration.event_path.test_merge_orders import NAMES, PARTIES, arrivals, history
from tests.records import cause_of_test

LISTS = ("A", "AB", "ACD", "BC", "ABCD")


async def play(
    pool: Pool,
    segment_ids: dict[str, UUID],
    told: Sequence[tuple[datetime, CustomerMerged | CustomerUnmerged]],
    *,
    patient: bool,
) -> dict[str, set[str]]:
    """Who is in each list, by name, when all has been heard; each fact comes twice."""
    await pool.execute("TRUNCATE segment_members, aliases, merge_parts, merge_moves, outbox")
    for names, segment_id in segment_ids.items():
        people = [PARTIES[name] for name in names]
        await place_members(pool, cause_of_test(), segment_id, people, is_in=True)
    for at, fact in told:
        cause = Cause("user:tester", at, "c", new_trace())
        for _ in range(2):
            async with transaction(pool) as connection:
                said = {"contact_id": fact.customer_id, **dict(fact)}
                if isinstance(fact, CustomerMerged):
                    await note_start(connection, cause, ContactMerged.model_validate(said))
                else:
                    await note_undo(connection, cause, ContactUnmerged.model_validate(said))
        while await move_batch(pool, "campaigns", REPOINTING) and patient:
            pass
    while await move_batch(pool, "campaigns", REPOINTING):
        pass
    rows = await pool.fetch("SELECT segment_id, contact_id FROM segment_members WHERE is_in")
    return {
        names: {NAMES[row["contact_id"]] for row in rows if row["segment_id"] == segment_id}
        for names, segment_id in segment_ids.items()
    }


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize(
    ("acts", "end"),
    [
        (("A>B", "B>C"), "CCCD"),
        (("A>B", "B>C", "C>D"), "DDDD"),
        (("A>B", "A<B", "A>C"), "CBCD"),
        (("A>B", "A<B", "B>A"), "AACD"),
        (("A>B", "C>B"), "BBBD"),
        (("A>B", "C>B", "A<B"), "ABBD"),
        (("A>B", "B>C", "B<C"), "BBCD"),
        (("A>B", "B>C", "B<C", "A<B"), "ABCD"),
        (("A>B", "B>C", "B<C", "A<B", "A>D"), "DBCD"),
    ],
)
async def test_each_list_ends_with_whom_its_people_are(
    pool: Pool, acts: tuple[str, ...], end: str, *, patient: bool
) -> None:
    meant = dict(zip("ABCD", end, strict=True))
    segment_ids = {names: new_id() for names in LISTS}
    for names, segment_id in segment_ids.items():
        await activate_segment(
            pool, cause_of_test(), ActivateSegment(segment_id, names, "static", None), None
        )
    wanted = {names: {meant[name] for name in names} for names in LISTS}
    for told in arrivals(history(*acts)):
        assert await play(pool, segment_ids, told, patient=patient) == wanted
