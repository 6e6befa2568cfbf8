"""The schemas are JSON Schema 2020-12, and the golden records are of them."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from shared.catalogue.draft_07 import as_draft_07
from shared.catalogue.json_schemas import schema_of
from shared.contracts import FACTS
from shared.contracts.topic import PUBLISHED_TWICE, Former

CONTRACTS = Path(__file__).parents[2] / "contracts"
FORMATS = FormatChecker(["uuid", "date", "date-time"])


def schema(wire_name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((CONTRACTS / "schemas" / f"{wire_name}.json").read_text())
    return read


def golden(wire_name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((CONTRACTS / "golden" / f"{wire_name}.json").read_text())
    return read


def validator(wire_name: str) -> Draft202012Validator:
    return Draft202012Validator(schema(wire_name), format_checker=FORMATS)


@pytest.mark.parametrize("wire_name", sorted(FACTS))
def test_a_schema_is_json_schema_and_says_what_its_fact_means(wire_name: str) -> None:
    written = schema(wire_name)
    Draft202012Validator.check_schema(written)
    assert written["$schema"] == Draft202012Validator.META_SCHEMA["$schema"]
    assert written["title"] == FACTS[wire_name].__name__
    assert written["description"]
    assert written["x-personal-data"] == FACTS[wire_name].topic.personal_data


@pytest.mark.parametrize("wire_name", sorted(FACTS))
def test_a_golden_record_is_of_its_schema(wire_name: str) -> None:
    record = golden(wire_name)
    assert record["headers"]["ce_dataschema"] == schema(wire_name)["$id"]
    validator(wire_name).validate(record["value"])
    for example in schema(wire_name)["examples"]:
        validator(wire_name).validate(example)


@pytest.mark.parametrize("wire_name", sorted(FACTS))
def test_a_schema_takes_fields_that_it_does_not_know(wire_name: str) -> None:
    validator(wire_name).validate({**golden(wire_name)["value"], "unheard_of": {"x": [1]}})


@pytest.mark.parametrize("wire_name", sorted(FACTS))
def test_a_schema_refuses_a_body_without_its_required_fields(wire_name: str) -> None:
    required = schema(wire_name)["required"]
    assert FACTS[wire_name].topic.key in required
    for name in required:
        less = {key: value for key, value in golden(wire_name)["value"].items() if key != name}
        assert not validator(wire_name).is_valid(less)


@pytest.mark.parametrize(
    ("wire_name", "field", "wrong"),
    [
        ("crm.pipeline.deal.won.v1", "amount", 48000.0),
        ("crm.pipeline.deal.won.v1", "amount", "48.000,00"),
        ("crm.pipeline.deal.won.v1", "deal_id", "deal-1"),
        ("crm.pipeline.deal.won.v1", "won_at", "5 October"),
        ("crm.pipeline.deal.won.v1", "won_at", "2026-10-05T14:02:09"),
        ("crm.pipeline.deal.won.v1", "campaign_id", None),
        ("crm.pipeline.deal.opened.v1", "expected_close_date", "2026-13-01"),
        ("crm.pipeline.deal.risk-flagged.v1", "severity", "terrible"),
        ("crm.service-desk.calendar.published.v1", "weekly", {"monday": []}),
        ("crm.service-desk.sla-policy.published.v1", "targets", {"someday": {}}),
        ("ext.erp.order.changed.v1", "currency", "euro"),
    ],
)
def test_a_schema_refuses_a_value_of_another_form(wire_name: str, field: str, wrong: Any) -> None:
    with pytest.raises(ValidationError):
        validator(wire_name).validate({**golden(wire_name)["value"], field: wrong})


def test_an_open_code_may_hold_a_value_that_nobody_knows_yet() -> None:
    body = golden("crm.pipeline.deal.risk-flagged.v1")["value"]
    validator("crm.pipeline.deal.risk-flagged.v1").validate({**body, "code": "sanctions-list"})


def test_there_is_a_schema_and_a_golden_record_of_nothing_else() -> None:
    for folder in ("schemas", "golden", "history"):
        assert {path.name.removesuffix(".json") for path in (CONTRACTS / folder).iterdir()} == set(
            FACTS
        )


def test_a_fact_that_is_being_replaced_says_by_what_and_until_when(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    won, lost = FACTS["crm.pipeline.deal.won.v1"], FACTS["crm.pipeline.deal.lost.v1"]
    assert "deprecated" not in schema_of(lost)
    monkeypatch.setitem(PUBLISHED_TWICE, won, Former(lost, date(2027, 5, 1)))
    assert schema_of(lost)["deprecated"] is True
    assert schema_of(lost)["description"].endswith(
        "Replaced by crm.pipeline.deal.won.v1; published until 2027-05-01."
    )


@pytest.mark.parametrize("wire_name", sorted(FACTS))
def test_the_older_dialect_says_the_same(wire_name: str) -> None:
    older = as_draft_07(schema(wire_name))
    Draft7Validator.check_schema(older)
    assert "$ref" not in json.dumps(older)
    checked = Draft7Validator(older, format_checker=FORMATS)
    checked.validate(golden(wire_name)["value"])
    for name in older["required"]:
        less = {key: value for key, value in golden(wire_name)["value"].items() if key != name}
        assert not checked.is_valid(less)
