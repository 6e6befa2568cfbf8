"""Imports from other systems, their noes, and what becomes of whom is known already."""

import json
from typing import Any

import pytest

from tests.integration.contacts.test_imports import (
    SPEC,
    errors_of,
    file_of,
    imported,
)

HUBSPOT = (
    "Record ID,First Name,Email,Lifecycle Stage,Unsubscribed from all email\n"
    "101,Ada,ada@example.org,Customer,Yes\n102,Bob,bob@example.org,Lead,No\n"
)
HUBSPOT_SPEC: dict[str, Any] = {"entity_type": "contact", "mapping": {}, "constants": {}}


async def test_people_of_another_system_come_with_their_numbers_and_their_noes(
    api: Any, run_all_imports: Any, outbox: Any
) -> None:
    done = await imported(api, run_all_imports, HUBSPOT, **HUBSPOT_SPEC)
    assert (done["created"], done["rejected"]) == (2, 0)
    assert done["ignored_columns"] == ["Lifecycle Stage"]
    assert done["mapping"]["Record ID"] == "external_id:hubspot"
    types = await outbox.types()
    assert types.count("identity.linked") == 2
    assert types.count("consent.denied") == 4
    assert types.count("suppression.added") == 1

    async def is_suppressed(email: str) -> bool:
        found = await api.get("/v1/suppressions", channel="email", value=email)
        return [each["scope"] for each in found.json()["items"]] == ["all"]

    assert await is_suppressed("ada@example.org")
    assert not await is_suppressed("bob@example.org")

    await outbox.clear()
    again = await imported(api, run_all_imports, HUBSPOT, **HUBSPOT_SPEC)
    assert again["unchanged"] == 2
    assert await outbox.types() == ["import.started", "import.completed"]


async def test_a_no_in_a_file_takes_back_what_was_granted_and_a_yes_there_grants_nothing(
    api: Any, run_all_imports: Any
) -> None:
    ada = await api.create_contact(points=[{"type": "email", "value": "ada@example.org"}])
    path = f"/v1/contacts/{ada['contact_id']}/consents"
    grant = {"channel": "email", "purpose": "newsletter", "source": "form", "evidence_ref": "x"}
    granted = await api.post(f"{path}/grant", {**grant, "lawful_basis": "consent"})
    assert granted.status_code == 200, granted.text
    await imported(api, run_all_imports, HUBSPOT, **HUBSPOT_SPEC, dry_run=True)
    await imported(api, run_all_imports, HUBSPOT, **HUBSPOT_SPEC)
    now = {each["purpose"]: each["status"] for each in (await api.get(path)).json()}
    assert (now["newsletter"], now["marketing"]) == ("withdrawn", "denied")


@pytest.mark.parametrize(
    ("policy", "figures", "name"),
    [
        ("create", (1, 0, 0, 1), "Known"),
        ("skip", (1, 0, 1, 0), "Known"),
        ("update", (1, 1, 0, 0), "Customer 0"),
        ("case", (2, 0, 0, 0), "Known"),
    ],
)
async def test_the_policy_says_what_becomes_of_a_customer_who_is_known(
    api: Any, run_all_imports: Any, policy: str, figures: tuple[int, ...], name: str
) -> None:
    known = await api.create_customer(
        display_name="Known",
        website="https://known.example",
        external_ids=[{"system": "cdnow", "id": "00000"}],
    )
    done = await imported(api, run_all_imports, file_of(2), on_duplicate=policy)
    assert (done["created"], done["updated"], done["unchanged"], done["rejected"]) == figures
    now = (await api.get(f"/v1/customers/{known['customer_id']}")).json()
    assert (now["display_name"], now["website"]) == (name, "https://known.example")
    said = {
        "create": ["2,id,external-id-is-taken"],
        "skip": ["2,id,already-known,skipped"],
        "update": [],
        "case": ["2,id,already-known,imported"],
    }
    assert await errors_of(api, done["import_id"]) == said[policy]
    cases = (await api.get("/v1/duplicates")).json()["items"]
    assert len(cases) == done["duplicates"] == (policy == "case")
    if cases:
        assert "external_id" in " ".join(cases[0]["matched_on"])


@pytest.mark.parametrize(
    ("policy", "figures"),
    [
        ("create", (0, 0, 0, 2)),
        ("skip", (0, 0, 2, 0)),
        ("update", (0, 1, 1, 0)),
        ("case", (2, 0, 0, 0)),
    ],
)
async def test_the_policy_says_what_becomes_of_a_person_who_is_known(
    api: Any, run_all_imports: Any, policy: str, figures: tuple[int, ...]
) -> None:
    await imported(api, run_all_imports, HUBSPOT, **HUBSPOT_SPEC)
    changed = HUBSPOT.replace("Ada", "Augusta").replace("bob@", "robert@")
    changed = changed.replace("102,Bob", "102,").replace("robert@example.org", "")
    done = await imported(api, run_all_imports, changed, **HUBSPOT_SPEC, on_duplicate=policy)
    assert (done["created"], done["updated"], done["unchanged"], done["rejected"]) == figures
    [bob] = (await api.get("/v1/contacts", email="bob@example.org")).json()["items"]
    assert bob["given_name"] == "Bob"
    cases = (await api.get("/v1/duplicates")).json()["items"]
    assert len(cases) == done["duplicates"] == 2 * (policy == "case")


async def test_mode_and_policy_are_not_said_together(api: Any) -> None:
    answer = await api.call(
        "POST",
        "/v1/imports",
        files={"file": ("rows.csv", file_of(1), "text/csv")},
        data={"spec": json.dumps({**SPEC, "on_duplicate": "skip"})},
    )
    assert answer.status_code == 422
