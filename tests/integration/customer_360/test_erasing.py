"""Erasure in the 360: names go and never come back; amounts and counts stay."""

from itertools import permutations

from customer_360.consumers import customer_projection
from customer_360.erasing import privacy
from shared.contracts.contacts import ErasureRequested
from shared.contracts.privacy import ANSWERING
from shared.ids import new_id
from shared.messaging.consuming import apply

from tests.integration.customer_360.conftest import Customer360
from tests.records import record_of
from tests.unit.customer_360.histories.story import Story
from tests.unit.customer_360.histories.times import START

ADA = Story("ada")


def asked() -> ErasureRequested:
    return ErasureRequested(
        request_id=new_id(),
        contact_ids=(ADA.contact_state().contact_id,),
        customer_ids=(ADA.customer_state().customer_id,),
        scope="person-and-customer",
        required_acks=ANSWERING,
        target_at=START,
        deadline_at=START,
    )


async def test_no_order_brings_a_customer_or_a_person_back(service: Customer360) -> None:
    """Snapshots of two versions, the request and the tombstones; then all of it again."""
    facts, parties = (service.consumers[f"customer-360.{n}"] for n in ("facts", "customers"))
    person, customer = ADA.contact_state(), ADA.customer_state()
    told = {
        "old": [(facts, record_of(person, 1)), (parties, record_of(customer, 1))],
        "new": [(facts, record_of(person, 2)), (parties, record_of(customer, 2))],
        "end": [
            (facts, record_of(person, 3, value=None)),
            (parties, record_of(customer, 3, value=None)),
        ],
        "erase": [(privacy, record_of(asked()))],
    }
    for order in permutations(told):
        await service.pool.execute("TRUNCATE erased_keys, inbox")
        for step in (*order, *order):
            for consumer, record in told[step]:
                await apply(service.pool, consumer, [record])
        for table in ("customers", "contacts"):
            count = await service.pool.fetchval(f"SELECT count(*) FROM {table}")
            assert count == 0, (table, order)


async def test_amounts_and_counts_of_an_erased_customer_stay(service: Customer360) -> None:
    customer_id = ADA.customer_state().customer_id
    await service.happens(ADA.customer_state(), ADA.contact_state(), ADA.order(1), ADA.order(2))
    before = await service.get(f"/v1/customers/{customer_id}")
    await apply(service.pool, privacy, [record_of(asked())])

    after = await service.get(f"/v1/customers/{customer_id}")
    assert before["header"] is not None
    assert (after["header"], after["people"]) == (None, [])
    assert after["orders"]["revenue"] == before["orders"]["revenue"]
    assert after["orders"]["count"] == 2
    acks = await service.pool.fetchval(
        "SELECT count(*) FROM outbox WHERE topic = 'crm.customer-360.privacy.events.v1'"
    )
    assert acks == 1


def test_the_projection_of_a_rebuild_asks_for_nothing_of_privacy() -> None:
    assert not any("privacy" in fact.type for fact in customer_projection().facts)
