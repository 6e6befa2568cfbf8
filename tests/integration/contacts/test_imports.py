"""Imports: files in, facts out; crashes, pauses, dry runs and bad rows."""

import asyncio
import json
from typing import Any
from uuid import UUID

import pytest
from contacts.import_helper import run_imports
from contacts.imports import store
from shared.db import Pool

from tests.integration.contacts.conftest import RULES

MAPPING = {"id": "external_id:cdnow", "name": "display_name", "mail": "website"}
SPEC = {
    "entity_type": "customer",
    "source_label": "cdnow",
    "mode": "upsert",
    "mapping": MAPPING,
    "constants": {"kind": "individual", "source": "cdnow"},
}


def _spec(changed: dict[str, Any]) -> dict[str, Any]:
    spec = {**SPEC, **changed}
    if "on_duplicate" in changed:
        spec.pop("mode")
    return spec


async def upload(api: Any, content: str | bytes, headers: Any = None, **spec: Any) -> Any:
    return await api.call(
        "POST",
        "/v1/imports",
        files={"file": ("rows.csv", content, "text/csv")},
        data={"spec": json.dumps(_spec(spec))},
        headers=headers or {},
    )


async def result_of(api: Any, import_id: str) -> dict[str, Any]:
    figures: dict[str, Any] = (await api.get(f"/v1/imports/{import_id}")).json()
    return figures


async def errors_of(api: Any, import_id: str) -> list[str]:
    text = (await api.get(f"/v1/imports/{import_id}/errors.csv")).text
    lines: list[str] = text.splitlines()
    assert lines[0] == "row,column,reason,row_is"
    return [line.removesuffix(",rejected") for line in lines[1:]]


def file_of(rows: int, mail: str = "") -> str:
    lines = [f"{number:05},Customer {number},{mail}" for number in range(rows)]
    return "\n".join(["id,name,mail", *lines, ""])


async def imported(api: Any, run_all_imports: Any, content: str | bytes, **spec: Any) -> Any:
    answer = await upload(api, content, **spec)
    assert answer.status_code == 202, answer.text
    await run_all_imports()
    return await result_of(api, answer.json()["import_id"])


async def test_each_row_becomes_what_the_api_would_have_made(
    api: Any, run_all_imports: Any, outbox: Any
) -> None:
    by_hand = await api.create_customer(
        display_name="Customer 0",
        source="cdnow",
        external_ids=[{"system": "cdnow", "id": "by-hand"}],
    )
    expected = [json.loads(row["payload"]) for row in await outbox.rows(by_hand["customer_id"])]
    await outbox.clear()
    done = await imported(api, run_all_imports, file_of(1))

    assert (done["status"], done["created"], done["rows_done"]) == ("completed", 1, 1)
    types = await outbox.types()
    assert types == ["import.started", "customer.created", "customer.state", "import.completed"]
    first, *rows, last = await outbox.rows()
    assert json.loads(first["payload"])["rows"] == 1
    report = f"/v1/imports/{done['import_id']}/errors.csv"
    assert json.loads(last["payload"])["error_report_ref"] == report
    assert all(f"import:{done['import_id']}" in row["headers"] for row in rows)
    for row, api_fact in zip(rows, expected, strict=True):
        fact = json.loads(row["payload"])
        assert fact.pop("import_id", done["import_id"]) == done["import_id"]
        for changing in ("customer_id", "lifecycle_since", "created_at", "external_ids"):
            assert (changing in fact) == (changing in api_fact)
            fact.pop(changing, None)
            api_fact.pop(changing, None)
        assert fact == api_fact


async def test_the_same_file_again_changes_nothing(
    api: Any, run_all_imports: Any, outbox: Any
) -> None:
    await imported(api, run_all_imports, file_of(2500))
    await outbox.clear()
    again = await imported(api, run_all_imports, file_of(2500))
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 2500)
    assert await outbox.types() == ["import.started", "import.completed"]


async def test_an_upsert_publishes_only_what_changed(
    api: Any, run_all_imports: Any, outbox: Any
) -> None:
    await imported(api, run_all_imports, file_of(3))
    await outbox.clear()
    changed = file_of(3).replace("Customer 1", "Customer One")
    again = await imported(api, run_all_imports, changed)
    assert (again["updated"], again["unchanged"]) == (1, 2)
    assert await outbox.types() == [
        "import.started",
        "customer.updated",
        "customer.state",
        "import.completed",
    ]


async def test_somebody_known_among_many_who_are_new_is_brought_up_to_date(
    api: Any, run_all_imports: Any, pool: Pool
) -> None:
    known = await api.create_customer(external_ids=[{"system": "cdnow", "id": "01500"}])
    done = await imported(api, run_all_imports, file_of(2500))
    assert (done["created"], done["updated"], done["rejected"]) == (2499, 1, 0)
    customer = (await api.get(f"/v1/customers/{known['customer_id']}")).json()
    assert customer["display_name"] == "Customer 1500"
    assert await pool.fetchval("SELECT count(*) FROM customers") == 2500


async def test_two_imports_take_turns_and_each_row_is_done_once(
    api: Any, run_all_imports: Any, outbox: Any
) -> None:
    first = await upload(api, file_of(2500))
    second = await upload(api, file_of(5000).replace("Customer 1,", "Customer One,"))
    await run_all_imports()
    figures = [await result_of(api, each.json()["import_id"]) for each in (first, second)]
    assert [each["status"] for each in figures] == ["completed", "completed"]
    assert [each["created"] for each in figures] == [2500, 2500]
    assert (figures[1]["updated"], figures[1]["unchanged"]) == (1, 2499)
    assert len(await outbox.types()) == 4 + 2 * (5000 + 1)


async def test_a_dry_run_finds_the_errors_and_writes_nothing(
    api: Any, run_all_imports: Any, outbox: Any, pool: Pool
) -> None:
    done = await imported(api, run_all_imports, file_of(3) + "x,,\n", dry_run=True)
    assert (done["status"], done["created"], done["rejected"]) == ("completed", 3, 1)
    assert await outbox.types() == []
    assert await pool.fetchval("SELECT count(*) FROM customers") == 0
    assert await errors_of(api, done["import_id"]) == ["5,name,Field required"]


async def test_every_bad_row_is_listed_with_its_line_and_column(
    api: Any, run_all_imports: Any
) -> None:
    content = (
        "id,name,mail\n1,One,\n2,Two\n3,Three,,x\n\n"
        '4,"Four\nlines",\n1,Again,\n5,' + "x" * 300 + ",\n"
    )
    done = await imported(api, run_all_imports, content)
    assert (done["created"], done["rejected"]) == (2, 4)
    assert await errors_of(api, done["import_id"]) == [
        "3,,too-few-cells: 2 instead of 3",
        "4,,too-many-cells: 4 instead of 3",
        "8,,duplicate-of-row-2",
        "9,name,String should have at most 200 characters",
    ]


async def test_mode_create_refuses_a_customer_that_is_there(api: Any, run_all_imports: Any) -> None:
    await api.create_customer(external_ids=[{"system": "cdnow", "id": "00001"}])
    done = await imported(api, run_all_imports, file_of(3), mode="create")
    assert (done["created"], done["rejected"]) == (2, 1)
    assert await errors_of(api, done["import_id"]) == ["3,id,external-id-is-taken"]


async def test_after_a_crash_it_goes_on_at_the_checkpoint(
    api: Any, pool: Pool, outbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = await upload(api, file_of(3500))
    save_import, saved = store.save_import, 0

    async def save_then_die(*args: Any) -> None:
        nonlocal saved
        saved += 1
        if saved == 3:
            raise KeyboardInterrupt
        await save_import(*args)

    with monkeypatch.context() as patch:
        patch.setattr(store, "save_import", save_then_die)
        with pytest.raises(KeyboardInterrupt):
            await run_imports(pool, RULES)
    half_way = await result_of(api, answer.json()["import_id"])
    assert (half_way["status"], half_way["rows_done"]) == ("running", 2000)

    await run_imports(pool, RULES)
    done = await result_of(api, answer.json()["import_id"])
    assert (done["status"], done["created"]) == ("completed", 3500)
    assert len(await outbox.types()) == 2 + 2 * 3500
    assert await pool.fetchval("SELECT count(*) FROM import_blocks") == 0


async def test_two_processes_share_an_import_and_do_no_row_twice(
    api: Any, pool: Pool, outbox: Any
) -> None:
    answer = await upload(api, file_of(4000))
    await asyncio.gather(run_imports(pool, RULES), run_imports(pool, RULES))
    await run_imports(pool, RULES)
    done = await result_of(api, answer.json()["import_id"])
    assert (done["status"], done["created"], done["rejected"]) == ("completed", 4000, 0)
    assert len(await outbox.types()) == 2 + 2 * 4000


async def test_a_failed_import_says_so_and_can_be_resumed(
    api: Any, run_all_imports: Any, pool: Pool, outbox: Any
) -> None:
    answer = await upload(api, file_of(1500))
    import_id = answer.json()["import_id"]
    await pool.execute("ALTER TABLE customers ADD CONSTRAINT none CHECK (version > 1) NOT VALID")
    await run_all_imports()
    failed = await result_of(api, import_id)
    assert (failed["status"], failed["failure"]) == ("failed", "CheckViolationError")
    assert await outbox.types() == ["import.started", "import.failed"]

    await pool.execute("ALTER TABLE customers DROP CONSTRAINT none")
    assert (await api.post(f"/v1/imports/{import_id}/resume")).json()["status"] == "running"
    await run_all_imports()
    assert (await result_of(api, import_id))["created"] == 1500


async def test_a_paused_import_waits_until_it_is_resumed(api: Any, run_all_imports: Any) -> None:
    answer = await upload(api, file_of(10))
    path = f"/v1/imports/{answer.json()['import_id']}"
    assert (await api.post(f"{path}/pause")).json()["status"] == "paused"
    await run_all_imports()
    assert (await api.get(path)).json()["rows_done"] == 0
    assert (await api.post(f"{path}/resume")).json()["status"] == "running"
    await run_all_imports()
    assert (await api.get(path)).json()["status"] == "completed"
    assert (await api.post(f"{path}/pause")).status_code == 409
    assert (await api.post(f"{path}/resume")).status_code == 409


async def test_the_same_upload_with_the_same_key_is_one_import(
    api: Any, run_all_imports: Any
) -> None:
    headers = {"idempotency-key": "once"}
    first = await upload(api, file_of(3), headers=headers)
    await run_all_imports()
    again = await upload(api, file_of(3), headers=headers)
    assert again.json()["import_id"] == first.json()["import_id"]
    assert again.json()["status"] == "completed"
    assert (await upload(api, file_of(4), headers=headers)).status_code == 409


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-is-empty"),
        (file_of(2).encode("utf-16"), "file-encoding"),
        (b"id,name,mail\n1,caf\xe9,\n", "file-encoding"),
        (file_of(2).replace(",", ";"), "column-unknown"),
        (b'id,name,mail\n1,"a"b,\n', "file-is-not-csv"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_at_once(
    api: Any, pool: Pool, content: str | bytes, code: str
) -> None:
    answer = await upload(api, content)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith(code)
    assert await pool.fetchval("SELECT count(*) FROM imports") == 0


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"mapping": {**MAPPING, "shoe": "region"}}, "column-unknown"),
        ({"mapping": {**MAPPING, "mail": "shoe_size"}}, "field-unknown"),
        ({"mapping": {**MAPPING, "mail": "display_name"}}, "field-mapped-twice"),
        ({"constants": {}}, "field-missing"),
        ({"mapping": {"name": "display_name"}}, "field-missing"),
        ({"entity_type": "ghost"}, "malformed-input"),
    ],
)
async def test_a_mapping_that_makes_no_sense_is_refused_at_once(
    api: Any, spec: Any, code: str
) -> None:
    answer = await upload(api, file_of(1), **spec)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith(code)


async def test_a_byte_order_mark_and_windows_lines_are_fine(api: Any, run_all_imports: Any) -> None:
    content = b"\xef\xbb\xbf" + file_of(3).replace("\n", "\r\n").encode()
    assert (await imported(api, run_all_imports, content))["created"] == 3


PEOPLE = {
    "entity_type": "contact",
    "mapping": {
        "first": "given_name",
        "mail": "email",
        "tel": "phone",
        "firm": "customer_external_id:erp",
        "role": "role",
    },
    "constants": {},
}


async def test_people_come_with_points_and_memberships(
    api: Any, run_all_imports: Any, outbox: Any
) -> None:
    firm = await api.create_customer(region="AT", external_ids=[{"system": "erp", "id": "F1"}])
    await outbox.clear()
    content = (
        "first,mail,tel,firm,role\nAda,Ada@Example.org,01 5880100,F1,buyer\n"
        "Bob,bob@,,,\nCyd,cyd@example.org,,F9,\nDee,dee@example.org,12,F1,\n"
    )
    done = await imported(api, run_all_imports, content, **PEOPLE)

    assert (done["created"], done["rejected"]) == (1, 3)
    assert await errors_of(api, done["import_id"]) == [
        "3,mail,email-invalid",
        "4,firm,customer-not-found",
        "5,tel,phone-invalid",
    ]
    found = (await api.get("/v1/contacts", email="ada@example.org")).json()["items"]
    assert [each["customer_id"] for each in found[0]["memberships"]] == [firm["customer_id"]]
    assert {point["normalized"] for point in found[0]["points"]} == {
        "ada@example.org",
        "+4315880100",
    }
    assert await outbox.types(found[0]["contact_id"]) == [
        "contact.created",
        "contact.point-added",
        "contact.point-added",
        "contact.membership-changed",
        "contact.state",
    ]
    await outbox.clear()
    again = await imported(api, run_all_imports, content.replace("Ada,", "Augusta,"), **PEOPLE)
    assert (again["created"], again["updated"]) == (0, 1)
    assert await outbox.types(found[0]["contact_id"]) == ["contact.updated", "contact.state"]
    assert UUID(again["import_id"]) != UUID(done["import_id"])


async def test_imports_need_a_token_and_a_role(api: Any) -> None:
    assert (await api.client.post("/v1/imports")).status_code == 401
    assert (await api.call("POST", "/v1/imports", roles=["service"])).status_code == 403
    missing = "/v1/imports/00000000-0000-0000-0000-000000000000"
    assert (await api.get(missing)).status_code == 404
    assert (await api.get(f"{missing}/errors")).status_code == 404
