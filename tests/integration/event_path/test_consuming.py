"""A batch becomes one transaction: applied once, in order, and what cannot be applied is parked."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from shared.contracts.contacts import (
    CUSTOMER_EVENTS,
    CUSTOMER_STATE,
    CustomerOwnerChanged,
    CustomerUpdated,
)
from shared.contracts.parking import ContactsRecordParked
from shared.db import Connection, Pool
from shared.errors import ConflictError
from shared.ids import new_id
from shared.messaging import consuming, parking
from shared.messaging.consuming import Progress, apply, consume
from shared.messaging.envelope import Envelope, Received
from shared.messaging.parking import TooManyParkedKeysError
from shared.messaging.reactions import Consumer
from shared.messaging.redrive import discard, redrive

from tests.integration.event_path.conftest import owner_changed
from tests.records import record_of, tombstone_of


class OwnerIsOutOfOfficeError(ConflictError):
    """The owner is out of office."""


@pytest.fixture
async def effects(pool: Pool) -> Pool:
    await pool.execute(
        "CREATE TABLE effects "
        "(id bigint GENERATED ALWAYS AS IDENTITY, customer_id uuid, owner text)"
    )
    return pool


@pytest.fixture
def refused() -> set[str]:
    """Owners that the handler refuses."""
    return set()


@pytest.fixture
def consumer(refused: set[str]) -> Consumer:
    consumer = Consumer("contacts.owners")

    @consumer.on_batch(CustomerOwnerChanged)
    async def on_owner_changed(
        connection: Connection, records: Sequence[Received[CustomerOwnerChanged]]
    ) -> None:
        for record in records:
            if record.event.to_owner_id in refused:
                raise OwnerIsOutOfOfficeError(owner_id=record.event.to_owner_id)
            if record.event.to_owner_id == "bug":
                raise ZeroDivisionError
            await connection.execute(
                "INSERT INTO effects (customer_id, owner) VALUES ($1, $2)",
                record.event.customer_id,
                record.event.to_owner_id,
            )

    return consumer


async def owners(pool: Pool, customer_id: UUID) -> list[str]:
    rows = await pool.fetch(
        "SELECT owner FROM effects WHERE customer_id = $1 ORDER BY id", customer_id
    )
    return [row["owner"] for row in rows]


async def parked_reasons(pool: Pool) -> list[str]:
    rows = await pool.fetch("SELECT reason FROM parked_events ORDER BY id")
    return [row["reason"] for row in rows]


async def test_a_batch_is_applied_in_order(effects: Pool, consumer: Consumer) -> None:
    customer_id = new_id()
    records = [record_of(owner_changed(customer_id, f"o{n}"), n) for n in range(1, 4)]
    await apply(effects, consumer, records)
    assert await owners(effects, customer_id) == ["o1", "o2", "o3"]


async def test_a_redelivered_batch_changes_nothing(effects: Pool, consumer: Consumer) -> None:
    customer_id = new_id()
    records = [record_of(owner_changed(customer_id, f"o{n}"), n) for n in range(1, 4)]
    for batch in (records[:2], records, [*records, *records]):
        await apply(effects, consumer, batch)
    assert await owners(effects, customer_id) == ["o1", "o2", "o3"]


async def test_the_relays_repeat_at_another_offset_changes_nothing(
    effects: Pool, consumer: Consumer
) -> None:
    customer_id = new_id()
    first = record_of(owner_changed(customer_id))
    repeat = record_of(owner_changed(customer_id), headers=first.headers)
    await apply(effects, consumer, [first])
    await apply(effects, consumer, [repeat])
    assert await owners(effects, customer_id) == ["anna"]


async def test_a_refused_record_parks_its_key_and_only_its_key(
    effects: Pool, consumer: Consumer, refused: set[str]
) -> None:
    refused.add("bob")
    troubled, healthy = new_id(), new_id()
    await apply(
        effects,
        consumer,
        [
            record_of(owner_changed(troubled, "anna"), 1),
            record_of(owner_changed(troubled, "bob"), 2),
            record_of(owner_changed(healthy, "carl"), 1),
            record_of(owner_changed(troubled, "dora"), 3),
        ],
    )
    assert await owners(effects, troubled) == ["anna"]
    assert await owners(effects, healthy) == ["carl"]
    assert await parked_reasons(effects) == ["handler-refused", "behind-parked"]


async def test_later_batches_queue_behind_a_parked_key(
    effects: Pool, consumer: Consumer, refused: set[str]
) -> None:
    refused.add("bob")
    troubled = new_id()
    await apply(effects, consumer, [record_of(owner_changed(troubled, "bob"), 1)])
    await apply(effects, consumer, [record_of(owner_changed(troubled, "dora"), 2)])
    assert await owners(effects, troubled) == []
    assert await parked_reasons(effects) == ["handler-refused", "behind-parked"]


async def test_a_bug_in_a_handler_parks_the_record_too(effects: Pool, consumer: Consumer) -> None:
    await apply(effects, consumer, [record_of(owner_changed(new_id(), "bug"))])
    assert await parked_reasons(effects) == ["handler-failed"]


@pytest.mark.parametrize(
    ("overrides", "reason"),
    [
        ({"headers": (("ce_id", None),)}, "malformed-header"),
        ({"headers": (("ce_id", b"\xff\xfe"),)}, "malformed-header"),
        ({"headers": ()}, "malformed-envelope"),
        (
            {
                "headers": (
                    ("ce_id", b"1"),
                    ("ce_type", b"t"),
                    ("ce_source", b"s"),
                    ("ce_time", b"?"),
                )
            },
            "malformed-envelope",
        ),
        ({"key": b"\x00\xff", "value": b"{"}, "undecodable-body"),
        ({"headers": (("ce_id\x00", b"\x00"),)}, "malformed-envelope"),
        ({"timestamp": 2**62, "value": b"{"}, "undecodable-body"),
        ({"value": b"{"}, "undecodable-body"),
        ({"value": b"\xff"}, "undecodable-body"),
        ({"value": b'{"customer_id": 7}'}, "undecodable-body"),
        ({"value": None}, "unexpected-tombstone"),
    ],
)
async def test_what_can_never_be_read_is_parked_with_its_reason(
    effects: Pool, consumer: Consumer, overrides: dict[str, Any], reason: str
) -> None:
    healthy = new_id()
    await apply(
        effects,
        consumer,
        [record_of(owner_changed(new_id()), **overrides), record_of(owner_changed(healthy))],
    )
    assert await parked_reasons(effects) == [reason]
    assert await owners(effects, healthy) == ["anna"]


async def test_a_record_without_a_key_is_parked_alone(effects: Pool, consumer: Consumer) -> None:
    healthy = new_id()
    await apply(effects, consumer, [record_of(owner_changed(new_id()), key=None, value=b"{")])
    await apply(effects, consumer, [record_of(owner_changed(healthy), key=None)])
    assert await owners(effects, healthy) == ["anna"]


async def test_unknown_types_and_future_versions_are_skipped(
    effects: Pool, consumer: Consumer
) -> None:
    customer_id = new_id()
    other = record_of(CustomerUpdated(customer_id=customer_id, changed_fields=("region",)), 1)
    future = record_of(owner_changed(customer_id, "future"), 2)
    headers = dict(future.headers) | {"ce_type": b"crm.contacts.customer.owner-changed.v2"}
    future = record_of(owner_changed(customer_id, "future"), 2, headers=tuple(headers.items()))
    await apply(effects, consumer, [other, future, record_of(owner_changed(customer_id), 3)])
    assert await owners(effects, customer_id) == ["anna"]
    assert await parked_reasons(effects) == []


async def test_fields_that_nobody_knows_are_ignored(effects: Pool, consumer: Consumer) -> None:
    customer_id = new_id()
    body = owner_changed(customer_id).model_dump_json()[:-1] + ',"shoe_size":43}'
    await apply(effects, consumer, [record_of(owner_changed(customer_id), value=body.encode())])
    assert await owners(effects, customer_id) == ["anna"]


async def test_a_tombstone_reaches_the_eraser_once_and_in_its_place(
    effects: Pool, consumer: Consumer
) -> None:
    erased: list[str] = []

    @consumer.on_tombstones(CUSTOMER_STATE)
    async def on_customer_erased(_: Connection, ends: Sequence[Envelope]) -> None:
        erased.extend(end.key for end in ends)

    tombstone = tombstone_of(CUSTOMER_STATE, str(new_id()), 4)
    await apply(effects, consumer, [tombstone])
    await apply(effects, consumer, [tombstone])
    assert erased == [tombstone.key.decode() if tombstone.key else ""]


async def test_a_tombstone_that_nobody_awaits_is_skipped(effects: Pool, consumer: Consumer) -> None:
    await apply(effects, consumer, [tombstone_of(CUSTOMER_STATE, str(new_id()), 4)])
    assert await parked_reasons(effects) == []


async def test_parking_mirrors_coordinates_and_reason_but_no_body(
    effects: Pool, consumer: Consumer, refused: set[str]
) -> None:
    refused.add("bob")
    customer_id = new_id()
    record = record_of(owner_changed(customer_id, "bob"))
    await apply(effects, consumer, [record])
    row = await effects.fetchrow("SELECT topic, payload FROM outbox")
    assert row is not None
    assert row["topic"] == "crm.contacts.dlq.v1"
    mirrored = ContactsRecordParked.model_validate_json(row["payload"])
    assert (mirrored.source_topic, mirrored.offset) == (CUSTOMER_EVENTS.name, record.offset)
    assert (mirrored.key, mirrored.error) == (str(customer_id), "owner-is-out-of-office")
    assert "bob" not in row["payload"]


async def test_redrive_applies_a_key_in_order_and_lets_it_pass_again(
    effects: Pool, consumer: Consumer, refused: set[str]
) -> None:
    refused.add("bob")
    troubled = new_id()
    records = [
        record_of(owner_changed(troubled, name), n) for n, name in enumerate(["bob", "dora"])
    ]
    await apply(effects, consumer, records)
    (first, _) = await waiting(effects, consumer)
    refused.clear()
    result = await redrive(effects, consumer, first.parked_id)
    assert (result.applied, result.remaining) == (2, 0)
    await apply(effects, consumer, [record_of(owner_changed(troubled, "emil"), 3)])
    assert await owners(effects, troubled) == ["bob", "dora", "emil"]


async def test_redrive_stops_at_the_first_record_that_still_fails(
    effects: Pool, consumer: Consumer, refused: set[str]
) -> None:
    refused.update({"bob", "dora"})
    troubled = new_id()
    names = ["bob", "carl", "dora", "emil"]
    await apply(
        effects,
        consumer,
        [record_of(owner_changed(troubled, name), n) for n, name in enumerate(names)],
    )
    refused.remove("bob")
    result = await redrive(effects, consumer, (await waiting(effects, consumer))[0].parked_id)
    assert (result.applied, result.remaining, result.reason) == (2, 2, "handler-refused")
    assert await owners(effects, troubled) == ["bob", "carl"]
    await apply(effects, consumer, [record_of(owner_changed(troubled, "fred"), 9)])
    assert [record.key for record in await waiting(effects, consumer)] == [str(troubled)] * 3


async def test_a_discarded_record_leaves_its_name_and_reason(
    effects: Pool, consumer: Consumer, refused: set[str]
) -> None:
    refused.add("bob")
    troubled = new_id()
    await apply(effects, consumer, [record_of(owner_changed(troubled, "bob"), 1)])
    (parked,) = await waiting(effects, consumer)
    await discard(effects, parked.parked_id, by="user:olga", reason="sent by mistake")
    row = await effects.fetchrow("SELECT discarded_by, discarded_for FROM discarded_events")
    assert row is not None
    assert (row["discarded_by"], row["discarded_for"]) == ("user:olga", "sent by mistake")
    await apply(effects, consumer, [record_of(owner_changed(troubled, "dora"), 2)])
    assert await owners(effects, troubled) == ["dora"]


async def test_a_parked_record_keeps_headers_that_are_null_or_not_text(
    effects: Pool, consumer: Consumer
) -> None:
    headers = (("ce_id", None), ("odd", b"\xff\x00"))
    await apply(effects, consumer, [record_of(owner_changed(new_id()), headers=headers)])
    (parked,) = await waiting(effects, consumer)
    assert parked.raw().headers == headers


async def test_above_the_cap_the_consumer_stops_and_parks_no_more(
    effects: Pool, consumer: Consumer, refused: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused.add("bob")
    monkeypatch.setattr(parking, "MAX_PARKED_KEYS", 2)
    monkeypatch.setattr(consuming, "RETRY_FOR", 0)
    flood = [record_of(owner_changed(new_id(), "bob")) for _ in range(3)]
    await apply(effects, consumer, flood[:2])
    progress = Progress()
    with pytest.raises(TooManyParkedKeysError):
        await consume(effects, consumer, flood[2:], progress)
    assert progress.halted
    assert len(await parked_reasons(effects)) == 2


async def test_an_outage_of_the_database_is_waited_out(effects: Pool, consumer: Consumer) -> None:
    customer_id = new_id()
    await effects.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    progress = Progress()
    await consume(effects, consumer, [record_of(owner_changed(customer_id))], progress)
    assert await owners(effects, customer_id) == ["anna"]
    assert progress.last_done_at > 0


async def test_positions_are_saved_with_the_effect(effects: Pool, consumer: Consumer) -> None:
    records = [record_of(owner_changed(new_id())) for _ in range(3)]
    await apply(effects, consumer, records)
    row = await effects.fetchrow("SELECT next_offset, event_time FROM consumer_positions")
    assert row is not None
    assert row["next_offset"] == records[-1].offset + 1
    assert row["event_time"] is not None


async def test_the_cause_runs_on_into_what_a_reaction_does(consumer: Consumer) -> None:
    record = record_of(owner_changed(new_id()))
    outcome = consuming.decode(record, consumer)
    assert isinstance(outcome, consuming.Decoded)
    envelope = outcome.received.envelope
    cause = envelope.cause("pipeline", at=envelope.time + timedelta(seconds=1))
    headers = {name: value.decode() for name, value in record.headers}
    assert cause.correlation_id == headers["ce_correlationid"]
    assert cause.causation_id == headers["ce_id"]
    assert cause.trace.trace_id == headers["traceparent"].split("-")[1]
    assert str(cause.trace) != headers["traceparent"]


async def waiting(pool: Pool, consumer: Consumer) -> list[parking.ParkedRecord]:
    async with pool.acquire() as connection:
        return await parking.list_parked(connection, [consumer.name], UUID(int=0), 100)
