"""Campaigns: planned → running → completed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

from shared.contracts.campaigns import (
    CampaignCompleted,
    CampaignLaunched,
    CampaignOwnerChanged,
    CampaignPlanned,
    CampaignState,
    CampaignStatus,
    CampaignType,
    Objective,
    Occasion,
)
from shared.contracts.contacts import Purpose
from shared.errors import ConflictError, InvalidError, NotFoundError

Status: TypeAlias = CampaignStatus
Event: TypeAlias = CampaignPlanned | CampaignLaunched | CampaignCompleted | CampaignOwnerChanged


class CampaignNotFoundError(NotFoundError):
    """There is no such campaign."""


class CampaignIdIsTakenError(ConflictError):
    """A campaign with this id has other contents."""


class SegmentIsUnknownError(InvalidError):
    """There is no such segment."""


class CampaignIsToNobodyError(InvalidError):
    """A campaign without an occasion needs segments."""


class SegmentIsBeingEvaluatedError(ConflictError):
    """The first evaluation of a segment goes on; launch when it is done."""


class CampaignIsCompletedError(ConflictError):
    """The campaign is completed."""


class CampaignIsNotLaunchedError(ConflictError):
    """The campaign has not been launched."""


class MessagesAreWaitingError(ConflictError):
    """Messages of the campaign still wait to be sent."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a campaign says, and to whom; of it only the owner changes."""

    name: str
    campaign_type: CampaignType
    objective: Objective
    purpose: Purpose
    segment_ids: tuple[UUID, ...]
    subject: str
    body_text: str
    owner_id: str
    link_url: str | None = None
    product_lines: tuple[str, ...] = ()
    occasion: Occasion | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """A plan and how far it got; `is_reserved` once everybody has a message."""

    campaign_id: UUID
    version: int
    plan: Plan
    status: Status = "planned"
    audience_size: int | None = None
    launched_at: datetime | None = None
    completed_at: datetime | None = None
    is_reserved: bool = False
    reserved_to: UUID | None = None


@dataclass(frozen=True, slots=True)
class PlanCampaign:
    campaign_id: UUID
    plan: Plan


@dataclass(frozen=True, slots=True)
class LaunchCampaign:
    audience_size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class CompleteCampaign:
    """`waiting` counts its messages that are neither sent nor refused, by status."""

    waiting: Mapping[str, int]
    at: datetime


@dataclass(frozen=True, slots=True)
class ChangeCampaignOwner:
    """Another employee answers for the campaign."""

    owner_id: str
    reason_code: str
    handover_id: UUID | None = None


def change_owner(campaign: Campaign, command: ChangeCampaignOwner) -> list[CampaignOwnerChanged]:
    """Of a campaign that is not completed; the same owner again stays quiet."""
    if campaign.status == "completed":
        raise CampaignIsCompletedError(campaign_id=campaign.campaign_id)
    if campaign.plan.owner_id == command.owner_id:
        return []
    return [
        CampaignOwnerChanged(
            campaign_id=campaign.campaign_id,
            from_owner_id=campaign.plan.owner_id,
            to_owner_id=command.owner_id,
            reason_code=command.reason_code,
            handover_id=command.handover_id,
        )
    ]


def plan_campaign(campaign: Campaign | None, command: PlanCampaign) -> list[CampaignPlanned]:
    """Plan once; the same again stays quiet."""
    if campaign is not None:
        if replace(campaign.plan, owner_id=command.plan.owner_id) != command.plan:
            raise CampaignIdIsTakenError(campaign_id=command.campaign_id)
        return []
    plan = command.plan
    if not plan.segment_ids and plan.occasion is None:
        raise CampaignIsToNobodyError(field="segment_ids")
    return [
        CampaignPlanned(
            campaign_id=command.campaign_id,
            name=plan.name,
            campaign_type=plan.campaign_type,
            objective=plan.objective,
            purpose=plan.purpose,
            segment_ids=plan.segment_ids,
            product_lines=plan.product_lines,
            owner_id=plan.owner_id,
            occasion=plan.occasion,
        )
    ]


def decide(
    campaign: Campaign, command: LaunchCampaign | CompleteCampaign
) -> list[CampaignLaunched | CampaignCompleted]:
    """Launch a planned campaign, complete a running one."""
    match command:
        case LaunchCampaign():
            return _launch(campaign, command)
        case CompleteCampaign():
            return _complete(campaign, command)
        case _:
            assert_never(command)


def _launch(
    campaign: Campaign, command: LaunchCampaign
) -> list[CampaignLaunched | CampaignCompleted]:
    match campaign.status:
        case "running":
            return []
        case "completed":
            raise CampaignIsCompletedError(campaign_id=campaign.campaign_id)
        case "planned":
            return [
                CampaignLaunched(
                    campaign_id=campaign.campaign_id,
                    segment_ids=campaign.plan.segment_ids,
                    audience_size=command.audience_size,
                    launched_at=command.at,
                )
            ]
        case _:
            assert_never(campaign.status)


def _complete(
    campaign: Campaign, command: CompleteCampaign
) -> list[CampaignLaunched | CampaignCompleted]:
    if campaign.status == "completed":
        return []
    if campaign.status == "planned":
        raise CampaignIsNotLaunchedError(campaign_id=campaign.campaign_id)
    if command.waiting or not campaign.is_reserved:
        raise MessagesAreWaitingError(
            campaign_id=campaign.campaign_id,
            waiting=dict(command.waiting),
            is_reserved=campaign.is_reserved,
        )
    return [CampaignCompleted(campaign_id=campaign.campaign_id, completed_at=command.at)]


def evolve(
    campaign: Campaign, event: CampaignLaunched | CampaignCompleted | CampaignOwnerChanged
) -> Campaign:
    """The campaign after the event."""
    match event:
        case CampaignOwnerChanged():
            plan = replace(campaign.plan, owner_id=event.to_owner_id)
            return replace(campaign, version=campaign.version + 1, plan=plan)
        case CampaignLaunched():
            return replace(
                campaign,
                version=campaign.version + 1,
                status="running",
                audience_size=event.audience_size,
                launched_at=event.launched_at,
            )
        case CampaignCompleted():
            return replace(
                campaign,
                version=campaign.version + 1,
                status="completed",
                completed_at=event.completed_at,
            )
        case _:
            assert_never(event)


def snapshot(campaign: Campaign) -> CampaignState:
    """The whole campaign, for those who keep a copy."""
    plan = campaign.plan
    return CampaignState(
        campaign_id=campaign.campaign_id,
        status=campaign.status,
        name=plan.name,
        campaign_type=plan.campaign_type,
        objective=plan.objective,
        purpose=plan.purpose,
        segment_ids=plan.segment_ids,
        subject=plan.subject,
        body_text=plan.body_text,
        link_url=plan.link_url,
        product_lines=plan.product_lines,
        owner_id=plan.owner_id,
        audience_size=campaign.audience_size,
        launched_at=campaign.launched_at,
        completed_at=campaign.completed_at,
        occasion=plan.occasion,
    )
