"""Two people who are one by now get each mail once, and what either had counts for the one."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import httpx
import pytest
from campaigns.merges.consumers import consumer
from campaigns.messages.handlers import open_gate
from campaigns.permissions.store import lock_permissions
from campaigns.sending import Sender
from shared.contracts.campaigns import MessageSuppressed, MessageUnsubscribed
from shared.db import Pool, transaction
from shared.ids import new_id

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import MailSink
from tests.integration.campaigns.test_merges import happens, merge, move_all, undoing
from tests.integration.pipeline.waiting import until_somebody_waits_for_a_lock
from tests.records import record_of


async def two_people(pool: Pool) -> tuple[UUID, UUID]:
    """The first is the one who stays."""
    return (await scene.person(pool, "one@example.com"))[0], (
        await scene.person(pool, "two@example.com")
    )[0]


async def become_of(client: httpx.AsyncClient, campaign_id: str) -> dict[UUID, object]:
    """What became of each person's message, or why it did not go out."""
    return {
        UUID(str(message["contact_id"])): message["reason_code"] or message["status"]
        for message in await scene.messages_of(client, campaign_id)
    }


async def due(pool: Pool, contact_id: UUID, at: datetime) -> None:
    await pool.execute(
        "UPDATE messages SET next_attempt_at = $2 WHERE contact_id = $1 AND status = 'reserved'",
        contact_id,
        at,
    )


@pytest.mark.parametrize("steps", [1, 2])
async def test_what_the_merged_one_was_sent_counts_towards_the_cap_of_the_one_who_stays(
    steps: int, pool: Pool, client: httpx.AsyncClient, sender: Sender
) -> None:
    one, two = await two_people(pool)
    await scene.policy(pool, promotional_cap=1)
    first = await scene.launch(pool, client, [two])
    await sender.send_due(pool)
    assert await become_of(client, first) == {two: "sent"}
    between = [two, *(new_id() for _ in range(steps - 1)), one]
    merges = [merge(into, old) for old, into in pairwise(between)]
    await happens(pool, *merges)
    second = await scene.launch(pool, client, [one])
    await sender.send_due(pool)
    assert await become_of(client, second) == {one: "frequency-cap"}

    await happens(pool, *map(undoing, reversed(merges)))
    third = await scene.launch(pool, client, [one])
    await sender.send_due(pool)
    assert await become_of(client, third) == {one: "sent"}
    assert await become_of(client, second) == {one: "frequency-cap"}, "it stays as it is"


@pytest.mark.parametrize("is_moved", [False, True])
async def test_of_two_mails_of_one_campaign_that_wait_one_goes_out(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink, *, is_moved: bool
) -> None:
    """By the job that ends the other, or by the gate where the mail was quicker than the job."""
    one, two = await two_people(pool)
    campaign_id = await scene.launch(pool, client, [one, two])
    merged = merge(one, two)
    if is_moved:
        await happens(pool, merged)
    else:
        await scene.apply(pool, consumer, [record_of(merged)])
    while await sender.send_due(pool):
        pass
    assert sorted(map(str, (await become_of(client, campaign_id)).values())) == [
        "duplicate",
        "sent",
    ]
    assert len(mail.received) == 1
    await move_all(pool)
    assert len(await scene.published(pool, MessageSuppressed)) == 1

    await happens(pool, undoing(merged))
    assert not await sender.send_due(pool)
    assert len(await scene.published(pool, MessageSuppressed)) == 1
    assert len(mail.received) == 1


async def test_what_the_merged_one_was_sent_is_not_sent_to_the_one_who_stays(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink
) -> None:
    one, two = await two_people(pool)
    campaign_id = await scene.launch(pool, client, [one, two])
    await due(pool, one, scene.NOW + timedelta(hours=1))
    await sender.send_due(pool)
    await happens(pool, merge(one, two))
    await due(pool, one, datetime.now(UTC))
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == {one: "duplicate", two: "sent"}
    assert len(mail.received) == 1
    other = await scene.launch(pool, client, [one])
    await sender.send_due(pool)
    assert await become_of(client, other) == {one: "sent"}, "of another campaign"


async def test_a_mail_that_the_server_refused_does_not_keep_the_one_who_stays_from_theirs(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink
) -> None:
    one, two = await two_people(pool)
    campaign_id = await scene.launch(pool, client, [one, two])
    await due(pool, one, scene.NOW + timedelta(hours=1))
    mail.answers.append("550 no")
    await sender.send_due(pool)
    await happens(pool, merge(one, two))
    await due(pool, one, datetime.now(UTC))
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == {one: "sent", two: "rejected"}


async def test_what_waits_for_the_merged_one_goes_to_the_one_who_stays(
    pool: Pool, client: httpx.AsyncClient, sender: Sender, mail: MailSink
) -> None:
    one, two = await two_people(pool)
    campaign_id = await scene.launch(pool, client, [two])
    await pool.execute("UPDATE messages SET status = 'held', version = version + 1")
    merged = merge(one, two)
    await happens(pool, merged)
    assert await become_of(client, campaign_id) == {one: "reserved", two: "duplicate"}
    await happens(pool, undoing(merged))
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == {one: "sent", two: "duplicate"}
    assert [message["to"] for message in mail.received] == ["one@example.com"]


async def test_the_gate_takes_turns_on_the_one_who_stays(
    pool: Pool, client: httpx.AsyncClient
) -> None:
    """So of two processes that judge one mail each, by either id, the second sees the first."""
    one, two = await two_people(pool)
    await scene.launch(pool, client, [two])
    await scene.apply(pool, consumer, [record_of(merge(one, two))])
    async with transaction(pool) as connection:
        await lock_permissions(connection, [one])
        judging = asyncio.create_task(open_gate(pool, datetime.now(UTC), 10))
        await until_somebody_waits_for_a_lock(pool)
    passed = await judging
    assert passed is not None
    assert [message.contact_id for message, _ in passed] == [two]


async def test_each_address_of_somebody_who_was_merged_may_opt_out(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    sender: Sender,
    mail: MailSink,
) -> None:
    one, two = await two_people(pool)
    await scene.launch(pool, client, [one, two])
    await sender.send_due(pool)
    await happens(pool, merge(one, two))
    for letter in [*mail.received, *mail.received]:
        way_out = scene.way_out(letter)
        assert (await stranger.post(way_out)).status_code == 200
    told = await scene.published(pool, MessageUnsubscribed)
    addresses = [fact.subject_hash for fact in told if isinstance(fact, MessageUnsubscribed)]
    assert len(addresses) == len(set(addresses)) == 2


async def test_who_opts_out_by_a_mail_to_the_merged_one_gets_no_more(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    sender: Sender,
    mail: MailSink,
) -> None:
    one, two = await two_people(pool)
    await scene.launch(pool, client, [two])
    await sender.send_due(pool)
    merged = merge(one, two)
    await happens(pool, merged)
    campaign_id = await scene.launch(pool, client, [one])
    way_out = scene.way_out(mail.received[0])
    for _ in range(2):
        done = await stranger.post(way_out, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
    assert len(await scene.published(pool, MessageUnsubscribed)) == 1
    await sender.send_due(pool)
    assert await become_of(client, campaign_id) == {one: "unsubscribed"}
    await happens(pool, undoing(merged))
    third = await scene.launch(pool, client, [one, two])
    while await sender.send_due(pool):
        pass
    assert await become_of(client, third) == {one: "unsubscribed", two: "unsubscribed"}
