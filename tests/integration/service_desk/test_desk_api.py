"""Calendars, service levels, agents and surveys through their HTTP doors."""

from uuid import uuid4

import pytest

from tests.integration.service_desk.conftest import Door, Json, clock_of, opened
from tests.records import NOBODY

OFFICE: Json = {
    "name": "Office",
    "timezone": "Europe/Berlin",
    "weekly": {str(day): [["09:00", "12:30"], ["13:00", "17:30"]] for day in range(5)},
    "holidays": ["2026-12-25"],
}


def policy_in(calendar_id: str, minutes: int = 30) -> Json:
    targets = {"first-response": minutes, "resolution": minutes * 2}
    return {
        "name": "Gold",
        "calendar_id": calendar_id,
        "targets": dict.fromkeys(("urgent", "high", "normal", "low"), targets),
    }


async def test_a_desk_begins_with_a_calendar_and_a_service_level(service: Door) -> None:
    policies = (await service.get("/v1/sla-policies"))["items"]
    standard = next(policy for policy in policies if policy["name"] == "Standard")
    calendar = await service.get(f"/v1/calendars/{standard['calendar_id']}")
    assert calendar["timezone"] == "UTC"
    assert standard["targets"]["urgent"] == {"first-response": 15, "resolution": 240}


async def test_new_tickets_take_the_newest_version_and_old_ones_keep_theirs(
    service: Door, admin: Door
) -> None:
    calendar = await admin.post("/v1/calendars", OFFICE)
    policy = await admin.post("/v1/sla-policies", policy_in(calendar["calendar_id"]))
    policy_id = policy["policy_id"]
    path, old = await opened(service, sla_policy_id=policy_id)
    versions = f"/v1/sla-policies/{policy_id}/versions"
    newer = await admin.post(versions, policy_in(calendar["calendar_id"], 60))
    assert newer["version"] == 2
    assert (await admin.post(versions, policy_in(calendar["calendar_id"], 60)))["version"] == 2
    assert (await service.get(f"/v1/sla-policies/{policy_id}"))["version"] == 2
    later_calendar = {**OFFICE, "holidays": []}
    await admin.post(f"/v1/calendars/{calendar['calendar_id']}/versions", later_calendar)
    _, new = await opened(service, sla_policy_id=policy_id)
    clocks = [clock_of(ticket, "resolution") for ticket in (old, new)]
    assert [clock["target_minutes"] for clock in clocks] == [60, 120]
    assert [clock["policy_version"] for clock in clocks] == [1, 2]
    assert [clock["calendar_version"] for clock in clocks] == [1, 2]
    change = {"severity": 1, "reason_code": "whole-site-down"}
    graver = await service.post(f"{path}/severity", change)
    assert clock_of(graver, "resolution")["target_minutes"] == 60


async def test_a_version_based_on_an_old_one_is_refused(admin: Door) -> None:
    calendar = await admin.post("/v1/calendars", OFFICE)
    versions = f"/v1/calendars/{calendar['calendar_id']}/versions"
    answer = await admin.call("POST", versions, OFFICE, {"If-Match": '"3"'})
    assert answer.status_code == 412


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"weekly": {}}, "weekly"),
        ({"weekly": {"0": [["12:00", "09:00"]]}}, "weekly"),
    ],
)
async def test_an_unusable_calendar_is_refused_with_its_field(
    admin: Door, change: Json, field: str
) -> None:
    answer = await admin.call("POST", "/v1/calendars", {**OFFICE, **change})
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_service_level_on_no_calendar_is_refused(admin: Door) -> None:
    answer = await admin.call("POST", "/v1/sla-policies", policy_in(str(uuid4())))
    assert (answer.status_code, answer.json()["field"]) == (422, "calendar_id")


async def test_a_survey_is_answered_once(service: Door) -> None:
    asked = {"kind": "nps", "customer_id": str(uuid4()), "contact_id": str(uuid4())}
    survey = await service.post("/v1/surveys", asked)
    path = f"/v1/surveys/{survey['survey_id']}"
    answer = {"score": 9, "comment": "Quick!"}
    integration = service.acting_as("integration")
    answered = await integration.post(f"{path}/answer", answer)
    assert (answered["status"], answered["score"], answered["version"]) == ("answered", 9, 2)
    assert await integration.post(f"{path}/answer", answer) == answered
    assert await service.get(path) == answered
    listed = await service.get("/v1/surveys", customer_id=asked["customer_id"])
    assert listed["items"] == [answered]
    other = {"score": 1}
    assert await integration.refused(f"{path}/answer", other) == (409, "survey-is-answered")


async def test_a_score_off_the_scale_is_refused_with_its_field(service: Door) -> None:
    survey = await service.post("/v1/surveys", {"kind": "csat", "customer_id": str(uuid4())})
    path = f"/v1/surveys/{survey['survey_id']}/answer"
    for score in (0, 6, 11):
        answer = await service.call("POST", path, {"score": score})
        assert answer.status_code == 422
        body = answer.json()
        assert "score" in [body.get("field"), *(e["field"] for e in body.get("errors", []))]


SURVEY = f"/v1/surveys/{NOBODY}"


@pytest.mark.parametrize(
    ("path", "body", "role"),
    [
        ("/v1/calendars", OFFICE, "service"),
        (f"/v1/calendars/{NOBODY}/versions", OFFICE, "service"),
        ("/v1/sla-policies", policy_in(str(NOBODY)), "service"),
        (f"/v1/sla-policies/{NOBODY}/versions", policy_in(str(NOBODY)), "service"),
        ("/v1/agents", {"agent_id": "x"}, "service"),
        ("/v1/surveys", {"kind": "csat", "customer_id": str(NOBODY)}, "sales"),
        (f"{SURVEY}/answer", {"score": 1}, "sales"),
    ],
)
async def test_each_door_asks_who_it_is(service: Door, path: str, body: Json, role: str) -> None:
    assert (await service.client.post(path, json=body)).status_code == 401
    assert (await service.acting_as(role).refused(path, body))[0] == 403


@pytest.mark.parametrize(
    "path", ["/v1/tickets", "/v1/calendars", "/v1/sla-policies", "/v1/agents", "/v1/surveys"]
)
async def test_reading_needs_a_token_and_any_role(service: Door, path: str) -> None:
    assert (await service.client.get(path)).status_code == 401
    assert "items" in await service.acting_as("reader").get(path)
    bad = await service.call("GET", path, params={"cursor": "not-a-cursor"})
    assert bad.status_code == 422
