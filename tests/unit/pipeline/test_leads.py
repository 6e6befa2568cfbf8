"""Given a lead, when something is asked of it, then this happens, is refused, or stays quiet."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.leads.commands import (
    AssignLead,
    ContactLead,
    ConvertLead,
    CreateLead,
    DealTerms,
    DisqualifyLead,
    IdentifyLead,
    LeadCommand,
    QualifyLead,
    ScoreLead,
)
from pipeline.leads.decisions import decide, decided
from pipeline.leads.domain import (
    Lead,
    LeadIsConvertedError,
    LeadIsDisqualifiedError,
    LeadStatusForbidsError,
    begun,
    folded,
    snapshot,
)
from shared.contracts.pipeline import (
    LeadAssigned,
    LeadContacted,
    LeadConverted,
    LeadCreated,
    LeadDisqualified,
    LeadIdentified,
    LeadQualified,
    LeadScored,
)
from shared.ids import derived_id

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
CREATE = CreateLead(
    intake_id=UUID(int=1),
    lead_id=UUID(int=1),
    source="form",
    channel="web",
    received_at=AT,
    company="Harbour Ltd",
    phone="+44",
    product_interests=("light",),
)
ASSIGN = AssignLead("anna")
CONTACT = ContactLead(AT + timedelta(minutes=90))
QUALIFY = QualifyLead("anna", "BANT", {"need": "light"})
DISQUALIFY = DisqualifyLead("anna", "no-budget")
CONVERT = ConvertLead("anna", DealTerms("Light", Decimal(1), "EUR", date(2026, 6, 1)))
TO_QUALIFIED: tuple[LeadCommand, ...] = (ASSIGN, CONTACT, QUALIFY)


def given_lead(*commands: LeadCommand) -> Lead:
    lead = begun(CREATE)
    return folded(lead, decided(lead, [CREATE, *commands]))


def then(lead: Lead, command: LeadCommand) -> list[type]:
    return [type(event) for event in decide(lead, command)]


def test_a_lead_is_created_once() -> None:
    assert then(begun(CREATE), CREATE) == [LeadCreated]
    assert then(given_lead(), CREATE) == []


def test_a_lead_goes_through_its_states() -> None:
    statuses = [given_lead(*(*TO_QUALIFIED, CONVERT)[:steps]).status for steps in range(5)]
    assert statuses == ["new", "assigned", "contacted", "qualified", "converted"]


@pytest.mark.parametrize(
    ("commands", "early"),
    [((), CONTACT), ((), QUALIFY), ((ASSIGN,), QUALIFY), ((ASSIGN, CONTACT), CONVERT)],
)
def test_no_state_is_skipped(commands: tuple[LeadCommand, ...], early: LeadCommand) -> None:
    with pytest.raises(LeadStatusForbidsError):
        decide(given_lead(*commands), early)


@pytest.mark.parametrize(
    ("commands", "repeat"),
    [
        ((ASSIGN,), ASSIGN),
        ((ASSIGN, CONTACT), CONTACT),
        (TO_QUALIFIED, QUALIFY),
        ((*TO_QUALIFIED, CONVERT), CONVERT),
        ((DISQUALIFY,), DISQUALIFY),
    ],
)
def test_a_repeat_is_quiet(commands: tuple[LeadCommand, ...], repeat: LeadCommand) -> None:
    assert then(given_lead(*commands), repeat) == []


@pytest.mark.parametrize("commands", [(), (ASSIGN,), (ASSIGN, CONTACT), TO_QUALIFIED])
def test_an_open_lead_can_be_disqualified_and_not_be_converted_after(
    commands: tuple[LeadCommand, ...],
) -> None:
    assert then(given_lead(*commands), DISQUALIFY) == [LeadDisqualified]
    with pytest.raises(LeadIsDisqualifiedError):
        decide(given_lead(*commands, DISQUALIFY), CONVERT)


def test_a_converted_lead_is_final() -> None:
    with pytest.raises(LeadIsConvertedError):
        decide(given_lead(*TO_QUALIFIED, CONVERT), DISQUALIFY)
    assert then(given_lead(*TO_QUALIFIED, CONVERT), ScoreLead(5, "click")) == []


@pytest.mark.parametrize(("minutes", "in_time"), [(24 * 60, True), (24 * 60 + 1, False)])
def test_the_first_answer_is_in_time_until_it_is_due(minutes: int, in_time: bool) -> None:  # noqa: FBT001
    (contacted,) = decide(given_lead(ASSIGN), ContactLead(AT + timedelta(minutes=minutes)))
    assert isinstance(contacted, LeadContacted)
    assert (contacted.response_minutes, contacted.within_due) == (minutes, in_time)


@pytest.mark.parametrize(("points", "grade", "hours"), [(0, "C", 24), (20, "B", 4), (50, "A", 1)])
def test_a_better_grade_is_owed_a_sooner_answer(points: int, grade: str, hours: int) -> None:
    lead = given_lead(ScoreLead(points, "form"), ASSIGN)
    assert (lead.grade, lead.response_due_at) == (grade, AT + timedelta(hours=hours))


def test_rising_to_grade_b_assigns_the_lead_once() -> None:
    rise = ScoreLead(20, "form", "olga")
    assert then(given_lead(), rise) == [LeadScored, LeadAssigned]
    assert given_lead(rise).status == "assigned"
    assert then(given_lead(rise), rise) == [LeadScored]


def test_rising_without_somebody_to_take_it_only_scores() -> None:
    assert then(given_lead(), ScoreLead(20, "form")) == [LeadScored]
    assert then(given_lead(ASSIGN), ScoreLead(20, "form", "olga")) == [LeadScored]


@given(st.lists(st.integers(-200, 200), max_size=20))
def test_a_score_stays_within_0_and_100_and_says_which_grades_it_links(
    deltas: list[int],
) -> None:
    lead = begun(CREATE)
    for event in decided(lead, [CREATE, *(ScoreLead(delta, "click") for delta in deltas)]):
        if isinstance(event, LeadScored):
            assert 0 <= event.total == event.fit + event.engagement <= 100
            assert event.from_grade == lead.grade
        lead = folded(lead, [event])


def test_a_lead_is_identified_and_the_same_person_again_is_quiet() -> None:
    person = IdentifyLead(UUID(int=5))
    assert then(given_lead(), person) == [LeadIdentified]
    assert then(given_lead(person), person) == []
    assert then(given_lead(person), IdentifyLead(UUID(int=5), UUID(int=6))) == [LeadIdentified]


def test_conversion_keeps_the_ids_that_are_known_and_derives_the_others() -> None:
    (fresh,) = decide(given_lead(*TO_QUALIFIED), CONVERT)
    assert isinstance(fresh, LeadConverted)
    assert fresh.customer_id == derived_id(CREATE.lead_id, "customer")
    assert (fresh.created_customer, fresh.created_contact) == (True, True)
    (known,) = decide(given_lead(IdentifyLead(UUID(int=5)), *TO_QUALIFIED), ConvertLead("anna"))
    assert isinstance(known, LeadConverted)
    assert (known.contact_id, known.created_contact, known.deal_id) == (UUID(int=5), False, None)


def test_the_snapshot_is_the_lead() -> None:
    state = snapshot(given_lead(*TO_QUALIFIED))
    assert (state.status, state.owner_id, state.company) == ("qualified", "anna", "Harbour Ltd")


def test_qualifying_says_by_which_framework() -> None:
    assert then(given_lead(ASSIGN, CONTACT), QUALIFY) == [LeadQualified]
