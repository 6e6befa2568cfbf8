"""Given a deal, when something is asked of it, then this happens, is refused, or stays quiet."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline.deals.commands import (
    ChangeAmount,
    ChangeCloseDate,
    ClearRisk,
    DealCommand,
    FlagRisk,
    FollowHold,
    FollowTicket,
    LoseDeal,
    MoveStage,
    OpenDeal,
    ReopenDeal,
    WinDeal,
)
from pipeline.deals.decisions import decide, decided
from pipeline.deals.domain import (
    ApprovalNeededError,
    CustomerIsOnCreditHoldError,
    Deal,
    DealIsAtRiskError,
    DealIsLostError,
    DealIsWonError,
    DealLostTooLongAgoError,
    RiskFollowsHoldError,
    RiskFollowsTicketError,
    StageIsFinalError,
    StageNeedsFieldsError,
    begun,
    folded,
)
from pipeline.definitions.domain import (
    STANDARD_PIPELINE,
    Definition,
    StageUnknownError,
    evolve,
)
from pipeline.definitions.domain import decide as decide_definition
from shared.contracts.pipeline import (
    DealAmountChanged,
    DealCloseDateChanged,
    DealLost,
    DealOpened,
    DealReopened,
    DealRiskCleared,
    DealRiskFlagged,
    DealStageChanged,
    DealWon,
)

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
(PUBLISHED,) = decide_definition(Definition(STANDARD_PIPELINE.pipeline_id), STANDARD_PIPELINE)
PIPELINE = evolve(Definition(STANDARD_PIPELINE.pipeline_id), PUBLISHED)
OPEN = OpenDeal(
    deal_id=UUID(int=1),
    customer_id=UUID(int=2),
    name="Light",
    amount=Decimal(100),
    currency="EUR",
    expected_close_date=date(2026, 6, 1),
    owner_id="anna",
    at=AT,
)
TICKET = UUID(int=9)
CRITICAL = FollowTicket(TICKET, {"open-critical-ticket": "high"}, AT)
WON = WinDeal(AT)
LOST = LoseDeal("price", AT)


def given_deal(*commands: DealCommand, **fields: Any) -> Deal:
    deal = begun(replace(OPEN, **fields), PIPELINE)
    return folded(deal, decided(deal, [OPEN, *commands]))


def then(deal: Deal, command: DealCommand) -> list[type]:
    return [type(event) for event in decide(deal, command)]


def test_a_deal_is_opened_in_the_first_stage_of_its_pipeline() -> None:
    (opened,) = decide(begun(OPEN, PIPELINE), OPEN)
    assert isinstance(opened, DealOpened)
    assert (opened.stage_id, opened.probability, opened.pipeline_version) == ("discovery", 10, 1)


def test_opening_it_again_is_quiet() -> None:
    assert then(given_deal(), OPEN) == []


def test_it_moves_forward_and_backward() -> None:
    deal = given_deal(MoveStage("negotiation"))
    assert (deal.stage_id, deal.probability) == ("negotiation", 70)
    (moved,) = decide(deal, MoveStage("discovery"))
    assert isinstance(moved, DealStageChanged)
    assert moved.direction == "backward"
    assert then(deal, MoveStage("negotiation")) == []


def test_forward_needs_the_fields_of_every_stage_on_the_way_or_a_waiver() -> None:
    deal = given_deal(amount=Decimal(0))
    with pytest.raises(StageNeedsFieldsError) as refused:
        decide(deal, MoveStage("negotiation"))
    assert refused.value.details == {"missing": ["amount"]}
    assert then(deal, MoveStage("negotiation", "pilot")) == [DealStageChanged]


@pytest.mark.parametrize("stage_id", ["won", "lost"])
def test_a_final_stage_is_entered_only_by_winning_or_losing(stage_id: str) -> None:
    with pytest.raises(StageIsFinalError):
        decide(given_deal(), MoveStage(stage_id))


def test_a_stage_of_no_pipeline_is_refused() -> None:
    with pytest.raises(StageUnknownError):
        decide(given_deal(), MoveStage("nowhere"))


def test_amounts_change_and_the_same_amount_is_quiet() -> None:
    assert then(given_deal(), ChangeAmount(Decimal(7))) == [DealAmountChanged]
    assert then(given_deal(), ChangeAmount(Decimal("100.00"))) == []


def test_only_a_later_date_counts_as_a_delay_and_the_third_is_a_danger() -> None:
    dates = [date(2026, 7, 1), date(2026, 6, 15), date(2026, 7, 2)]
    deal = given_deal(*(ChangeCloseDate(day, AT) for day in dates))
    assert (deal.push_count, deal.risks) == (2, ())
    third = ChangeCloseDate(date(2026, 8, 1), AT)
    assert then(deal, third) == [DealCloseDateChanged, DealRiskFlagged]
    assert then(given_deal(), ChangeCloseDate(date(2026, 6, 1), AT)) == []


def test_a_deal_is_won_and_won_again_quietly() -> None:
    (won,) = decide(given_deal(), WinDeal(AT + timedelta(days=9, hours=1)))
    assert isinstance(won, DealWon)
    assert won.cycle_days == 9
    assert then(given_deal(WON), WON) == []


def test_a_danger_of_high_severity_stops_a_win_unless_waived() -> None:
    deal = given_deal(CRITICAL)
    with pytest.raises(DealIsAtRiskError) as refused:
        decide(deal, WON)
    assert refused.value.details == {"risks": ["open-critical-ticket"]}
    assert then(deal, WinDeal(AT, waiver_reason="known")) == [DealWon]


def test_lesser_dangers_do_not_stop_a_win() -> None:
    flagged = given_deal(FlagRisk("manual", "medium", AT))
    assert then(flagged, WON) == [DealWon]


def test_a_deal_is_lost_and_lost_again_quietly() -> None:
    assert then(given_deal(), LOST) == [DealLost]
    assert then(given_deal(LOST), LOST) == []


def test_a_lost_deal_cannot_be_won_nor_a_won_one_lost() -> None:
    with pytest.raises(DealIsLostError):
        decide(given_deal(LOST), WON)
    with pytest.raises(DealIsWonError):
        decide(given_deal(WON), LOST)


@pytest.mark.parametrize(
    "command",
    [MoveStage("proposal"), ChangeAmount(Decimal(1)), ChangeCloseDate(date(2027, 1, 1), AT)],
)
def test_a_closed_deal_does_not_change(command: DealCommand) -> None:
    with pytest.raises(DealIsWonError):
        decide(given_deal(WON), command)


def test_a_lost_deal_is_reopened_within_90_days_and_not_later() -> None:
    deal = given_deal(MoveStage("negotiation"), LOST)
    in_time = ReopenDeal("back", AT + timedelta(days=90))
    (reopened,) = decide(deal, in_time)
    assert isinstance(reopened, DealReopened)
    assert (reopened.stage_id, reopened.probability) == ("negotiation", 70)
    with pytest.raises(DealLostTooLongAgoError):
        decide(deal, ReopenDeal("back", AT + timedelta(days=91)))


def test_a_won_deal_is_reopened_only_with_approval() -> None:
    with pytest.raises(ApprovalNeededError):
        decide(given_deal(WON), ReopenDeal("error", AT))
    assert then(given_deal(WON), ReopenDeal("error", AT, "boss")) == [DealReopened]
    assert then(given_deal(), ReopenDeal("error", AT)) == []


def test_a_ticket_flags_once_and_clears_only_its_own_flag() -> None:
    other = FollowTicket(UUID(int=8), {"open-critical-ticket": "high"}, AT)
    deal = given_deal(CRITICAL, other)
    assert then(deal, CRITICAL) == []
    (cleared,) = decide(deal, FollowTicket(TICKET, {}, AT))
    assert isinstance(cleared, DealRiskCleared)
    assert [risk.cause_id for risk in folded(deal, [cleared]).risks] == [UUID(int=8)]


def test_a_closed_deal_follows_no_ticket() -> None:
    assert then(given_deal(WON), CRITICAL) == []


HELD, FREE = FollowHold(True, AT), FollowHold(False, AT)  # noqa: FBT003 -- named by its field


def test_a_credit_hold_flags_once_and_clears() -> None:
    deal = given_deal(HELD)
    assert [(risk.code, risk.severity) for risk in deal.risks] == [("credit-hold", "high")]
    assert then(deal, HELD) == []
    assert then(deal, FREE) == [DealRiskCleared]
    assert then(given_deal(), FREE) == []
    assert then(given_deal(WON), HELD) == []


def test_no_waiver_wins_a_deal_while_there_is_a_credit_hold() -> None:
    with pytest.raises(CustomerIsOnCreditHoldError) as refused:
        decide(given_deal(HELD), WinDeal(AT, waiver_reason="pilot", hold="over-limit"))
    assert refused.value.details["hold"] == "over-limit"
    assert then(given_deal(HELD, FREE), WON) == [DealWon]


def test_a_person_neither_flags_nor_clears_a_credit_hold() -> None:
    for command in (FlagRisk("credit-hold", "low", AT), ClearRisk("credit-hold", AT)):
        with pytest.raises(RiskFollowsHoldError):
            decide(given_deal(HELD), command)


def test_a_person_flags_and_clears_what_no_ticket_does() -> None:
    flag, clear = FlagRisk("manual", "low", AT), ClearRisk("manual", AT)
    assert then(given_deal(), flag) == [DealRiskFlagged]
    assert then(given_deal(flag), flag) == []
    assert then(given_deal(flag), clear) == [DealRiskCleared]
    assert then(given_deal(), clear) == []
    with pytest.raises(RiskFollowsTicketError):
        decide(given_deal(CRITICAL), ClearRisk("open-critical-ticket", AT, TICKET))


TICKETS = st.builds(
    FollowTicket,
    st.sampled_from([UUID(int=n) for n in range(3)]),
    st.sampled_from([{}, {"open-critical-ticket": "high"}, {"sla-breached": "medium"}]),
    st.just(AT),
)


@given(st.lists(TICKETS, max_size=12))
def test_flags_are_what_each_ticket_said_last_however_often_it_spoke(
    spoken: list[FollowTicket],
) -> None:
    deal = given_deal(*spoken)
    last = {command.ticket_id: command.dangers for command in spoken}
    wanted = {(code, ticket_id) for ticket_id, dangers in last.items() for code in dangers}
    assert {(risk.code, risk.cause_id) for risk in deal.risks} == wanted
    assert len(deal.risks) == len(wanted)
