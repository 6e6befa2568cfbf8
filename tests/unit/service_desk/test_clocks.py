"""Clocks: kept, broken once, paused, weighed anew; whatever the order in which it happens."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_desk.business_time import read_hours
from service_desk.clocks.commands import (
    CancelClock,
    ClockCommand,
    LapseTime,
    MeetClock,
    PauseClock,
    ResumeClock,
    RetargetClock,
)
from service_desk.clocks.decisions import decide, start
from service_desk.clocks.domain import (
    Clock,
    ClockEvent,
    Promise,
    Timer,
    begin,
    evolve,
    measure,
    next_timer,
)
from shared.contracts.service_desk import (
    ClockBreached,
    ClockCancelled,
    ClockMet,
    ClockPaused,
    ClockResumed,
    ClockRetargeted,
    ClockWarned,
)

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PROMISE = Promise(
    ticket_id=UUID(int=1),
    customer_id=UUID(int=2),
    metric="resolution",
    severity=2,
    target_minutes=100,
    calendar_id=UUID(int=3),
    calendar_version=1,
    hours=read_hours("UTC", dict.fromkeys(range(7), (("00:00", "24:00"),)), []),
    policy_id=UUID(int=4),
    policy_version=1,
    warn_percents=(50, 75, 90),
    started_at=START,
)
RUNNING = begin(PROMISE, start(PROMISE))


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def given_that(*commands: ClockCommand) -> Clock:
    clock = RUNNING
    for command in commands:
        for event in decide(clock, command):
            clock = evolve(clock, event)
    return clock


def types(events: list[ClockEvent]) -> list[type[ClockEvent]]:
    return [type(event) for event in events]


def test_a_clock_is_due_after_its_target() -> None:
    assert start(PROMISE).due_at == after(100)
    assert next_timer(RUNNING) == Timer("warn-50", after(50))


@pytest.mark.parametrize(("minute", "percent"), [(50, 50), (75, 75), (90, 90), (99.9, 90)])
def test_a_warning_comes_at_its_percent_and_skips_those_before(minute: float, percent: int) -> None:
    (warned,) = decide(RUNNING, LapseTime(after(minute)))
    assert isinstance(warned, ClockWarned)
    assert warned.percent == percent


def test_a_warning_is_given_once() -> None:
    clock = given_that(LapseTime(after(50)))
    assert decide(clock, LapseTime(after(60))) == []
    assert next_timer(clock) == Timer("warn-75", after(75))


def test_a_breach_comes_once_and_no_warning_after_it() -> None:
    assert types(decide(RUNNING, LapseTime(after(500)))) == [ClockBreached]
    clock = given_that(LapseTime(after(100)))
    assert decide(clock, LapseTime(after(500))) == []
    assert next_timer(clock) is None


def test_an_answer_in_time_meets_the_promise() -> None:
    (met,) = decide(RUNNING, MeetClock(after(99)))
    assert isinstance(met, ClockMet)
    assert (met.business_minutes, met.late_by_minutes) == (99, 0)
    assert measure(RUNNING, after(99)).within_sla


def test_an_answer_between_the_due_time_and_the_timer_is_late() -> None:
    breached, met = decide(RUNNING, MeetClock(after(100.1)))
    assert isinstance(breached, ClockBreached)
    assert isinstance(met, ClockMet)
    assert met.late_by_minutes == 1
    assert given_that(MeetClock(after(100.1))).status == "met-late"
    assert not measure(RUNNING, after(100.1)).within_sla


def test_time_in_pause_does_not_count() -> None:
    clock = given_that(PauseClock(after(40)))
    assert next_timer(clock) is None
    assert decide(clock, LapseTime(after(1000))) == []
    (resumed,) = decide(clock, ResumeClock(after(1040)))
    assert isinstance(resumed, ClockResumed)
    assert resumed.due_at == after(1100)
    assert next_timer(evolve(clock, resumed)) == Timer("warn-50", after(1050))


def test_a_pause_after_the_due_time_does_not_hide_the_breach() -> None:
    assert types(decide(RUNNING, PauseClock(after(101)))) == [ClockBreached]


def test_a_pause_and_its_repeat() -> None:
    assert types(decide(RUNNING, PauseClock(after(10)))) == [ClockPaused]
    assert decide(given_that(PauseClock(after(10))), PauseClock(after(20))) == []


def test_a_reopened_promise_goes_on_with_what_was_used() -> None:
    clock = given_that(MeetClock(after(60)), ResumeClock(after(200)))
    assert (clock.status, clock.due_at) == ("running", after(240))
    (met,) = decide(clock, MeetClock(after(210)))
    assert isinstance(met, ClockMet)
    assert met.business_minutes == 70


def test_a_promise_met_late_does_not_run_anew() -> None:
    clock = given_that(MeetClock(after(120)))
    assert decide(clock, ResumeClock(after(200))) == []


def test_another_target_counts_from_the_start() -> None:
    (retargeted,) = decide(RUNNING, RetargetClock(1, 200, after(40)))
    assert isinstance(retargeted, ClockRetargeted)
    assert retargeted.due_at == after(200)


def test_another_target_that_is_past_breaks_the_promise_at_once() -> None:
    events = decide(RUNNING, RetargetClock(1, 30, after(40)))
    assert types(events) == [ClockRetargeted, ClockBreached]


def test_another_severity_with_the_same_target_is_remembered() -> None:
    clock = given_that(RetargetClock(1, 100, after(10)))
    (breached,) = decide(clock, LapseTime(after(100)))
    assert isinstance(breached, ClockBreached)
    assert breached.severity == 1
    assert decide(clock, RetargetClock(1, 100, after(10))) == []


def test_a_cancelled_clock_says_nothing_more() -> None:
    assert types(decide(RUNNING, CancelClock("spam", after(1)))) == [ClockCancelled]
    clock = given_that(CancelClock("spam", after(1)))
    for command in (LapseTime(after(500)), MeetClock(after(500)), ResumeClock(after(500))):
        assert decide(clock, command) == []


MOMENTS = st.integers(0, 300).map(after)
COMMANDS = st.one_of(
    st.builds(LapseTime, MOMENTS),
    st.builds(PauseClock, MOMENTS),
    st.builds(ResumeClock, MOMENTS),
    st.builds(MeetClock, MOMENTS),
    st.builds(RetargetClock, st.integers(1, 4), st.integers(1, 300), MOMENTS),
    st.builds(CancelClock, st.just("spam"), MOMENTS),
)


@given(st.lists(COMMANDS, max_size=12))
def test_whatever_happens_each_warning_and_the_breach_come_once(
    commands: list[ClockCommand],
) -> None:
    clock, said = RUNNING, list[ClockEvent]()
    for command in sorted(commands, key=lambda command: command.at):
        for then in (command, LapseTime(command.at)):
            events = decide(clock, then)
            for event in events:
                clock = evolve(clock, event)
            said += events
        assert decide(clock, LapseTime(command.at)) == []
    percents = [event.percent for event in said if isinstance(event, ClockWarned)]
    assert percents == sorted(set(percents))
    assert types(said).count(ClockBreached) <= 1
    assert clock.version == 1 + len(said)
    if clock.status == "running":
        timer = next_timer(clock)
        assert timer is not None
        assert decide(clock, LapseTime(timer.due_at)) != []
