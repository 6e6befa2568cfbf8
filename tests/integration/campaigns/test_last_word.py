"""contacts has the last word about each mail; and questions by mail, asked and answered."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from campaigns.confirmations.consumers import consumer as confirmations
from campaigns.confirming import Asker
from campaigns.sending import Sender
from shared.contact_points import subject_hash
from shared.contracts.campaigns import (
    ConfirmationConfirmed,
    ConfirmationNotSent,
    ConfirmationSent,
    MessageSuppressed,
)
from shared.contracts.contacts import ConsentConfirmationRequested
from shared.db import Pool
from shared.ids import new_id

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import HASH_KEY, PUBLIC_URL, MailSink
from tests.integration.campaigns.owner import OwnerOfConsents
from tests.records import record_of


async def test_a_no_that_only_contacts_knows_of_is_honoured(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender, owner: OwnerOfConsents
) -> None:
    people = [(await scene.person(pool, f"p{n}@example.com"))[0] for n in range(3)]
    campaign_id = await scene.launch(pool, client, people)
    await owner.catch_up()
    await owner.pool.execute(
        "UPDATE consents SET status = 'withdrawn', version = 2 WHERE contact_id = $1", people[0]
    )
    await _suppress(owner, "p1@example.com")
    await sender.send_due(pool)
    assert [sent["To"] for sent in mail.received] == ["p2@example.com"]
    messages = await scene.messages_of(client, campaign_id)
    ends = {each["contact_id"]: (each["status"], each["reason_code"]) for each in messages}
    assert ends[str(people[0])] == ("suppressed", "consent")
    assert ends[str(people[1])] == ("suppressed", "suppression-list")
    assert len(await scene.published(pool, MessageSuppressed)) == 2
    assert await owner.pool.fetchval("SELECT count(*) FROM sending_permits") == 0


async def _suppress(owner: OwnerOfConsents, email: str) -> None:
    await owner.pool.execute(
        "INSERT INTO suppressions (suppression_id, version, subject_hash, channel, scope,"
        " reason_code, is_active, changed_at)"
        " VALUES ($1, 1, $2, 'email', 'all', 'complaint', true, now())",
        new_id(),
        subject_hash(HASH_KEY, "email", email),
    )


async def test_while_contacts_is_silent_nothing_goes_out_and_nothing_is_lost(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender, owner: OwnerOfConsents
) -> None:
    contact_id, _ = await scene.person(pool)
    campaign_id = await scene.launch(pool, client, [contact_id])
    owner.is_silent = True
    await sender.send_due(pool)
    [message] = await scene.messages_of(client, campaign_id)
    assert (message["status"], message["attempts"]) == ("reserved", 0)
    assert mail.received == []
    owner.is_silent = False
    await pool.execute("UPDATE messages SET next_attempt_at = now()")
    await sender.send_due(pool)
    assert len(mail.received) == 1


async def test_contacts_is_asked_once_a_batch(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender, owner: OwnerOfConsents
) -> None:
    people = [(await scene.person(pool, f"p{n}@example.com"))[0] for n in range(20)]
    await scene.launch(pool, client, people)
    asked: list[str] = []
    answer = owner.handle_async_request

    async def counted(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        return await answer(request)

    owner.handle_async_request = counted  # type: ignore[method-assign]
    await sender.send_due(pool)
    assert len(mail.received) == 20
    assert asked == ["POST", "DELETE"]


def question(contact_id: UUID, **changes: Any) -> ConsentConfirmationRequested:
    now = datetime.now(UTC)
    fields = {
        "consent_id": new_id(),
        "contact_id": contact_id,
        "channel": "email",
        "purpose": "newsletter",
        "source": "form",
        "token_id": new_id(),
        "captured_at": now,
        "expires_at": now + timedelta(days=3),
    }
    return ConsentConfirmationRequested.model_validate({**fields, **changes})


async def ask(
    pool: Pool, owner: OwnerOfConsents, questions: Sequence[ConsentConfirmationRequested]
) -> None:
    """contacts asks these, and campaigns hears of it, twice."""
    for asked in questions:
        await owner.pool.execute(
            "INSERT INTO consents (consent_id, version, contact_id, channel, purpose, status,"
            " since, source, token_id, token_expires_at) VALUES ($1, 1, $2, 'email',"
            " 'newsletter', 'pending-confirmation', now(), 'form', $3, $4)",
            asked.consent_id,
            asked.contact_id,
            asked.token_id,
            asked.expires_at,
        )
        for _ in range(2):
            await scene.apply(pool, confirmations, [record_of(asked)])


def link_in(mail: MailSink) -> str:
    body = mail.received[0].get_body(("plain",))
    assert body is not None
    found = re.search(rf"{PUBLIC_URL}(/k/[\w.\-]+)", body.get_content())
    assert found is not None
    return found[1]


async def test_a_question_is_asked_once_and_its_button_confirms_once(
    pool: Pool, stranger: httpx.AsyncClient, mail: MailSink, sender: Sender, owner: OwnerOfConsents
) -> None:
    contact_id, _ = await scene.person(pool)
    asked = question(contact_id)
    await ask(pool, owner, [asked])
    for _ in range(2):
        await Asker(sender).ask_due(pool)
    [sent] = mail.received
    assert sent["To"] == "anna@example.com"
    assert sent["List-Unsubscribe"] is None
    assert len(await scene.published(pool, ConfirmationSent)) == 1

    path = link_in(mail)
    assert str(asked.token_id) not in path
    assert (await stranger.get(path)).status_code == 200
    assert await scene.published(pool, ConfirmationConfirmed) == []
    for _ in range(2):
        assert (await stranger.post(path)).status_code == 200
    [confirmed] = await scene.published(pool, ConfirmationConfirmed)
    assert isinstance(confirmed, ConfirmationConfirmed)
    assert (confirmed.token_id, confirmed.consent_id) == (asked.token_id, asked.consent_id)
    assert confirmed.subject_hash is not None
    assert (await stranger.post(path[:-2] + "xx")).status_code == 404
    assert (await stranger.post(path.replace("/k/", "/u/"))).status_code == 404


async def test_a_link_whose_time_is_over_is_gone(
    pool: Pool, stranger: httpx.AsyncClient, mail: MailSink, sender: Sender, owner: OwnerOfConsents
) -> None:
    contact_id, _ = await scene.person(pool)
    await ask(pool, owner, [question(contact_id)])
    await Asker(sender).ask_due(pool)
    await pool.execute("UPDATE confirmations SET expires_at = now()")
    assert (await stranger.post(link_in(mail))).status_code == 410
    assert await scene.published(pool, ConfirmationConfirmed) == []


@pytest.mark.parametrize("why", ["denied since", "suppressed", "never had an address"])
async def test_a_question_that_may_not_be_asked_is_not(
    why: str, pool: Pool, mail: MailSink, sender: Sender, owner: OwnerOfConsents
) -> None:
    contact_id, _ = await scene.person(pool)
    asked = question(new_id() if why == "never had an address" else contact_id)
    await ask(pool, owner, [asked])
    if why == "denied since":
        await owner.pool.execute("UPDATE consents SET status = 'denied', version = 2")
    elif why == "suppressed":
        await _suppress(owner, "anna@example.com")
    else:
        await Asker(sender).ask_due(pool)
        assert await scene.published(pool, ConfirmationNotSent) == []
        await pool.execute("UPDATE confirmations SET expires_at = now(), next_attempt_at = now()")
    await Asker(sender).ask_due(pool)
    assert mail.received == []
    [told] = await scene.published(pool, ConfirmationNotSent)
    assert isinstance(told, ConfirmationNotSent)
    assert told.reason_code == ("no-point" if why == "never had an address" else "not-open")


async def test_while_contacts_is_silent_a_question_waits(
    pool: Pool, mail: MailSink, sender: Sender, owner: OwnerOfConsents
) -> None:
    contact_id, _ = await scene.person(pool)
    await ask(pool, owner, [question(contact_id)])
    owner.is_silent = True
    await Asker(sender).ask_due(pool)
    assert mail.received == []
    owner.is_silent = False
    await pool.execute("UPDATE confirmations SET next_attempt_at = now()")
    await Asker(sender).ask_due(pool)
    assert len(mail.received) == 1
