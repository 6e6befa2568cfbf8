"""Calendars and service levels are published in versions."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from service_desk.agents.domain import Agent, RegisterAgent, least_busy, register
from service_desk.business_time import TooLittleWorkingTimeError
from service_desk.calendars import domain as calendars
from service_desk.calendars.domain import PublishCalendar
from service_desk.policies import domain as policies
from service_desk.policies.domain import PublishPolicy

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CALENDAR = PublishCalendar(
    UUID(int=1), "Office", "Europe/Berlin", {0: (("09:00", "17:00"),)}, (date(2026, 12, 25),)
)
POLICY = PublishPolicy(
    policy_id=UUID(int=2),
    name="Gold",
    calendar_id=UUID(int=1),
    targets={priority: {"first-response": 5, "resolution": 60} for priority in policies.PRIORITIES},
    warn_percents=(90, 50),
    auto_close_days=5,
)


def test_each_publication_of_a_calendar_is_a_version() -> None:
    (published,) = calendars.decide(None, CALENDAR)
    first = calendars.evolve(published, NOW)
    assert (first.version, first.holidays) == (1, (date(2026, 12, 25),))
    assert calendars.decide(first, CALENDAR) == []
    other = replace(CALENDAR, timezone="UTC")
    with pytest.raises(calendars.CalendarExistsError):
        calendars.decide(first, other)
    (again,) = calendars.decide(first, replace(other, is_new=False))
    assert again.calendar_version == 2


def test_a_calendar_without_working_time_is_refused() -> None:
    with pytest.raises(TooLittleWorkingTimeError):
        calendars.decide(None, replace(CALENDAR, weekly={}))


def test_a_version_of_nothing_is_refused() -> None:
    with pytest.raises(calendars.CalendarNotFoundError):
        calendars.decide(None, replace(CALENDAR, is_new=False))
    with pytest.raises(policies.PolicyNotFoundError):
        policies.decide(None, replace(POLICY, is_new=False))


def test_each_publication_of_a_service_level_is_a_version() -> None:
    (published,) = policies.decide(None, POLICY)
    first = policies.evolve(published, NOW)
    assert (first.version, first.warn_percents) == (1, (50, 90))
    assert policies.decide(first, POLICY) == []
    (again,) = policies.decide(first, replace(POLICY, name="Platinum", is_new=False))
    assert again.policy_version == 2


def test_a_service_level_names_every_target() -> None:
    targets = {**POLICY.targets, "urgent": {"resolution": 60}}
    with pytest.raises(policies.TargetMissingError) as refused:
        policies.decide(None, replace(POLICY, targets=targets))
    assert refused.value.details["missing"] == ["urgent.first-response"]


def test_the_least_busy_agent_is_the_one_with_most_room() -> None:
    agents = [
        Agent("anna", 10, is_active=True, version=1),
        Agent("ben", 2, is_active=True, version=1),
        Agent("cleo", 9, is_active=False, version=1),
    ]
    assert least_busy(agents, {"anna": 4, "ben": 1}) == agents[0]
    assert least_busy(agents, {"anna": 6, "ben": 1}) == agents[1]
    assert least_busy(agents, {"anna": 10, "ben": 2}) is None


def test_an_agent_registered_again_with_nothing_new_stays() -> None:
    agent = register(None, RegisterAgent("anna", 5, is_active=True))
    assert register(agent, RegisterAgent("anna", 5, is_active=True)) is agent
    assert register(agent, RegisterAgent("anna", 6, is_active=True)).version == 2
