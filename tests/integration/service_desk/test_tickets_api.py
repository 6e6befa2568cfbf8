"""Tickets through their HTTP door, on a real database."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from tests.integration.service_desk.conftest import Door, clock_of, opened, ticket_in
from tests.records import NOBODY

RESOLUTION = {"resolution_code": "fixed", "root_cause": "blown-fuse"}


async def test_a_new_ticket_has_a_number_a_priority_and_two_clocks(service: Door) -> None:
    path, ticket = await opened(service, severity=1, body="All lights went out.")
    assert ticket["number"].startswith("T-")
    assert (ticket["status"], ticket["priority"], ticket["version"]) == ("new", "urgent", 2)
    due = {clock["metric"]: clock["target_minutes"] for clock in ticket["clocks"]}
    assert due == {"first-response": 15, "resolution": 240}
    messages = await service.get(f"{path}/messages")
    assert [message["body"] for message in messages["items"]] == ["All lights went out."]
    assert await service.get(path) == ticket


async def test_the_same_idempotency_key_gives_the_same_ticket(service: Door) -> None:
    wanted, key = ticket_in(), str(uuid4())
    first = await service.post("/v1/tickets", wanted, Idempotency_Key=key)
    assert await service.post("/v1/tickets", wanted, Idempotency_Key=key) == first
    other = await service.call("POST", "/v1/tickets", ticket_in(), headers={"Idempotency-Key": key})
    assert other.status_code == 409


async def test_the_first_word_to_the_customer_stops_the_first_response_clock(
    service: Door,
) -> None:
    path, _ = await opened(service)
    note = {"direction": "internal", "channel": "desk", "body": "Who knows fuses?"}
    ticket = await service.post(f"{path}/messages", note)
    assert clock_of(ticket, "first-response")["status"] == "running"
    word = {"direction": "outbound", "channel": "email", "body": "We are looking into it."}
    ticket = await service.post(f"{path}/messages", word)
    assert ticket["first_responded_at"] is not None
    assert clock_of(ticket, "first-response")["status"] == "met"
    again = await service.post(f"{path}/messages", word)
    assert again["first_responded_at"] == ticket["first_responded_at"]


async def test_waiting_for_the_customer_pauses_the_resolution_clock_until_the_reply(
    service: Door,
) -> None:
    path, _ = await opened(service)
    await service.post(f"{path}/status", {"to": "in-progress"})
    ticket = await service.post(f"{path}/status", {"to": "waiting-customer"})
    assert clock_of(ticket, "resolution")["status"] == "paused"
    assert clock_of(ticket, "first-response")["status"] == "running"
    reply = {"direction": "inbound", "channel": "email", "body": "It is the left one."}
    ticket = await service.acting_as("integration").post(f"{path}/messages", reply)
    assert ticket["status"] == "in-progress"
    assert clock_of(ticket, "resolution")["status"] == "running"


async def test_a_reply_reopens_a_resolved_ticket_and_is_refused_on_a_closed_one(
    service: Door,
) -> None:
    path, _ = await opened(service)
    await service.post(f"{path}/status", {"to": "in-progress"})
    ticket = await service.post(f"{path}/resolve", RESOLUTION)
    assert clock_of(ticket, "resolution")["status"] == "met"
    assert clock_of(ticket, "first-response")["status"] == "cancelled"
    reply = {"direction": "inbound", "channel": "email", "body": "Dark again."}
    ticket = await service.post(f"{path}/messages", reply)
    assert (ticket["status"], ticket["reopen_count"]) == ("reopened", 1)
    assert clock_of(ticket, "resolution")["status"] == "running"
    await service.post(f"{path}/status", {"to": "in-progress"})
    await service.post(f"{path}/resolve", RESOLUTION)
    assert (await service.post(f"{path}/close"))["status"] == "closed"
    assert await service.refused(f"{path}/messages", reply) == (409, "ticket-is-closed")


async def test_a_move_outside_the_table_names_from_and_to(service: Door) -> None:
    path, _ = await opened(service)
    answer = await service.call("POST", f"{path}/status", {"to": "waiting-customer"})
    assert answer.status_code == 409
    refusal = answer.json()
    assert (refusal["from_status"], refusal["to_status"]) == ("new", "waiting-customer")


async def test_another_severity_moves_the_due_times_from_the_start(service: Door) -> None:
    path, before = await opened(service, severity=3)
    change = {"severity": 1, "reason_code": "whole-site-down"}
    ticket = await service.post(f"{path}/severity", change)
    assert ticket["priority"] == "urgent"
    clock, started = clock_of(ticket, "resolution"), clock_of(before, "resolution")["started_at"]
    assert clock["target_minutes"] == 240
    assert datetime.fromisoformat(clock["due_at"]) - datetime.fromisoformat(started) == timedelta(
        minutes=240
    )
    assert (await service.post(f"{path}/severity", change))["version"] == ticket["version"]


async def test_the_least_busy_agent_with_room_gets_the_ticket(service: Door, admin: Door) -> None:
    for agent in (await admin.get("/v1/agents"))["items"]:
        await admin.post("/v1/agents", {"agent_id": agent["agent_id"], "is_active": False})
    path, _ = await opened(service)
    assert await service.refused(f"{path}/assign", {}) == (409, "assignment-failed")
    busy, free = f"busy-{uuid4().hex[:8]}", f"free-{uuid4().hex[:8]}"
    await admin.post("/v1/agents", {"agent_id": busy, "capacity": 1})
    other, _ = await opened(service)
    await service.post(f"{other}/assign", {"agent_id": busy})
    assert await service.refused(f"{path}/assign", {}) == (409, "assignment-failed")
    await admin.post("/v1/agents", {"agent_id": free, "capacity": 1})
    ticket = await service.post(f"{path}/assign")
    assert (ticket["agent_id"], ticket["status"]) == (free, "open")
    await admin.post("/v1/agents", {"agent_id": busy, "is_active": False})
    third, _ = await opened(service)
    body = {"agent_id": busy}
    assert await service.refused(f"{third}/assign", body) == (409, "assignment-failed")
    listed = await service.get("/v1/tickets", agent_id=free)
    assert [item["ticket_id"] for item in listed["items"]] == [ticket["ticket_id"]]


async def test_tickets_of_a_customer_come_in_pages(service: Door) -> None:
    customer_id = str(uuid4())
    tickets = {(await opened(service, customer_id=customer_id))[1]["ticket_id"] for _ in range(3)}
    first = await service.get("/v1/tickets", customer_id=customer_id, limit="2", status="new")
    second = await service.get("/v1/tickets", customer_id=customer_id, cursor=first["next"])
    assert second["next"] is None
    assert {item["ticket_id"] for item in first["items"] + second["items"]} == tickets


async def test_messages_come_in_pages(service: Door) -> None:
    path, _ = await opened(service, body="0")
    for text in "12":
        note = {"direction": "internal", "channel": "desk", "body": text}
        await service.post(f"{path}/messages", note)
    first = await service.get(f"{path}/messages", limit="2")
    rest = await service.get(f"{path}/messages", cursor=first["next"])
    assert [message["body"] for message in first["items"] + rest["items"]] == ["0", "1", "2"]


async def test_a_change_based_on_an_old_version_is_refused(service: Door) -> None:
    path, _ = await opened(service)
    headers = {"If-Match": '"7"'}
    answer = await service.call("POST", f"{path}/status", {"to": "open"}, headers)
    assert answer.status_code == 412


async def test_only_tickets_that_nobody_works_on_can_be_cancelled(service: Door) -> None:
    path, _ = await opened(service)
    ticket = await service.post(f"{path}/cancel", {"reason_code": "spam"})
    assert ticket["status"] == "cancelled"
    assert {clock["status"] for clock in ticket["clocks"]} == {"cancelled"}
    busy, _ = await opened(service)
    await service.post(f"{busy}/status", {"to": "in-progress"})
    body = {"reason_code": "spam"}
    assert await service.refused(f"{busy}/cancel", body) == (409, "move-not-allowed")


TICKET = f"/v1/tickets/{NOBODY}"
WRITES = [
    ("/v1/tickets", ticket_in(), "marketing"),
    (f"{TICKET}/assign", {}, "sales"),
    (f"{TICKET}/status", {"to": "open"}, "sales"),
    (f"{TICKET}/messages", {"direction": "internal", "channel": "x", "body": "y"}, "sales"),
    (f"{TICKET}/severity", {"severity": 1, "reason_code": "x"}, "integration"),
    (f"{TICKET}/resolve", RESOLUTION, "reader"),
    (f"{TICKET}/reopen", {"reason_code": "x"}, "reader"),
    (f"{TICKET}/close", {}, "sales"),
    (f"{TICKET}/cancel", {"reason_code": "x"}, "sales"),
]


@pytest.mark.parametrize(("path", "body", "role"), WRITES)
async def test_each_door_asks_who_it_is(
    service: Door, path: str, body: dict[str, object], role: str
) -> None:
    assert (await service.client.post(path, json=body)).status_code == 401
    assert (await service.acting_as(role).refused(path, body))[0] == 403
    if path != "/v1/tickets":
        assert await service.refused(path, body) == (404, "ticket-not-found")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/tickets", ticket_in(severity=5), "severity"),
        ("/v1/tickets", ticket_in(subject=" "), "subject"),
        (f"{TICKET}/status", {"to": "resolved"}, "to"),
        (f"{TICKET}/messages", {"direction": "sideways", "channel": "x", "body": "y"}, "direction"),
        (f"{TICKET}/resolve", {"root_cause": "x"}, "resolution_code"),
    ],
)
async def test_malformed_input_is_refused_with_its_field(
    service: Door, path: str, body: dict[str, object], field: str
) -> None:
    answer = await service.call("POST", path, body)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_a_ticket_needs_a_service_level_that_exists(service: Door) -> None:
    answer = await service.call("POST", "/v1/tickets", ticket_in(sla_policy_id=str(uuid4())))
    assert (answer.status_code, answer.json()["field"]) == (422, "sla_policy_id")
