"""When an identifier was last seen with its person, on the real database, and who is told."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from contacts.intake.consumers import intake
from contacts.privacy.consumers import consumer as privacy
from contacts.touches.consumers import touches
from shared.contracts.campaigns import FormState
from shared.contracts.topic import Event
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import RULES, Api, Outbox
from tests.integration.contacts.test_access_requests import Others, acknowledged, assemble, bundle
from tests.integration.contacts.test_merges_of_people import merged, undo
from tests.integration.contacts.test_privacy import answers, nora, started
from tests.integration.contacts.test_touches import CARD, purchase
from tests.records import cause_of_test, record_of

HOUR = timedelta(hours=1)
LONG_AGO = datetime.now(UTC) - timedelta(days=30)
VISITOR = {"identifier_type": "visitor_id", "identifier": "v-1", "source": "web"}
EMAIL = {"type": "email", "value": "ada@example.org"}


async def link(api: Api, contact_id: str, said: dict[str, Any] = VISITOR) -> dict[str, Any]:
    answer = await api.post(f"/v1/contacts/{contact_id}/identities", said)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def seen(api: Api, contact_id: str) -> tuple[datetime, datetime]:
    """When the only identifier of a person was seen first, and last."""
    [shown] = (await api.get(f"/v1/contacts/{contact_id}/identities")).json()
    first, last = (datetime.fromisoformat(shown[f"{each}_seen_at"]) for each in ("first", "last"))
    return first, last


async def put_back(pool: Pool) -> None:
    """All links were made long ago."""
    await pool.execute("UPDATE identity_links SET linked_at = $1, last_seen_at = $1", LONG_AGO)


async def hear(pool: Pool, fact: Event, at: datetime) -> None:
    consumer = intake(RULES) if isinstance(fact, FormState) else touches(RULES)
    await apply(pool, consumer, [record_of(fact, cause=cause_of_test(at=at))])


def form() -> FormState:
    return FormState(
        submission_id=uuid4(),
        form_id="f",
        form_version=1,
        kind="contact-request",
        email="ada@example.org",
        submitted_at=datetime.now(UTC),
    )


async def test_linked_again_it_was_seen_again_and_nobody_is_told(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    ada = (await api.create_contact())["contact_id"]
    made = await link(api, ada)
    assert made["first_seen_at"] == made["last_seen_at"]
    await put_back(pool)
    await outbox.clear()
    again = await link(api, ada)
    first, last = await seen(api, ada)
    assert (first, datetime.fromisoformat(again["last_seen_at"])) == (LONG_AGO, last)
    assert last > datetime.now(UTC) - HOUR
    assert await link(api, ada) == again  # within the hour nothing is written
    assert await outbox.types() == []
    assert await pool.fetchval("SELECT version FROM identity_links") == 1


async def test_what_another_claims_is_not_seen_with_the_owner(api: Api, pool: Pool) -> None:
    ada, eve = [(await api.create_contact())["contact_id"] for _ in range(2)]
    await link(api, ada)
    await put_back(pool)
    await link(api, eve)
    assert await seen(api, ada) == (LONG_AGO, LONG_AGO)


async def test_a_purchase_with_the_card_sees_it_and_never_backward(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    ada = (await api.create_contact())["contact_id"]
    await link(api, ada, CARD)
    await put_back(pool)
    await outbox.clear()
    for hours, told in ((5, 5), (3, 5), (5.5, 5), (6, 6), (4, 6)):
        await hear(pool, purchase(), LONG_AGO + hours * HOUR)
        assert await seen(api, ada) == (LONG_AGO, LONG_AGO + told * HOUR)
    assert set(await outbox.types()) == {"interaction.recorded"}


async def test_what_is_dated_into_the_future_was_seen_now(api: Api, pool: Pool) -> None:
    ada = (await api.create_contact())["contact_id"]
    await link(api, ada, CARD)
    await put_back(pool)
    await hear(pool, purchase(), datetime.now(UTC) + 99 * HOUR)
    assert LONG_AGO < (await seen(api, ada))[1] <= datetime.now(UTC)


async def test_many_purchases_of_one_batch_see_each_card_once(api: Api, pool: Pool) -> None:
    ids = [(await api.create_contact())["contact_id"] for _ in range(3)]
    for number, each in enumerate(ids):
        await link(api, each, {**CARD, "identifier": f"C{number}"})
    await put_back(pool)
    records = [
        record_of(
            purchase(loyalty_no=f"C{number % 3}"), cause=cause_of_test(at=LONG_AGO + number * HOUR)
        )
        for number in range(6)
    ]
    await apply(pool, touches(RULES), records)
    last = [(await seen(api, each))[1] for each in ids]
    assert last == [LONG_AGO + number * HOUR for number in (3, 4, 5)]


async def test_a_form_with_a_verified_address_sees_it(api: Api, pool: Pool, outbox: Outbox) -> None:
    ada = await api.create_contact(points=[EMAIL])
    [point] = ada["points"]
    path = f"/v1/contacts/{ada['contact_id']}/points/{point['point_id']}/verify"
    assert (await api.post(path, {"method": "document"})).status_code == 200
    await put_back(pool)
    await outbox.clear()
    await hear(pool, form(), LONG_AGO + 2 * HOUR)
    rows = await pool.fetch("SELECT identifier_type, last_seen_at FROM identity_links ORDER BY 1")
    assert [tuple(row) for row in rows] == [
        ("email_hash", LONG_AGO + 2 * HOUR),
        ("submission", LONG_AGO + 2 * HOUR),
    ]
    assert await outbox.types() == ["identity.linked"]


async def test_a_merge_and_its_undo_leave_both_times(api: Api, pool: Pool) -> None:
    ada, twin = [(await api.create_contact(given_name="Ada"))["contact_id"] for _ in range(2)]
    await link(api, twin, CARD)
    await put_back(pool)
    await hear(pool, purchase(), LONG_AGO + 2 * HOUR)
    made = await merged(api, ada, twin)
    assert await seen(api, ada) == (LONG_AGO, LONG_AGO + 2 * HOUR)
    await hear(pool, purchase(), LONG_AGO + 4 * HOUR)
    assert (await undo(api, made["merge_id"])).status_code == 200
    assert await seen(api, twin) == (LONG_AGO, LONG_AGO + 4 * HOUR)


async def test_an_answer_to_the_person_tells_both_times(api: Api, pool: Pool) -> None:
    contact_id, _ = await nora(api)
    await link(api, contact_id)
    await put_back(pool)
    await link(api, contact_id)
    _, last = await seen(api, contact_id)
    request_id = await acknowledged(api, pool, contact_id)
    assert await assemble(pool, Others().departments(), RULES)
    held = (await api.call("GET", bundle(request_id), roles=("disclosure",))).json()
    [told] = held["parts"]["contacts"]["identity_links"]
    times = [datetime.fromisoformat(told[each]) for each in ("linked_at", "last_seen_at")]
    assert times == [LONG_AGO, last]


async def test_of_whom_is_erased_it_is_forgotten_and_nothing_is_seen_any_more(
    api: Api, pool: Pool
) -> None:
    contact_id, _ = await nora(api)
    await link(api, contact_id, CARD)
    await put_back(pool)
    await link(api, contact_id, CARD)
    for record in answers(await started(api, contact_id=contact_id)):
        await apply(pool, privacy, [record])
    refused = await api.post(f"/v1/contacts/{contact_id}/identities", CARD)
    assert (refused.status_code, refused.json()["type"][-16:]) == (409, "record-is-erased")
    await hear(pool, purchase(), datetime.now(UTC))
    row = await pool.fetchrow("SELECT linked_at, last_seen_at FROM identity_links")
    assert row is not None
    assert tuple(row) == (LONG_AGO, LONG_AGO)
