"""Batches are taken apart into as few handler calls as keep each key's order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.contacts import CUSTOMER_EVENTS, CustomerOwnerChanged, CustomerUpdated
from shared.contracts.topic import Event
from shared.ids import derived_id
from shared.messaging.decoding import Decoded, Poison, decode
from shared.messaging.envelope import Received, Unread
from shared.messaging.reactions import Consumer

from tests.records import record_of


def two_handlers() -> Consumer:
    consumer = Consumer("contacts.test")

    @consumer.on(CustomerOwnerChanged)
    async def on_owner(_connection: object, _received: object) -> None: ...

    @consumer.on(CustomerUpdated)
    async def on_updated(_connection: object, _received: object) -> None: ...

    return consumer


def fact(customer: int, *, owner: bool) -> Event:
    customer_id = derived_id("customer", customer)
    if owner:
        return CustomerOwnerChanged(
            customer_id=customer_id, from_owner_id=None, to_owner_id="a", reason_code="r"
        )
    return CustomerUpdated(customer_id=customer_id, changed_fields=("region",))


def received(consumer: Consumer, event: Event, version: int) -> Received[Event]:
    outcome = decode(record_of(event, version), consumer)
    assert isinstance(outcome, Decoded)
    return outcome.received


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=40))
def test_every_key_keeps_its_order_over_all_runs(facts: list[tuple[int, bool]]) -> None:
    consumer = two_handlers()
    records = [
        received(consumer, fact(customer, owner=owner), version)
        for version, (customer, owner) in enumerate(facts)
    ]
    handled = [record for run in consumer.runs(records) for record in run.records]
    assert len(handled) == len(records)
    for customer in {record.envelope.key for record in records}:
        versions = [r.envelope.version for r in handled if r.envelope.key == customer]
        assert versions == sorted(versions)


def test_records_of_different_keys_share_a_call() -> None:
    consumer = two_handlers()
    records = [
        received(consumer, fact(customer, owner=bool(customer % 2)), 1) for customer in range(10)
    ]
    assert [len(run.records) for run in consumer.runs(records)] == [5, 5]


def test_a_fact_cannot_be_handled_twice() -> None:
    consumer = two_handlers()
    with pytest.raises(ValueError, match="twice"):
        consumer.on(CustomerUpdated)(lambda _connection, _received: _never())


async def _never() -> None:
    raise AssertionError


@pytest.mark.parametrize("body", [b'{"city": "Oslo", "new": [1.50]}', b"[]"])
def test_a_consumer_that_forwards_takes_every_type_and_leaves_its_body_alone(body: bytes) -> None:
    consumer = Consumer("webhooks.test")

    @consumer.on_any(CUSTOMER_EVENTS)
    async def forward(_connection: object, _received: object) -> None: ...

    record = record_of(fact(1, owner=True), value=body)
    record.headers = [
        (name, b"crm.contacts.customer.moved.v2" if name == "ce_type" else value)
        for name, value in record.headers
    ]
    outcome = decode(record, consumer)
    assert isinstance(outcome, Decoded)
    assert isinstance(outcome.received.event, Unread)
    assert outcome.received.event.body == body.decode()
    assert outcome.received.event.headers["ce_type"] == "crm.contacts.customer.moved.v2"
    (run,) = consumer.runs([outcome.received])
    assert run.handle is forward
    assert consumer.topics == {CUSTOMER_EVENTS}


@pytest.mark.parametrize("body", [b"{", b"\xff", b""])
def test_a_consumer_that_forwards_parks_what_is_no_json(body: bytes) -> None:
    consumer = Consumer("webhooks.test")
    consumer.on_any(CUSTOMER_EVENTS)(_nothing)
    outcome = decode(record_of(fact(1, owner=True), value=body), consumer)
    assert isinstance(outcome, Poison)
    assert outcome.reason == "undecodable-body"


async def _nothing(_connection: object, _received: object) -> None: ...
