"""The demo's whole story, and what remains of it (choreography 30 among the rest)."""

from collections.abc import Mapping

import asyncpg
from devstack.demo.accounts import Accountant
from devstack.demo.story.cast import Cast
from devstack.demo.story.play import play, play_on, timeline, untold
from devstack.stack import Stack
from shared.contracts.contacts import ConsentWithdrawn, SuppressionAdded

from tests.faults.waiting import eventually
from tests.flows.ledger import Ledger
from tests.flows.view import assert_view_is_true

_UNPUBLISHED = "SELECT count(*) FROM profiles WHERE dirty_since IS NOT NULL"


async def test_the_story_runs_and_the_360_tells_all_of_it(cast: Cast, ledger: Ledger) -> None:
    story = await play(cast)
    view = await assert_view_is_true(cast, story.customer_id)
    reader = cast.doors.caller("reader", "reader")
    assert untold(await timeline(reader, story.customer_id)) == []
    [person] = view["people"]
    assert not person["contactable_now"]["email:marketing"]["ok"]
    withdrawn = await ledger.all_facts(ConsentWithdrawn)
    assert story.contact_id in {str(fact.event.contact_id) for fact in withdrawn}
    assert await ledger.all_facts(SuppressionAdded)


async def test_a_story_played_again_changes_nothing(cast: Cast) -> None:
    story = await play(cast)
    await cast.rest()
    reader = cast.doors.caller("reader", "reader")
    once = await timeline(reader, story.customer_id)
    assert await play(cast) == story
    await cast.rest()
    assert await timeline(reader, story.customer_id) == once


async def test_the_second_chapter_runs_and_played_again_changes_nothing(
    cast: Cast, accountant: Accountant, system: Stack
) -> None:
    known = await play_on(cast)
    once = await ends_at_rest(cast, accountant, system)
    assert await play_on(cast) == known
    now = await ends_at_rest(cast, accountant, system)
    assert {topic: (once[topic], end) for topic, end in now.items() if end != once[topic]} == {}


async def ends_at_rest(cast: Cast, accountant: Accountant, system: Stack) -> Mapping[str, int]:
    """How far every topic goes, with the profiles too: the 360 lets them settle for a while."""
    await cast.rest()
    connection = await asyncpg.connect(system.settings.values["CUSTOMER_360_DATABASE_URL"])

    async def none_waits() -> bool:
        return await connection.fetchval(_UNPUBLISHED) == 0

    try:
        await eventually(none_waits, "every profile is published", 60)
    finally:
        await connection.close()
    await cast.rest()
    return (await accountant.account()).ends
