"""The send gate, in its order; and what becomes of a message."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from campaigns.gate.domain import GateFacts, HandOver, Hold, Suppress, Verdict, gate
from campaigns.messages.domain import (
    MOST_ATTEMPTS,
    FollowLink,
    Message,
    ReportDelivery,
    Unsubscribe,
    decide,
    evolve,
    hand_over,
    judge,
    send_id_of,
    take_back,
)
from campaigns.policies.domain import Policy
from hypothesis import given
from hypothesis import strategies as st
from shared.contracts.campaigns import (
    MessageClicked,
    MessageFailed,
    MessageSent,
    MessageSuppressed,
    MessageUnsubscribed,
)
from shared.ids import new_id

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICKET = new_id()
POLICY = Policy(
    policy_version=1,
    promotional_cap=3,
    cap_window=timedelta(days=7),
    critical_severity=2,
    release_delay=timedelta(0),
    nurture_pause=timedelta(days=365),
    attribution_window=timedelta(days=180),
    response_scores={"click": 5},
)
OPEN = GateFacts(
    purpose="marketing",
    objective="promotion",
    has_opted_out=False,
    is_suppressed=False,
    has_consent=True,
    has_point=True,
    promotions=0,
    critical_ticket_id=None,
    has_won_deal=False,
)
MESSAGE = Message(
    message_id=new_id(),
    send_id="s",
    campaign_id=new_id(),
    contact_id=new_id(),
    customer_id=new_id(),
    version=0,
    status="reserved",
    next_attempt_at=AT,
)
ON_ITS_WAY = hand_over(MESSAGE, "hash", AT)
SHUT = replace(
    OPEN,
    objective="nurture",
    has_opted_out=True,
    is_suppressed=True,
    has_consent=False,
    has_point=False,
    was_spoken_to=True,
    promotions=9,
    critical_ticket_id=TICKET,
    has_won_deal=True,
)


def test_the_gate_lets_pass_what_nothing_speaks_against() -> None:
    assert gate(POLICY, OPEN) == HandOver()


def test_the_gate_asks_in_its_order() -> None:
    facts, verdicts = SHUT, list[Verdict]()
    for opened in (
        {"has_opted_out": False},
        {"is_suppressed": False},
        {"has_consent": True},
        {"has_point": True},
        {"was_spoken_to": False},
        {"promotions": 2},
        {"has_won_deal": False},
        {"critical_ticket_id": None},
    ):
        verdicts.append(gate(POLICY, facts))
        facts = replace(facts, **opened)  # type: ignore[arg-type]
    assert verdicts == [
        Suppress("unsubscribed"),
        Suppress("suppression-list"),
        Suppress("consent"),
        Suppress("no-point"),
        Suppress("recent-contact"),
        Suppress("frequency-cap"),
        Suppress("deal-won"),
        Hold(TICKET),
    ]
    assert gate(POLICY, facts) == HandOver()


def test_service_mail_skips_talk_cap_and_ticket_but_no_refusal_of_the_person() -> None:
    service = replace(
        OPEN, purpose="service", was_spoken_to=True, promotions=9, critical_ticket_id=TICKET
    )
    assert gate(POLICY, service) == HandOver()
    assert gate(POLICY, replace(service, has_opted_out=True)) == Suppress("unsubscribed")
    assert gate(POLICY, replace(service, has_consent=False)) == Suppress("consent")


def test_a_won_deal_stops_nurture_alone() -> None:
    assert gate(POLICY, replace(OPEN, has_won_deal=True)) == HandOver()


def test_a_refusal_is_final() -> None:
    [event] = judge(MESSAGE, Suppress("consent"), AT)
    assert isinstance(event, MessageSuppressed)
    refused = evolve(MESSAGE, event)
    assert (refused.status, refused.reason_code, refused.version) == ("suppressed", "consent", 1)
    assert judge(refused, Suppress("consent"), AT) == []


def test_an_accepted_mail_is_sent_once() -> None:
    report = ReportDelivery("accepted", "Spring", AT, 250)
    [event] = decide(ON_ITS_WAY, report)
    assert isinstance(event, MessageSent)
    sent = evolve(ON_ITS_WAY, event)
    assert sent.status == "sent"
    assert decide(sent, report) == []
    assert decide(sent, ReportDelivery("unknown", "Spring", AT)) == []


@pytest.mark.parametrize("outcome", ["rejected", "unknown"])
def test_a_no_and_an_unknown_end_fail_for_good(outcome: str) -> None:
    report = ReportDelivery(outcome, "Spring", AT, 550)  # type: ignore[arg-type]
    [event] = decide(ON_ITS_WAY, report)
    assert isinstance(event, MessageFailed)
    assert (event.reason_code, event.smtp_code) == (outcome, 550)


def test_a_server_that_asks_to_come_back_is_asked_later_and_later_and_then_no_more() -> None:
    report = ReportDelivery("try-later", "Spring", AT, 450)
    message, pauses = ON_ITS_WAY, list[timedelta]()
    for _ in range(MOST_ATTEMPTS - 1):
        assert decide(message, report) == []
        back = take_back(message, report)
        assert back.status == "reserved"
        pauses.append(back.next_attempt_at - AT)
        message = hand_over(back, "hash", AT)
    assert pauses == sorted(pauses)
    [event] = decide(message, report)
    assert isinstance(event, MessageFailed)


def test_an_outage_costs_no_attempt() -> None:
    report = ReportDelivery("unreachable", "Spring", AT)
    assert decide(ON_ITS_WAY, report) == []
    assert take_back(ON_ITS_WAY, report).attempts == 0


def test_a_click_is_told_once_per_link() -> None:
    [event] = decide(MESSAGE, FollowLink("link", AT))
    assert isinstance(event, MessageClicked)
    clicked = evolve(MESSAGE, event)
    assert decide(clicked, FollowLink("link", AT)) == []
    assert decide(clicked, FollowLink("other", AT)) != []


def test_an_opt_out_is_told_while_the_gate_is_open() -> None:
    command = Unsubscribe("marketing", has_opted_out=False, at=AT)
    [event] = decide(ON_ITS_WAY, command)
    assert isinstance(event, MessageUnsubscribed)
    assert (event.scope, event.subject_hash) == ("all", "hash")
    assert decide(ON_ITS_WAY, replace(command, has_opted_out=True)) == []
    assert decide(MESSAGE, command) == []


@given(st.integers(1, 3), st.integers(1, 3))
def test_a_send_id_is_one_per_occurrence(one: int, other: int) -> None:
    ids = {
        send_id_of(MESSAGE.campaign_id, "mail", MESSAGE.contact_id, occurrence)
        for occurrence in (one, other)
    }
    assert len(ids) == len({one, other})
