"""Deciding on deals: what a command makes happen, what is refused, what stays quiet."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.contracts.pipeline import (
    DealAmountChanged,
    DealCloseDateChanged,
    DealLost,
    DealOpened,
    DealOwnerChanged,
    DealReopened,
    DealRepointed,
    DealRiskCleared,
    DealRiskFlagged,
    DealStageChanged,
    DealWon,
)

from pipeline.deals.commands import (
    ChangeAmount,
    ChangeCloseDate,
    ChangeDealOwner,
    ClearRisk,
    DealCommand,
    FlagRisk,
    FollowHold,
    FollowTicket,
    LoseDeal,
    MoveStage,
    OpenDeal,
    ReopenDeal,
    RepointDeal,
    WinDeal,
)
from pipeline.deals.domain import (
    ApprovalNeededError,
    CustomerIsOnCreditHoldError,
    Deal,
    DealEvent,
    DealExistsError,
    DealIsAtRiskError,
    DealIsLostError,
    DealIsWonError,
    DealLostTooLongAgoError,
    RiskFollowsHoldError,
    RiskFollowsTicketError,
    StageIsFinalError,
    StageNeedsFieldsError,
    folded,
)
from pipeline.risks import CREDIT_HOLD, TICKET_RISKS, Risk, find_risk

REOPEN_WITHIN = timedelta(days=90)
SLIPPED_AT = 3
"""Delays of the close date from which on it counts as a danger."""


def decide(deal: Deal, command: DealCommand) -> list[DealEvent]:  # noqa: C901, PLR0911 -- one per command
    match command:
        case OpenDeal():
            return _open(deal, command)
        case MoveStage():
            return _move(deal, command)
        case ChangeAmount() | ChangeCloseDate() | ChangeDealOwner():
            return _change(deal, command)
        case RepointDeal():
            return _repoint(deal, command)
        case FlagRisk() | ClearRisk():
            return _judge(deal, command)
        case FollowTicket():
            return _follow_ticket(deal, command)
        case FollowHold():
            return _follow_hold(deal, command)
        case WinDeal():
            return _win(deal, command)
        case LoseDeal():
            return _lose(deal, command)
        case ReopenDeal():
            return _reopen(deal, command)


def decided(deal: Deal, commands: Iterable[DealCommand]) -> list[DealEvent]:
    """What several commands, one after the other, make of the deal."""
    events: list[DealEvent] = []
    for command in commands:
        fresh = decide(deal, command)
        deal = folded(deal, fresh)
        events.extend(fresh)
    return events


def _open(deal: Deal, command: OpenDeal) -> list[DealEvent]:
    if deal.version > 0:
        wanted = (command.customer_id, command.name, command.currency)
        if wanted != (deal.customer_id, deal.name, deal.currency):
            raise DealExistsError(deal_id=deal.deal_id)
        return []
    return [
        DealOpened(
            deal_id=deal.deal_id,
            customer_id=deal.customer_id,
            primary_contact_id=deal.primary_contact_id,
            pipeline_id=deal.pipeline_id,
            pipeline_version=deal.pipeline_version,
            stage_id=deal.stage_id,
            kind=deal.kind,
            amount=deal.amount,
            currency=deal.currency,
            probability=deal.probability,
            expected_close_date=deal.expected_close_date,
            owner_id=deal.owner_id,
            source=deal.source,
            lead_id=deal.lead_id,
            campaign_id=deal.campaign_id,
            product_lines=deal.product_lines,
        )
    ]


def _change(
    deal: Deal, command: ChangeAmount | ChangeCloseDate | ChangeDealOwner
) -> list[DealEvent]:
    match command:
        case ChangeAmount():
            return _change_amount(deal, command)
        case ChangeCloseDate():
            return _change_close_date(deal, command)
        case ChangeDealOwner():
            return _change_owner(deal, command)


def _change_owner(deal: Deal, command: ChangeDealOwner) -> list[DealEvent]:
    """An open deal only: who won or lost it stays known."""
    _require_open(deal)
    if deal.owner_id == command.owner_id:
        return []
    return [
        DealOwnerChanged(
            deal_id=deal.deal_id,
            customer_id=deal.customer_id,
            from_owner_id=deal.owner_id,
            to_owner_id=command.owner_id,
            reason_code=command.reason_code,
            handover_id=command.handover_id,
        )
    ]


def _repoint(deal: Deal, command: RepointDeal) -> list[DealEvent]:
    """Whatever its status: a deal that is won or lost is its customer's too."""
    of_customer = command.party == "customer"
    named = deal.customer_id if of_customer else deal.primary_contact_id
    if named != command.from_id:
        return []
    return [
        DealRepointed(
            deal_id=deal.deal_id,
            customer_id=command.to_id if of_customer else deal.customer_id,
            party=command.party,
            from_id=command.from_id,
            to_id=command.to_id,
        )
    ]


def _move(deal: Deal, command: MoveStage) -> list[DealEvent]:
    _require_open(deal)
    here, there = (deal.pipeline.stage(id_) for id_ in (deal.stage_id, command.stage_id))
    if there.category != "open":
        raise StageIsFinalError(stage_id=there.stage_id)
    if here == there:
        return []
    is_forward = there.position > here.position
    if is_forward and command.waiver_reason is None:
        _require_fields(deal, here.position, there.position)
    return [
        DealStageChanged(
            deal_id=deal.deal_id,
            customer_id=deal.customer_id,
            pipeline_id=deal.pipeline_id,
            from_stage_id=here.stage_id,
            to_stage_id=there.stage_id,
            direction="forward" if is_forward else "backward",
            probability=there.probability,
            forecast_category=there.forecast_category,
            waiver_reason=command.waiver_reason,
        )
    ]


def _require_fields(deal: Deal, after: int, up_to: int) -> None:
    """A stage that is skipped asks for its fields too."""
    passed = [
        stage
        for stage in deal.pipeline.stages
        if stage.category == "open" and after < stage.position <= up_to
    ]
    missing = {
        name for stage in passed for name in stage.required_fields if not getattr(deal, name, None)
    }
    if missing:
        raise StageNeedsFieldsError(missing=sorted(missing))


def _change_amount(deal: Deal, command: ChangeAmount) -> list[DealEvent]:
    _require_open(deal)
    if command.amount == deal.amount:
        return []
    return [
        DealAmountChanged(
            deal_id=deal.deal_id,
            customer_id=deal.customer_id,
            from_amount=deal.amount,
            to_amount=command.amount,
            currency=deal.currency,
        )
    ]


def _change_close_date(deal: Deal, command: ChangeCloseDate) -> list[DealEvent]:
    _require_open(deal)
    if command.date == deal.expected_close_date:
        return []
    pushes = deal.push_count + (command.date > deal.expected_close_date)
    changed = DealCloseDateChanged(
        deal_id=deal.deal_id,
        customer_id=deal.customer_id,
        from_date=deal.expected_close_date,
        to_date=command.date,
        push_count=pushes,
    )
    if pushes < SLIPPED_AT or find_risk(deal.risks, "close-date-slipped", None):
        return [changed]
    return [changed, _flagged(deal, Risk("close-date-slipped", "medium", None, command.at))]


def _judge(deal: Deal, command: FlagRisk | ClearRisk) -> list[DealEvent]:
    _require_open(deal)
    if command.code in TICKET_RISKS:
        raise RiskFollowsTicketError(code=command.code)
    if command.code == CREDIT_HOLD:
        raise RiskFollowsHoldError(code=command.code)
    known = find_risk(deal.risks, command.code, command.cause_id)
    if isinstance(command, ClearRisk):
        return [_cleared(deal, known, command.at)] if known else []
    if known and known.severity == command.severity:
        return []
    return [_flagged(deal, Risk(command.code, command.severity, command.cause_id, command.at))]


def _follow_ticket(deal: Deal, command: FollowTicket) -> list[DealEvent]:
    if deal.status != "open":
        return []
    events: list[DealEvent] = []
    for code in TICKET_RISKS:
        severity = command.dangers.get(code)
        known = find_risk(deal.risks, code, command.ticket_id)
        if severity and not known:
            events.append(_flagged(deal, Risk(code, severity, command.ticket_id, command.at)))
        elif known and not severity:
            events.append(_cleared(deal, known, command.at))
    return events


def _follow_hold(deal: Deal, command: FollowHold) -> list[DealEvent]:
    known = find_risk(deal.risks, CREDIT_HOLD, None)
    if deal.status != "open" or command.is_held == (known is not None):
        return []
    if known is not None:
        return [_cleared(deal, known, command.at)]
    return [_flagged(deal, Risk(CREDIT_HOLD, "high", None, command.at))]


def _win(deal: Deal, command: WinDeal) -> list[DealEvent]:
    if deal.status == "won":
        return []
    _require_open(deal)
    if command.hold is not None:
        raise CustomerIsOnCreditHoldError(customer_id=deal.customer_id, hold=command.hold)
    dangers = sorted({risk.code for risk in deal.risks if risk.severity == "high"})
    if dangers and command.waiver_reason is None:
        raise DealIsAtRiskError(risks=dangers)
    return [
        DealWon(
            deal_id=deal.deal_id,
            customer_id=deal.customer_id,
            primary_contact_id=deal.primary_contact_id,
            pipeline_id=deal.pipeline_id,
            amount=deal.amount,
            currency=deal.currency,
            owner_id=deal.owner_id,
            lead_id=deal.lead_id,
            campaign_id=deal.campaign_id,
            product_lines=deal.product_lines,
            requires_onboarding=command.requires_onboarding,
            waiver_reason=command.waiver_reason if dangers else None,
            cycle_days=max(0, (command.at - deal.opened_at).days),
            opened_at=deal.opened_at,
            won_at=command.at,
        )
    ]


def _lose(deal: Deal, command: LoseDeal) -> list[DealEvent]:
    if deal.status == "lost" and deal.reason_code == command.reason_code:
        return []
    _require_open(deal)
    return [
        DealLost(
            deal_id=deal.deal_id,
            customer_id=deal.customer_id,
            reason_code=command.reason_code,
            competitor=command.competitor,
            lost_stage_id=deal.stage_id,
            amount=deal.amount,
            currency=deal.currency,
            lost_at=command.at,
        )
    ]


def _reopen(deal: Deal, command: ReopenDeal) -> list[DealEvent]:
    if deal.status == "open":
        return []
    if deal.status == "won" and command.approved_by is None:
        raise ApprovalNeededError(field="approved_by")
    if deal.status == "lost" and deal.closed_at and command.at - deal.closed_at > REOPEN_WITHIN:
        raise DealLostTooLongAgoError(deal_id=deal.deal_id, lost_at=deal.closed_at)
    return [
        DealReopened(
            deal_id=deal.deal_id,
            customer_id=deal.customer_id,
            from_status=deal.status,
            stage_id=deal.stage_id,
            probability=deal.pipeline.stage(deal.stage_id).probability,
            reason_code=command.reason_code,
            approved_by=command.approved_by,
        )
    ]


def _require_open(deal: Deal) -> None:
    if deal.status == "won":
        raise DealIsWonError(deal_id=deal.deal_id)
    if deal.status == "lost":
        raise DealIsLostError(deal_id=deal.deal_id)


def _flagged(deal: Deal, risk: Risk) -> DealRiskFlagged:
    return DealRiskFlagged(
        deal_id=deal.deal_id,
        customer_id=deal.customer_id,
        code=risk.code,
        severity=risk.severity,
        cause_id=risk.cause_id,
        since=risk.since,
    )


def _cleared(deal: Deal, risk: Risk, at: datetime) -> DealRiskCleared:
    return DealRiskCleared(
        deal_id=deal.deal_id,
        customer_id=deal.customer_id,
        code=risk.code,
        cause_id=risk.cause_id,
        cleared_at=at,
    )
