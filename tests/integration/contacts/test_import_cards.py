"""Imports of cards, and of what was exported: each row becomes what the API would have made."""

from typing import Any

import pytest
from shared.db import Pool

from tests.integration.contacts.test_imports import (
    errors_of,
    imported,
    upload,
)

CARDS = """BEGIN:VCARD
VERSION:4.0
UID:urn:uuid:00000000-0000-0000-0000-000000000001
FN:Ada Lovelace
N:Lovelace;Ada;;;
EMAIL:ada@example.org
TEL;TYPE=cell:(020) 7946 0018
ADR:;;12 St James's Square;London;;SW1Y;GB
BDAY:19151210
ORG:ACME
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Bob Nobody
ORG:Unknown
END:VCARD
BEGIN:VCARD
VERSION:2.1
FN:Cyd Old
END:VCARD
"""
CARD_SPEC: dict[str, Any] = {
    "entity_type": "contact",
    "format": "vcard",
    "mapping": {},
    "constants": {},
}


async def test_cards_become_people_with_all_that_they_say(
    api: Any, run_all_imports: Any, outbox: Any
) -> None:
    firm = await api.create_customer(kind="organization", display_name="Acme")
    done = await imported(api, run_all_imports, CARDS, **CARD_SPEC)
    assert (done["created"], done["rejected"], done["rows_total"]) == (2, 1, 3)
    assert await errors_of(api, done["import_id"]) == [
        "12,customer_name,no-one-customer-of-this-name,imported",
        "17,,version-not-read: 2.1",
    ]
    [ada] = (await api.get("/v1/contacts", email="ada@example.org")).json()["items"]
    assert {point["normalized"] for point in ada["points"]} == {
        "ada@example.org",
        "+442079460018",
    }
    assert [part["customer_id"] for part in ada["memberships"]] == [firm["customer_id"]]
    assert [date["month_day"] for date in ada["key_dates"]] == ["12-10"]
    assert [point["country"] for point in ada["postal_points"]] == ["GB"]

    await outbox.clear()
    moved = CARDS.replace("ada@example.org", "countess@example.org")
    again = await imported(api, run_all_imports, moved, **CARD_SPEC)
    assert (again["updated"], again["rejected"]) == (1, 1)  # known by the UID, not by the e-mail
    assert await outbox.types(ada["contact_id"]) == ["contact.point-added", "contact.state"]


async def test_a_dry_run_of_cards_reports_the_same_and_writes_nothing(
    api: Any, run_all_imports: Any, pool: Pool
) -> None:
    done = await imported(api, run_all_imports, CARDS, **CARD_SPEC, dry_run=True)
    assert (done["created"], done["rejected"]) == (2, 1)
    assert len(await errors_of(api, done["import_id"])) == 3
    assert await pool.fetchval("SELECT count(*) FROM people") == 0


async def test_a_claim_of_anothers_number_is_told_and_changes_nothing(
    api: Any, run_all_imports: Any, outbox: Any
) -> None:
    await imported(api, run_all_imports, CARDS, **CARD_SPEC)
    await outbox.clear()
    stranger = CARDS.replace("Ada", "Eve").replace("ada@", "eve@")
    await imported(api, run_all_imports, stranger, **CARD_SPEC, on_duplicate="case")
    assert "identity.conflict-detected" in await outbox.types()
    [ada] = (await api.get("/v1/contacts", email="ada@example.org")).json()["items"]
    assert ada["given_name"] == "Ada"


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({**CARD_SPEC, "entity_type": "customer"}, "cards-need-no-mapping"),
        ({**CARD_SPEC, "mapping": {"FN": "given_name"}}, "cards-need-no-mapping"),
        ({**CARD_SPEC, "format": "csv"}, "mapping-missing"),
    ],
)
async def test_cards_say_themselves_what_is_what(api: Any, spec: Any, code: str) -> None:
    answer = await upload(api, CARDS, **spec)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith(code)


async def test_an_exported_table_of_people_can_be_imported_again(
    api: Any, run_all_imports: Any, outbox: Any
) -> None:
    firm = await api.create_customer(external_ids=[{"system": "erp", "id": "F1"}])
    await api.create_contact(
        given_name="=Ada",
        points=[
            {"type": "email", "value": "ada@example.org", "is_primary": True},
            {"type": "mobile", "value": "+442079460018"},
        ],
        key_dates=[{"kind": "birthday", "month_day": "12-10"}],
        postal_points=[{"lines": ["12 St James's Square", "Flat 2"], "country": "GB"}],
        memberships=[{"customer_id": firm["customer_id"], "role": "buyer"}],
    )
    table = (await api.get("/v1/exports/contacts")).text
    spec: dict[str, Any] = {"entity_type": "contact", "mapping": {}, "constants": {}}
    await outbox.clear()
    again = await imported(api, run_all_imports, table, **spec)
    assert (again["unchanged"], again["rejected"]) == (1, 0)
    assert await outbox.types() == ["import.started", "import.completed"]


async def test_an_exported_table_of_customers_can_be_imported_again(
    api: Any, run_all_imports: Any, outbox: Any
) -> None:
    await api.create_customer(
        display_name="-Acme", tags=["a", "b"], external_ids=[{"system": "erp", "id": "F1"}]
    )
    table = (await api.get("/v1/exports/customers")).text
    await outbox.clear()
    again = await imported(api, run_all_imports, table, mapping={}, constants={})
    assert (again["unchanged"], again["rejected"]) == (1, 0)
    assert await outbox.types() == ["import.started", "import.completed"]
