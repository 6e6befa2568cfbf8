"""One golden body per fact: what was once published is read, and written the same, for ever."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from shared.contracts import FACTS, TOPICS
from shared.contracts.contacts import CustomerOwnerChanged
from shared.messaging.envelope import read_envelope, write_headers

from tests.records import cause_of_test, record_of

GOLDEN = Path(__file__).parent / "golden"
PERSONAL = {
    *("given_name", "family_name", "display_name", "legal_name", "email", "phone", "company"),
    *("value", "normalized", "points", "message", "subject", "body", "comment", "website"),
}


@pytest.mark.parametrize("wire_name", sorted(FACTS))
def test_a_golden_body_is_read_and_written_the_same(wire_name: str) -> None:
    golden = json.loads((GOLDEN / f"{wire_name}.json").read_text())
    event = FACTS[wire_name].model_validate_json(json.dumps(golden))
    assert json.loads(event.model_dump_json(exclude_none=True)) == golden


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


def test_no_golden_body_lost_its_fact() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(FACTS)


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
