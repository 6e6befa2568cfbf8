"""Lists of people follow merges of people and their undoing, whatever comes late."""

from collections.abc import Sequence
from uuid import UUID

import httpx
import pytest
from campaigns.campaigns.handlers import reserve_messages
from campaigns.merges.consumers import consumer
from campaigns.merges.handlers import REPOINTING
from campaigns.segments.handlers import evaluate_new_segments
from shared.contracts.campaigns import SegmentMemberEntered, SegmentMemberExited
from shared.contracts.contacts import CONTACT_STATE, ContactMerged, ContactUnmerged
from shared.db import Pool
from shared.ids import new_id
from shared.merges import move_batch, sweep

from tests.integration.campaigns import scene
from tests.integration.campaigns.test_segments import dynamic, members
from tests.records import record_of, tombstone_of


def merge(into: UUID, *merged_ids: UUID) -> ContactMerged:
    return ContactMerged(
        contact_id=into,
        merge_id=new_id(),
        merged_ids=merged_ids,
        reversible_until=scene.NOW,
        reason_code="duplicate",
        decided_by="user:mia",
    )


def undoing(merged: ContactMerged) -> ContactUnmerged:
    return ContactUnmerged(
        contact_id=merged.contact_id,
        merge_id=merged.merge_id,
        restored_ids=merged.merged_ids,
        reason_code="two-people",
        decided_by="user:mia",
    )


async def happens(pool: Pool, *facts: ContactMerged | ContactUnmerged) -> None:
    """Each comes twice, and everything is moved."""
    for version, fact in enumerate(facts, 1):
        told = record_of(fact, version)
        await scene.apply(pool, consumer, [told, told])
        await scene.apply(pool, consumer, [told])
        await move_all(pool)


async def move_all(pool: Pool) -> None:
    while await move_batch(pool, "campaigns", REPOINTING):
        pass


async def list_of(client: httpx.AsyncClient, *contact_ids: UUID) -> str:
    return str(await scene.segment_of(client, contact_ids))


def names(contact_ids: Sequence[UUID]) -> list[str]:
    return sorted(map(str, contact_ids))


@pytest.mark.parametrize("is_in", [False, True])
async def test_a_list_has_the_one_who_stays_once_and_both_again(
    pool: Pool, client: httpx.AsyncClient, *, is_in: bool
) -> None:
    one, two = new_id(), new_id()
    before = [two, *([one] if is_in else [])]
    segment_id = await list_of(client, *before)
    merged = merge(one, two)
    await happens(pool, merged)
    assert await members(client, segment_id) == names([one])
    told = await scene.published(pool, SegmentMemberEntered)
    [exited] = await scene.published(pool, SegmentMemberExited)
    assert exited.contact_id == two
    assert [each.contact_id for each in told].count(one) == 1
    await move_all(pool)
    assert len(await scene.published(pool, SegmentMemberExited)) == 1
    await happens(pool, undoing(merged))
    assert await members(client, segment_id) == names(before)


async def test_a_campaign_has_its_people_since_it_was_launched(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    """Whoever has its mail as one of the merged people does not get it again as the other."""
    [one, two] = sorted([(await scene.person(pool, f"{at}@example.com"))[0] for at in "ab"])
    campaign_id = await scene.launch(pool, client, [one])
    await pool.execute("UPDATE messages SET status = 'sent'")
    await pool.execute("UPDATE campaigns SET is_reserved = false, reserved_to = $1", one)
    await happens(pool, merge(two, one))
    await reserve_messages(pool)
    reserved = await pool.fetch("SELECT contact_id, campaign_id FROM messages")
    assert [(row["contact_id"], str(row["campaign_id"])) for row in reserved] == [
        (one, campaign_id)
    ]


async def test_a_chain_of_merges_ends_with_the_last_and_comes_back_step_by_step(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    one, two, three = new_id(), new_id(), new_id()
    segment_id = await list_of(client, one, two)
    first, second = merge(two, one), merge(three, two)
    await happens(pool, first, second)
    assert await members(client, segment_id) == names([three])
    await happens(pool, undoing(second))
    assert await members(client, segment_id) == names([two])
    await happens(pool, undoing(first))
    assert await members(client, segment_id) == names([one, two])


async def test_an_old_id_means_the_one_who_stays(pool: Pool, client: httpx.AsyncClient) -> None:
    one, two = new_id(), new_id()
    segment_id = await list_of(client)
    merged = merge(one, two)
    await happens(pool, merged)
    path = f"/v1/segments/{segment_id}/members"
    assert (await client.post(path, json={"contact_ids": [str(two), str(one)]})).status_code == 200
    assert await members(client, segment_id) == names([one])
    assert (await client.delete(f"{path}/{two}")).status_code == 200
    assert await members(client, segment_id) == []
    await happens(pool, undoing(merged))
    assert await members(client, segment_id) == []


async def test_who_was_taken_out_since_does_not_come_back(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    one, two = new_id(), new_id()
    segment_id = await list_of(client, two)
    merged = merge(one, two)
    await happens(pool, merged)
    assert (await client.delete(f"/v1/segments/{segment_id}/members/{one}")).status_code == 200
    await happens(pool, undoing(merged))
    assert await members(client, segment_id) == []


async def test_who_was_put_in_since_stays(pool: Pool, client: httpx.AsyncClient) -> None:
    one, two = new_id(), new_id()
    segment_id = await list_of(client, two)
    merged = merge(one, two)
    await happens(pool, merged)
    body = {"contact_ids": [str(one)]}
    assert (await client.post(f"/v1/segments/{segment_id}/members", json=body)).status_code == 200
    await happens(pool, undoing(merged))
    assert await members(client, segment_id) == names([one, two])


async def test_what_slips_in_under_the_old_id_is_found(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    one, two = new_id(), new_id()
    segment_id = await list_of(client, two)
    await scene.apply(pool, consumer, [record_of(merge(one, two))])
    await pool.execute("UPDATE merge_parts SET status = 'moved', swept_at = '-infinity'")
    assert await sweep(pool, "campaigns", REPOINTING)
    assert await members(client, segment_id) == names([one])


async def test_who_is_erased_is_in_no_list_for_anybody(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    one, two = new_id(), new_id()
    segment_id = await list_of(client, two)
    await happens(pool, merge(one, two))
    ended = [tombstone_of(CONTACT_STATE, str(each), 2) for each in (one, two)]
    await scene.apply(pool, scene.people, ended)
    assert await members(client, segment_id) == []
    assert (
        await pool.fetchval("SELECT count(*) FROM segment_members WHERE stands_by = $1", one) == 0
    )


async def test_who_was_merged_leaves_the_segments_with_a_rule_and_comes_back(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    segment_id = await dynamic(
        client, {"fact": "customer.kind", "op": "in", "value": ["organization"]}
    )
    await evaluate_new_segments(pool)
    contact_id, customer_id = await scene.person(pool)
    assert await members(client, segment_id) == names([contact_id])
    state = scene.contact_state(contact_id, "a@example.com", customer_id)
    gone = state.model_copy(update={"record_status": "merged", "merged_into": new_id()})
    await happens(pool, merge(new_id(), contact_id))
    await scene.apply(pool, scene.people, [record_of(gone, 2)])
    assert await members(client, segment_id) == []
    await scene.apply(pool, scene.people, [record_of(state, 3)])
    assert await members(client, segment_id) == names([contact_id])
