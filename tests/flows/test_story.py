"""The demo's whole story, and what remains of it (choreography 30 among the rest)."""

from devstack.demo.accounts import Accountant
from devstack.demo.story.cast import Cast
from devstack.demo.story.play import play, play_on, timeline, untold
from shared.contracts.contacts import ConsentWithdrawn, SuppressionAdded

from tests.flows.ledger import Ledger
from tests.flows.view import assert_view_is_true


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
    cast: Cast, accountant: Accountant
) -> None:
    known = await play_on(cast)
    await cast.rest()
    once = (await accountant.account()).published
    assert await play_on(cast) == known
    await cast.rest()
    assert (await accountant.account()).published == once
