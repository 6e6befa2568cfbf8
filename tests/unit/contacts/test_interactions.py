"""An interaction happens, is corrected, is refused, or stays as it is."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from contacts.interactions.domain import (
    CorrectInteraction,
    InteractionIdIsTakenError,
    InteractionIsToComeError,
    InteractionIsWithNobodyError,
    InteractionNotFoundError,
    RecordInteraction,
    carry_out,
    of_response,
)
from shared.contracts.campaigns import ResponseRecorded
from shared.contracts.contacts import InteractionCorrected, InteractionRecorded

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
CUSTOMER, PERSON = UUID(int=1), UUID(int=2)


def told(**fields: Any) -> InteractionRecorded:
    said: dict[str, Any] = {
        "interaction_id": UUID(int=9),
        "customer_id": CUSTOMER,
        "contact_ids": (PERSON,),
        "channel": "phone",
        "direction": "outbound",
        "kind": "call",
        "occurred_at": NOW,
        "source": "person",
    }
    return InteractionRecorded(**{**said, **fields})


def record(body: str | None = None, **fields: Any) -> RecordInteraction:
    return RecordInteraction(told(**fields), NOW, body=body)


def correct(**said: Any) -> CorrectInteraction:
    return CorrectInteraction(said, "typed-wrong", NOW)


def test_an_interaction_is_recorded_and_its_text_is_in_no_fact() -> None:
    after, facts = carry_out(None, record("He wants the red one"))
    assert facts == [told()]
    assert (after.version, after.body) == (1, "He wants the red one")
    assert "red one" not in facts[0].model_dump_json()


def test_a_repeat_records_nothing_and_other_content_is_refused() -> None:
    known, _ = carry_out(None, record("a"))
    assert carry_out(known, record("a")) == (known, [])
    with pytest.raises(InteractionIdIsTakenError):
        carry_out(known, record("b"))


def test_a_correction_is_a_new_version_and_names_the_fields() -> None:
    known, _ = carry_out(None, record("a", outcome="reached"))
    after, [fact] = carry_out(known, correct(body="b", outcome="not-reached"))
    assert isinstance(fact, InteractionCorrected)
    assert (after.version, after.body, after.told.outcome) == (2, "b", "not-reached")
    assert (fact.changed_fields, fact.reason_code) == (("body", "outcome"), "typed-wrong")
    assert carry_out(after, correct(body="b", outcome="not-reached")) == (after, [])


def test_with_nobody_or_to_come_there_is_no_interaction() -> None:
    with pytest.raises(InteractionIsWithNobodyError):
        carry_out(None, record(customer_id=None, contact_ids=()))
    with pytest.raises(InteractionIsToComeError):
        carry_out(None, record(occurred_at=NOW + timedelta(hours=1)))
    known, _ = carry_out(None, record(customer_id=None))
    with pytest.raises(InteractionIsWithNobodyError):
        carry_out(known, correct(contact_ids=()))


def test_what_is_not_there_cannot_be_corrected() -> None:
    with pytest.raises(InteractionNotFoundError):
        carry_out(None, correct(outcome="x"))


def test_a_response_of_nobody_we_know_is_no_interaction() -> None:
    response = ResponseRecorded(
        response_id=UUID(int=5), kind="reply", score_delta=1, occurred_at=NOW
    )
    assert of_response(UUID(int=9), response) is None
    known = of_response(UUID(int=9), response.model_copy(update={"contact_id": PERSON}))
    assert known is not None
    assert (known.channel, known.contact_ids, known.source) == ("email", (PERSON,), "response")
