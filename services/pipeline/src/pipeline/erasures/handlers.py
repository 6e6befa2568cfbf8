"""Erasing a person in pipeline: leads lose what was told, deals and promises their words."""

from collections.abc import Sequence
from uuid import UUID

from shared.cause import Cause
from shared.contracts.campaigns import FORM_STATE
from shared.contracts.contacts import ErasureRequested
from shared.contracts.pipeline import (
    LEAD_STATE,
    CommitmentRedacted,
    DealRedacted,
    LeadDisqualified,
)
from shared.contracts.privacy import ERASURE_ACKNOWLEDGED
from shared.db import Connection
from shared.messaging import erased, outbox
from shared.messaging.outbox import Fact, Tombstone

from pipeline.commitments.store import lock_snapshots as lock_commitments
from pipeline.deals.store import lock_snapshots
from pipeline.erasures import store

SERVICE = "pipeline"


async def erase(connection: Connection, cause: Cause, asked: ErasureRequested) -> None:
    """Forget these people and say so, in one transaction; what comes later finds the door shut."""
    await erased.lock_out(connection)
    await erased.erase_keys(connection, FORM_STATE, asked.submission_ids)
    lead_ids = await store.find_leads(connection, asked)
    await erase_leads(connection, cause, lead_ids)
    deals = await _redact_deals(connection, cause, asked, lead_ids)
    commitments = await _redact_commitments(connection, cause, asked)
    acknowledged = ERASURE_ACKNOWLEDGED[SERVICE](
        request_id=asked.request_id,
        erased={"leads": len(lead_ids), "deals": deals, "commitments": commitments},
        retained=tuple(await store.list_retained(connection, asked.customer_ids)),
    )
    await outbox.append(connection, cause, [Fact(acknowledged, 1)])
    erased.BEFORE_COMMIT.reach()


async def erase_leads(connection: Connection, cause: Cause, lead_ids: Sequence[UUID]) -> None:
    """The rows stay for the figures; tombstones end their snapshots."""
    facts: list[Fact | Tombstone] = []
    for lead in await store.erase_leads(connection, lead_ids, cause.at):
        if not lead.was_closed:
            disqualified = LeadDisqualified(
                lead_id=lead.lead_id,
                reason_code="erased",
                campaign_id=lead.campaign_id,
                disqualified_by=f"service:{SERVICE}",
            )
            facts.append(Fact(disqualified, lead.version))
        facts.append(Tombstone(LEAD_STATE, str(lead.lead_id), lead.version))
    await outbox.append(connection, cause, facts)


async def _redact_deals(
    connection: Connection, cause: Cause, asked: ErasureRequested, lead_ids: Sequence[UUID]
) -> int:
    deals = await store.redact_deals(connection, asked, lead_ids)
    facts = [
        Fact(
            DealRedacted(
                deal_id=deal.deal_id, customer_id=deal.customer_id, request_id=asked.request_id
            ),
            deal.version,
        )
        for deal in deals
    ]
    snapshots = await lock_snapshots(connection, [deal.deal_id for deal in deals])
    await outbox.append(connection, cause, [*facts, *snapshots])
    return len(deals)


async def _redact_commitments(connection: Connection, cause: Cause, asked: ErasureRequested) -> int:
    redacted = await store.redact_commitments(connection, asked)
    facts = [
        Fact(
            CommitmentRedacted(
                commitment_id=each.commitment_id,
                customer_id=each.customer_id,
                request_id=asked.request_id,
            ),
            each.version,
        )
        for each in redacted
    ]
    snapshots = await lock_commitments(connection, [each.commitment_id for each in redacted])
    await outbox.append(connection, cause, [*facts, *snapshots])
    return len(redacted)
