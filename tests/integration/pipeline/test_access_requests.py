"""Access requests in pipeline, as everywhere: noted once, told to contacts alone, forgotten."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from shared.auth import Role
from shared.contact_points import subject_hash
from shared.contracts.contacts import ExportCompleted, ExportRequested
from shared.contracts.privacy import ANSWERING, EXPORT_ACKNOWLEDGED
from shared.db import Pool
from shared.ids import new_id

from tests.integration.pipeline.conftest import HASH_KEY, Caller, Outbox
from tests.integration.pipeline.test_commitments import promise
from tests.integration.pipeline.test_erasures import EMAIL
from tests.integration.pipeline.test_leads import form
from tests.records import record_of

Feed = Callable[..., Awaitable[None]]
AT = datetime(2026, 10, 23, 9, tzinfo=UTC)


def asked() -> ExportRequested:
    contact_id = new_id()
    return ExportRequested(
        request_id=new_id(),
        contact_id=contact_id,
        contact_ids=(contact_id,),
        subject_hashes=(subject_hash(HASH_KEY, "email", EMAIL),),
        required_acks=ANSWERING,
        target_at=AT,
        deadline_at=AT,
    )


async def test_what_is_held_is_told_while_the_request_is_answered(
    feed: Feed, pool: Pool, outbox: Outbox, caller: Callable[[Role], Caller]
) -> None:
    await feed("leads", record_of(form(new_id(), message="I am Ada Lamp")))
    await feed("leads", record_of(form(new_id(), email="eve@elsewhere.example", given_name="Eve")))
    request = asked()
    theirs = await promise(caller("sales"), contact_id=str(request.contact_id))
    await promise(caller("sales"), contact_id=str(new_id()))
    record = record_of(request)
    await feed("privacy", record)
    await feed("privacy", record)

    [acknowledged] = await outbox.facts(EXPORT_ACKNOWLEDGED["pipeline"])
    counts = {"leads": 1, "responses": 0, "deals": 0, "commitments": 1, "orders": 0}
    assert acknowledged == EXPORT_ACKNOWLEDGED["pipeline"](
        request_id=request.request_id, collected=counts
    )
    path = f"/v1/privacy/parts/{request.request_id}"
    part = (await caller("disclosure").get(path)).json()
    assert {name: len(rows) for name, rows in part.items()} == counts
    assert [lead["email"] for lead in part["leads"]] == [EMAIL]
    [told] = part["commitments"]
    assert (told["commitment_id"], told["text"]) == (theirs["commitment_id"], theirs["text"])
    for role in ("privacy", "integration", "sales"):
        assert (await caller(role).get(path)).status_code == 403

    completed = ExportCompleted(
        request_id=request.request_id,
        contact_id=request.contact_id,
        bundle_ref="/v1/x",
        expires_at=AT,
    )
    await feed("privacy", record_of(completed, 2))
    assert (await caller("disclosure").get(path)).status_code == 404
    assert await pool.fetchval("SELECT count(*) FROM access_requests") == 0


async def test_nothing_is_told_of_people_who_did_not_ask(
    caller: Callable[[Role], Caller],
) -> None:
    answer = await caller("disclosure").get(f"/v1/privacy/parts/{new_id()}")
    assert answer.status_code == 404
