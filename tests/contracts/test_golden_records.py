"""One golden record per event version: today's consumers decode it, for ever."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiokafka import ConsumerRecord
from shared.contracts import FACTS, TOPICS
from shared.contracts.codes import Open
from shared.contracts.contacts import CustomerOwnerChanged
from shared.messaging.decoding import Decoded, Poison, Skipped, decode
from shared.messaging.envelope import RawRecord, read_envelope, write_headers
from shared.messaging.reactions import Consumer

from tests.records import cause_of_test, record_of

GOLDEN = Path(__file__).parents[2] / "contracts" / "golden"
WIRE_NAMES = sorted(file.stem for file in GOLDEN.iterdir())
PERSONAL = {
    *("given_name", "family_name", "display_name", "legal_name", "email", "phone", "company"),
    *("value", "normalized", "points", "message", "subject", "body", "comment", "website"),
}


def golden(wire_name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((GOLDEN / f"{wire_name}.json").read_text())
    return record


def raw(record: dict[str, Any], **headers: str) -> RawRecord:
    """A golden record as a consumer gets it; `headers` replace some of its own."""
    return ConsumerRecord(
        topic=record["topic"],
        partition=0,
        offset=0,
        timestamp=0,
        timestamp_type=0,
        key=record["key"].encode(),
        value=json.dumps(record["value"]).encode(),
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=tuple(
            (name, text.encode()) for name, text in {**record["headers"], **headers}.items()
        ),
    )


def of_topic(consumers: list[Consumer], topic: str) -> list[Consumer]:
    """Who reads the topic's facts; a consumer that forwards passes on whatever is JSON."""
    return [each for each in consumers if TOPICS[topic] in each.topics and each.forward is None]


@pytest.mark.parametrize("wire_name", WIRE_NAMES)
def test_every_consumer_of_the_topic_decodes_or_skips_it(
    wire_name: str, consumers: list[Consumer]
) -> None:
    record = golden(wire_name)
    for consumer in of_topic(consumers, record["topic"]):
        outcome = decode(raw(record), consumer)
        wanted = Decoded if wire_name in consumer.handlers else Skipped
        assert isinstance(outcome, wanted), outcome


@pytest.mark.parametrize("wire_name", WIRE_NAMES)
def test_its_envelope_and_body_are_read_as_they_were_written(wire_name: str) -> None:
    record = golden(wire_name)
    envelope = read_envelope(raw(record))
    assert envelope.key == record["key"] == record["headers"]["ce_subject"]
    assert (envelope.topic, envelope.type) == (record["topic"], wire_name)
    assert str(envelope.event_id) == record["headers"]["ce_id"]
    assert envelope.version == int(record["headers"]["ce_aggregateversion"])
    event = FACTS[wire_name].model_validate_json(json.dumps(record["value"]))
    assert event.record_key == record["key"]
    assert json.loads(event.model_dump_json(exclude_none=True)).items() >= record["value"].items()


@pytest.mark.parametrize("wire_name", WIRE_NAMES)
def test_fields_that_nobody_knows_are_passed_over(
    wire_name: str, consumers: list[Consumer]
) -> None:
    record = golden(wire_name)
    wider = {**record, "value": _with_unknown_fields(record["value"])}
    for consumer in of_topic(consumers, record["topic"]):
        assert _event(decode(raw(wider), consumer)) == _event(decode(raw(record), consumer))


def _with_unknown_fields(value: Any) -> Any:
    """The value with a field more in each of its objects that has fields and is no map."""
    if isinstance(value, list):
        return [_with_unknown_fields(each) for each in value]
    if isinstance(value, dict) and all(name.islower() and len(name) > 1 for name in value):
        deeper = {
            name: _with_unknown_fields(each) if isinstance(each, list) else each
            for name, each in value.items()
        }
        return {**deeper, "unheard_of": {"since": [2031, None]}}
    return value


def _event(outcome: object) -> object:
    return outcome.received.event if isinstance(outcome, Decoded) else type(outcome)


@pytest.mark.parametrize("wire_name", WIRE_NAMES)
def test_the_next_major_version_and_unknown_types_are_skipped(
    wire_name: str, consumers: list[Consumer]
) -> None:
    record = golden(wire_name)
    stem, _, major = wire_name.rpartition(".v")
    strangers = (f"{stem}.v{int(major) + 1}", f"{stem}-and-more.v1", "com.example.other")
    for consumer in of_topic(consumers, record["topic"]):
        for stranger in strangers:
            meant_otherwise = {**record, "value": {"anything": "else"}}
            outcome = decode(raw(meant_otherwise, ce_type=stranger), consumer)
            assert outcome == Skipped(outcome.raw, "unknown-type")


def open_fields() -> list[tuple[str, str]]:
    return [
        (wire_name, name)
        for wire_name in WIRE_NAMES
        for name, field in FACTS[wire_name].model_fields.items()
        if any(isinstance(each, Open) for each in field.metadata)
    ]


@pytest.mark.parametrize(("wire_name", "field"), open_fields())
def test_an_open_code_with_a_value_of_tomorrow_is_decoded(
    wire_name: str, field: str, consumers: list[Consumer]
) -> None:
    record = golden(wire_name)
    tomorrow = {**record, "value": {**record["value"], field: "never-heard-of"}}
    assert getattr(FACTS[wire_name].model_validate(tomorrow["value"]), field) == "never-heard-of"
    for consumer in of_topic(consumers, record["topic"]):
        assert not isinstance(decode(raw(tomorrow), consumer), Poison)


def test_a_closed_set_with_another_value_is_parked(consumers: list[Consumer]) -> None:
    record = golden("crm.pipeline.deal.risk-flagged.v1")
    wrong = {**record, "value": {**record["value"], "severity": "terrible"}}
    [consumer] = [
        each for each in consumers if "crm.pipeline.deal.risk-flagged.v1" in each.handlers
    ]
    outcome = decode(raw(wrong), consumer)
    assert isinstance(outcome, Poison)
    assert outcome.error == "severity: literal_error"


@pytest.mark.parametrize("wire_name", sorted(FACTS))
def test_a_fact_knows_its_key_and_says_what_it_means(wire_name: str) -> None:
    fact = FACTS[wire_name]
    assert fact.topic.key in fact.model_fields
    assert fact.__doc__
    assert fact.topic.name in TOPICS


@pytest.mark.parametrize(
    "wire_name",
    sorted(name for name, fact in FACTS.items() if fact.topic.personal_data != "personal"),
)
def test_event_topics_carry_no_personal_data(wire_name: str) -> None:
    assert not PERSONAL & set(FACTS[wire_name].model_fields)


def test_the_envelope_is_cloudevents_in_binary_mode() -> None:
    cause = cause_of_test(actor="user:anna")
    headers = write_headers(UUID(int=1), CustomerOwnerChanged, "k-1", 7, cause)
    assert headers == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": str(UUID(int=1)),
        "ce_source": "/rapport/contacts",
        "ce_type": "crm.contacts.customer.owner-changed.v1",
        "ce_subject": "k-1",
        "ce_time": cause.at.isoformat(),
        "ce_dataschema": "urn:rapport:schema:crm.contacts.customer.owner-changed.v1",
        "ce_aggregateversion": "7",
        "ce_correlationid": cause.correlation_id,
        "ce_actor": "user:anna",
        "correlation_id": cause.correlation_id,
        "traceparent": str(cause.trace),
    }


def test_an_envelope_from_another_system_may_have_an_id_of_any_form() -> None:
    event = CustomerOwnerChanged(customer_id=UUID(int=1), to_owner_id="a", reason_code="r")
    headers = (("ce_id", b"4711"), ("ce_source", b"/erp"), ("ce_type", b"t"))
    envelope = read_envelope(record_of(event, headers=headers))
    assert envelope.event_id == read_envelope(record_of(event, headers=headers)).event_id
    assert envelope.version == 0
