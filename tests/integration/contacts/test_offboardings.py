"""Offboarding and reinstating on the real database: two people, one decision, no way around it."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

from contacts.credit.consumers import consumer as credit_orders
from contacts.customers.consumers import deals, orders
from contacts.grades.consumers import consumer as figures
from shared.db import Pool
from shared.messaging.consuming import apply

from tests.integration.contacts.conftest import Api, Outbox
from tests.integration.contacts.test_grades import deal, moved, order
from tests.integration.contacts.test_reactions import won
from tests.records import record_of


async def customer(api: Api) -> str:
    made = await api.create_customer()
    path = f"/v1/customers/{made['customer_id']}/lifecycle"
    assert (await api.post(path, {"to": "customer", "reason_code": "signed"})).status_code == 200
    return str(made["customer_id"])


async def propose(
    api: Api, customer_id: str, what: str = "offboarding", key: str | None = None
) -> Any:
    reason = {"reason_code": "bad-debt" if what == "offboarding" else "paid"}
    path = f"/v1/customers/{customer_id}/{what}"
    headers = {"idempotency-key": key} if key else {}
    return await api.post(path, reason, subject="anna", roles=("sales",), headers=headers)


async def decide(api: Api, proposal: Any, what: str = "approve", subject: str = "maria") -> Any:
    path = f"/v1/offboardings/{proposal['proposal_id']}/{what}"
    return await api.post(path, subject=subject)


async def lifecycle(api: Api, customer_id: str) -> str:
    return str((await api.get(f"/v1/customers/{customer_id}")).json()["lifecycle"])


async def test_two_people_offboard_and_two_take_back(api: Api, outbox: Outbox) -> None:
    customer_id = await customer(api)
    await outbox.clear()
    proposed = await propose(api, customer_id)
    assert (proposed.status_code, proposed.json()["status"]) == (201, "proposed")
    assert await outbox.types() == []
    approved = await decide(api, proposed.json())
    assert (approved.status_code, approved.json()["decided_by"]) == (200, "maria")
    facts = ["customer.offboarded", "customer.lifecycle-changed", "customer.state"]
    assert await outbox.types() == facts
    told = json.loads((await outbox.rows())[0]["payload"])
    assert (told["reason_code"], told["approved_by"]) == ("bad-debt", "maria")
    assert await lifecycle(api, customer_id) == "offboarded"
    assert (await decide(api, proposed.json())).json() == approved.json()
    assert await outbox.types() == facts

    back = (await propose(api, customer_id, "reinstatement")).json()
    assert await lifecycle(api, customer_id) == "offboarded"
    assert (await decide(api, back)).status_code == 200
    assert await lifecycle(api, customer_id) == "prospect"
    assert (await outbox.types())[3:] == ["customer.lifecycle-changed", "customer.state"]


async def test_nobody_approves_what_they_proposed_themselves(api: Api, outbox: Outbox) -> None:
    customer_id = await customer(api)
    proposed = (await propose(api, customer_id)).json()
    await outbox.clear()
    alone = await decide(api, proposed, subject="anna")
    assert (alone.status_code, alone.json()["type"][-16:]) == (409, "approval-missing")
    path = f"/v1/offboardings/{proposed['proposal_id']}/approve"
    assert (await api.post(path, subject="otto", roles=("sales",))).status_code == 403
    by_hand = {"to": "offboarded", "reason_code": "fraud"}
    refused = await api.post(f"/v1/customers/{customer_id}/lifecycle", by_hand)
    assert (refused.status_code, refused.json()["type"][-16:]) == (409, "approval-missing")
    assert await lifecycle(api, customer_id) == "customer"
    assert await outbox.types() == []


async def test_what_is_open_with_the_customer_is_listed(api: Api, pool: Pool) -> None:
    customer_id = await customer(api)
    owed, paid, offered = order(customer_id, 900), order(customer_id, 50), deal(customer_id)
    await apply(pool, credit_orders, [record_of(owed), record_of(paid)])
    await apply(pool, credit_orders, [record_of(moved(paid, "paid", 1), 2)])
    await apply(pool, figures, [record_of(offered), record_of(deal(uuid4()))])
    proposed = (await propose(api, customer_id)).json()
    listed = [(each["kind"], each["id"]) for each in proposed["commitments"]]
    assert listed == [("deal", str(offered.deal_id)), ("order", str(owed.order_id))]
    read = await api.get(f"/v1/offboardings/{proposed['proposal_id']}")
    assert read.json() == proposed


async def test_one_proposal_waits_and_a_declined_one_makes_room(api: Api) -> None:
    customer_id = await customer(api)
    first = await propose(api, customer_id, key="k")
    assert (await propose(api, customer_id, key="k")).json() == first.json()
    second = await propose(api, customer_id)
    assert (second.status_code, second.json()["type"][-16:]) == (409, "proposal-is-open")
    declined = await decide(api, first.json(), "decline")
    assert declined.json()["status"] == "declined"
    assert (await decide(api, first.json(), "decline")).json() == declined.json()
    late = await decide(api, first.json())
    assert (late.status_code, late.json()["type"][-19:]) == (409, "proposal-is-decided")
    assert (await propose(api, customer_id)).status_code == 201
    page = (await api.get("/v1/offboardings", status="declined", customer_id=customer_id)).json()
    assert [each["proposal_id"] for each in page["items"]] == [first.json()["proposal_id"]]


async def test_two_who_approve_at_once_approve_once(api: Api, outbox: Outbox) -> None:
    proposed = (await propose(api, await customer(api))).json()
    await outbox.clear()
    answers = await asyncio.gather(
        *(decide(api, proposed, subject=name) for name in ("maria", "eva"))
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await outbox.types()).count("customer.offboarded") == 1


async def test_a_move_that_the_table_lacks_is_refused(api: Api) -> None:
    prospect = (await api.create_customer())["customer_id"]
    refused = await propose(api, prospect)
    assert (refused.status_code, refused.json()["type"][-14:]) == (409, "lifecycle-move")
    assert (await propose(api, prospect, "reinstatement")).status_code == 409
    assert (await propose(api, str(uuid4()))).status_code == 404
    path = f"/v1/customers/{prospect}/offboarding"
    assert (await api.post(path, {"reason_code": "bored"})).status_code == 422
    assert (await decide(api, {"proposal_id": uuid4()})).status_code == 404


async def test_no_fact_elsewhere_moves_an_offboarded_customer(
    api: Api, pool: Pool, outbox: Outbox
) -> None:
    customer_id = await customer(api)
    await decide(api, (await propose(api, customer_id)).json())
    await outbox.clear()
    await apply(pool, deals, [record_of(won(UUID(customer_id)))])
    await apply(pool, orders, [record_of(order(customer_id, 10))])
    assert await lifecycle(api, customer_id) == "offboarded"
    assert await outbox.types() == []
