"""The links in a mail: the click that leads to the page, and the ways out."""

import asyncio
import re
from datetime import UTC, datetime

import httpx
import pytest
from campaigns.sending import Sender
from shared.contact_points import subject_hash
from shared.contracts.campaigns import (
    MessageClicked,
    MessageUnsubscribed,
    ResponseRecorded,
)
from shared.db import Pool

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import HASH_KEY, PUBLIC_URL, MailSink
from tests.records import record_of


def link_in(text: str, door: str) -> str:
    found = re.search(rf"{PUBLIC_URL}(/{door}/[\w.\-]+)", text)
    assert found is not None
    return found[1]


async def test_a_click_leads_to_the_page_and_is_told_once(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    path = link_in(mail.received[0].as_string().replace("=\n", ""), "c")

    for _ in range(2):
        answer = await stranger.get(path)
        assert answer.status_code == 302
        assert answer.headers["location"] == "https://shop.example/spring"

    assert len(await scene.published(pool, MessageClicked)) == 1
    [response] = await scene.published(pool, ResponseRecorded)
    assert isinstance(response, ResponseRecorded)
    assert (response.kind, response.score_delta) == ("click", 5)
    assert (await scene.messages_of(client, campaign_id))[0]["clicked_at"] is not None


async def test_after_an_opt_out_the_next_send_is_refused_with_its_reason(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    path = scene.way_out(mail.received[0])

    page = await stranger.get(path)
    assert page.status_code == 200
    assert await scene.published(pool, MessageUnsubscribed) == []
    for _ in range(2):
        done = await stranger.post(path, data={"List-Unsubscribe": "One-Click"})
        assert done.status_code == 200
    [told] = await scene.published(pool, MessageUnsubscribed)
    assert isinstance(told, MessageUnsubscribed)
    assert told.scope == "all"
    assert told.subject_hash == subject_hash(HASH_KEY, "email", "anna@example.com")

    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    [message] = await scene.messages_of(client, campaign_id)
    assert (message["status"], message["reason_code"]) == ("suppressed", "unsubscribed")
    assert len(mail.received) == 1


async def test_a_consent_given_after_the_opt_out_opens_the_gate_again(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    path = scene.way_out(mail.received[0])
    await stranger.post(path)

    again = scene.consent_granted(contact_id, captured_at=datetime.now(UTC))
    await scene.apply(pool, scene.consents, [record_of(again, version=2)])
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    assert len(mail.received) == 2

    await stranger.post(path)
    assert len(await scene.published(pool, MessageUnsubscribed)) == 2
    campaign_id = await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    assert (await scene.messages_of(client, campaign_id))[0]["reason_code"] == "unsubscribed"


async def test_an_opt_out_returns_only_when_no_mail_can_start_any_more(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    path = scene.way_out(mail.received[0])
    await scene.launch(pool, client, [contact_id])
    is_in_data, may_go_on = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        is_in_data.set()
        await may_go_on.wait()

    mail.before_data = wait
    sending = asyncio.ensure_future(sender.send_due(pool))
    await asyncio.wait_for(is_in_data.wait(), 5)
    leaving = asyncio.ensure_future(stranger.post(path))
    while not await scene.published(pool, MessageUnsubscribed):
        await asyncio.sleep(0.01)
    assert not leaving.done()
    may_go_on.set()
    assert (await asyncio.wait_for(leaving, 5)).status_code == 200
    await sending
    assert len(mail.received) == 2


@pytest.mark.parametrize("path", ["/c/x", "/u/x", "/c/" + "x" * 400, "/f/x"])
async def test_a_link_that_we_did_not_write_opens_nothing(
    path: str, stranger: httpx.AsyncClient
) -> None:
    answer = await stranger.request("POST" if path == "/f/x" else "GET", path)
    assert answer.status_code in {404, 422}


async def test_a_click_link_is_no_way_out(
    pool: Pool,
    client: httpx.AsyncClient,
    stranger: httpx.AsyncClient,
    mail: MailSink,
    sender: Sender,
) -> None:
    contact_id, _ = await scene.person(pool)
    await scene.launch(pool, client, [contact_id])
    await sender.send_due(pool)
    path = link_in(mail.received[0].as_string().replace("=\n", ""), "c")
    assert (await stranger.post(path.replace("/c/", "/u/"))).status_code == 404
