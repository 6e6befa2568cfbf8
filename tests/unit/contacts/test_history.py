"""Histories: what of a change is told, and on whose behalf it was made."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from contacts.history.domain import Behalf, Changed, RecordChange, differences
from shared.contracts.contacts import Membership

from tests.records import cause_of_test

AT = datetime(2026, 1, 1, tzinfo=UTC)
CHANGED = Changed(
    UUID(int=1),
    "customer",
    2,
    {"name": "A", "tags": ()},
    {"name": "B", "tags": ()},
    cause_of_test(),
)


def test_only_what_differs_is_told() -> None:
    assert differences(CHANGED) == {"name": ("A", "B")}


def test_of_a_beginning_no_field_is_told_and_of_nothing_nothing() -> None:
    assert differences(replace(CHANGED, before=None)) == {}
    assert differences(replace(CHANGED, before=CHANGED.after)) is None


def test_what_is_no_json_is_told_as_json() -> None:
    part = Membership(customer_id=UUID(int=2), since=AT)
    told = differences(replace(CHANGED, before={"parts": ()}, after={"parts": (part,)}))
    assert told is not None
    before, after = told["parts"]
    assert before == []
    assert after[0]["since"] == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("actor", "causation_id", "behalf"),
    [
        ("user:anna", None, "user"),
        ("import:7", None, "import"),
        ("service:contacts", "e-1", "reaction"),
        ("service:contacts", None, "policy"),
    ],
)
def test_on_whose_behalf_something_was_changed(
    actor: str, causation_id: str | None, behalf: Behalf
) -> None:
    change = RecordChange(1, UUID(int=1), "customer", 1, AT, actor, "c", causation_id, {})
    assert change.on_behalf_of == behalf
