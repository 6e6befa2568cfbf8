"""Erasure and restriction in campaigns: the gate closes, and copies never come back."""

from itertools import permutations
from uuid import UUID

import httpx
from campaigns.campaigns.handlers import reserve_messages
from campaigns.erasures.consumers import consumer
from campaigns.sending import Sender
from shared.contracts.campaigns import FORM_STATE, FormState, MessageSuppressed
from shared.contracts.contacts import (
    CONTACT_STATE,
    ErasureRequested,
    ProcessingRestricted,
    RestrictionLifted,
)
from shared.contracts.privacy import ANSWERING
from shared.db import Pool
from shared.ids import new_id

from tests.integration.campaigns import scene
from tests.integration.campaigns.conftest import MailSink
from tests.records import record_of

EMAIL = "nora@zqxwv.example"


def asked(contact_id: UUID) -> ErasureRequested:
    return ErasureRequested(
        request_id=new_id(),
        contact_ids=(contact_id,),
        scope="person",
        required_acks=ANSWERING,
        target_at=scene.NOW,
        deadline_at=scene.NOW,
    )


async def submit(pool: Pool) -> UUID:
    """A form with the address in it, as it is stored."""
    submission_id = new_id()
    state = FormState(
        submission_id=submission_id,
        form_id="f",
        form_version=1,
        kind="newsletter",
        email=EMAIL,
        submitted_at=scene.NOW,
    )
    await pool.execute(
        "INSERT INTO forms VALUES ('f', 1, 'newsletter', 'F', '[]', NULL, '{}', now())"
    )
    body = state.model_dump_json(exclude_none=True)
    await pool.execute(
        "INSERT INTO submissions VALUES ($1, 'f', 1, $2, NULL, now())", submission_id, body
    )
    return submission_id


async def test_nothing_of_the_person_is_left_and_the_forms_end(pool: Pool) -> None:
    contact_id, _ = await scene.person(pool, EMAIL)
    submission_id = await submit(pool)
    record = record_of(asked(contact_id))
    await scene.apply(pool, consumer, [record])
    await scene.apply(pool, consumer, [record])

    for table in ("people", "submissions", "memberships", "consents"):
        assert await pool.fetchval(f"SELECT count(*) FROM {table}") == 0
    rows = await pool.fetch("SELECT topic, key, payload FROM outbox ORDER BY id")
    assert tuple(rows[-2]) == (FORM_STATE.name, str(submission_id), None)
    assert rows[-1]["topic"] == "crm.campaigns.privacy.events.v1"
    assert [row["topic"] for row in rows].count("crm.campaigns.privacy.events.v1") == 1


async def test_no_order_brings_a_person_back(pool: Pool) -> None:
    """Snapshots of two versions, the request and the tombstone; then all of it again."""
    for order in permutations(("old", "new", "erase", "end")):
        contact_id = new_id()
        state = scene.contact_state(contact_id, EMAIL, new_id())
        told = {
            "old": (scene.people, record_of(state, 1)),
            "new": (scene.people, record_of(state, 2)),
            "end": (scene.people, record_of(state, 3, value=None)),
            "erase": (consumer, record_of(asked(contact_id))),
        }
        for step in (*order, *order):
            reader, record = told[step]
            await scene.apply(pool, reader, [record])
        assert await pool.fetchval("SELECT count(*) FROM people") == 0, order
        key = (CONTACT_STATE.name, str(contact_id))
        query = "SELECT count(*) FROM erased_keys WHERE topic = $1 AND key = $2"
        assert await pool.fetchval(query, *key) == 1


async def test_a_restricted_person_gets_no_mail_until_it_is_lifted(
    pool: Pool, client: httpx.AsyncClient, mail: MailSink, sender: Sender
) -> None:
    contact_id, _ = await scene.person(pool)
    request_id = new_id()
    restricted = ProcessingRestricted(request_id=request_id, contact_id=contact_id, scope="all")
    await scene.apply(pool, consumer, [record_of(restricted)])
    await scene.launch(pool, client, [contact_id])
    await reserve_messages(pool)
    await sender.send_due(pool)
    assert mail.received == []
    [refused] = await scene.published(pool, MessageSuppressed)
    assert isinstance(refused, MessageSuppressed)
    assert refused.reason_code == "restricted"

    lifted = RestrictionLifted(request_id=request_id, contact_id=contact_id)
    await scene.apply(pool, consumer, [record_of(lifted, 2)])
    await scene.launch(pool, client, [contact_id])
    await reserve_messages(pool)
    await sender.send_due(pool)
    assert len(mail.received) == 1
