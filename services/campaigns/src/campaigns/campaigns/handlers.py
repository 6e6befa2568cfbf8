"""Use cases of campaigns: plan, launch, complete; and the job that reserves their messages."""

from datetime import datetime
from uuid import UUID

from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.http.requests import require_version
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from campaigns.campaigns import store
from campaigns.campaigns.domain import (
    Campaign,
    CompleteCampaign,
    LaunchCampaign,
    PlanCampaign,
    SegmentIsBeingEvaluatedError,
    SegmentIsUnknownError,
    decide,
    evolve,
    plan_campaign,
    snapshot,
)
from campaigns.messages import store as messages
from campaigns.messages.domain import STEP
from campaigns.segments import store as segments

PAGE = 1000


async def plan(pool: Pool, cause: Cause, command: PlanCampaign) -> Campaign:
    """Write a plan down."""

    async def attempt() -> Campaign:
        async with transaction(pool) as connection:
            known = await store.find_campaign(connection, command.campaign_id)
            events = plan_campaign(known, command)
            if known is not None:
                return known
            await _require_segments(connection, command.plan.segment_ids)
            campaign = Campaign(command.campaign_id, version=1, plan=command.plan)
            await store.insert_campaign(connection, campaign)
            facts = [Fact(event, 1) for event in (*events, snapshot(campaign))]
            await outbox.append(connection, cause, facts)
            return campaign

    return await with_retries(attempt)


async def launch_campaign(
    pool: Pool, cause: Cause, campaign_id: UUID, if_match: int | None = None
) -> Campaign:
    """Start to send; a message for each person is reserved in the background."""

    async def attempt() -> Campaign:
        async with transaction(pool) as connection:
            campaign = await store.load_campaign(connection, campaign_id)
            require_version(campaign.version, if_match)
            evaluated = await segments.list_evaluated(connection, campaign.plan.segment_ids)
            if campaign.status == "planned" and not all(evaluated.values()):
                raise SegmentIsBeingEvaluatedError(campaign_id=campaign_id)
            size = await store.count_audience(connection, campaign.plan.segment_ids)
            return await record(connection, cause, campaign, LaunchCampaign(size, cause.at))

    return await with_retries(attempt)


async def complete_campaign(
    pool: Pool, cause: Cause, campaign_id: UUID, if_match: int | None = None
) -> Campaign:
    """End a campaign; refused while messages of it wait."""

    async def attempt() -> Campaign:
        async with transaction(pool) as connection:
            campaign = await store.load_campaign(connection, campaign_id)
            require_version(campaign.version, if_match)
            waiting = await messages.count_waiting(connection, campaign_id)
            return await record(connection, cause, campaign, CompleteCampaign(waiting, cause.at))

    return await with_retries(attempt)


async def record(
    connection: Connection,
    cause: Cause,
    campaign: Campaign,
    command: LaunchCampaign | CompleteCampaign,
) -> Campaign:
    """Decide, save, tell."""
    events = decide(campaign, command)
    if not events:
        return campaign
    after = campaign
    facts: list[Fact] = []
    for event in events:
        after = evolve(after, event)
        facts.append(Fact(event, after.version))
    launch = cause if after.status == "running" else None
    await store.save_campaign(connection, after, campaign.version, launch)
    await outbox.append(connection, cause, [*facts, Fact(snapshot(after), after.version)])
    return after


async def reserve_messages(pool: Pool) -> bool:
    """The job: a message for each person of a launched campaign, a page a transaction.

    The checkpoint moves with the messages, and a send id is taken once: a crash doubles nothing.
    """
    was_busy = False
    while await _reserve_page(pool):
        was_busy = True
    return was_busy


async def _reserve_page(pool: Pool) -> bool:
    async with transaction(pool) as connection:
        campaign = await store.lock_unreserved_campaign(connection)
        if campaign is None or campaign.launched_at is None:
            return False
        await _reserve(connection, campaign, campaign.launched_at)
        return True


async def _reserve(connection: Connection, campaign: Campaign, launched_at: datetime) -> None:
    """With an occasion everybody's comes later, if at all."""
    if campaign.plan.occasion is not None:
        await store.save_progress(connection, campaign.campaign_id, None, is_done=True)
        return
    people = await store.list_audience(connection, campaign, launched_at, PAGE)
    await messages.insert_reserved(connection, campaign.campaign_id, STEP, people, launched_at)
    reached = people[-1][0] if people else campaign.reserved_to
    await store.save_progress(connection, campaign.campaign_id, reached, is_done=len(people) < PAGE)


async def _require_segments(connection: Connection, segment_ids: tuple[UUID, ...]) -> None:
    known = await segments.list_evaluated(connection, segment_ids)
    for at, segment_id in enumerate(segment_ids):
        if segment_id not in known:
            raise SegmentIsUnknownError(field=f"segment_ids.{at}", segment_id=segment_id)
