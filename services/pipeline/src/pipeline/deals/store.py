"""Deals: saved under their version, listed by customer and owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter
from shared.aliases import ids_of
from shared.cause import Cause
from shared.contracts.pipeline import DealOwnerChanged, DealRepointed, DealStatus
from shared.db import Connection, Pool, refusing, rows_affected
from shared.errors import StaleVersionError
from shared.messaging import outbox
from shared.messaging.outbox import Fact

from pipeline.deals.domain import Deal, DealEvent, DealNotFoundError, folded, snapshot
from pipeline.definitions.domain import Definition
from pipeline.definitions.store import STAGES
from pipeline.risks import Risk

_COLUMNS = """deal_id, version, customer_id, name, primary_contact_id, stage_id, status, kind,
    amount, currency, probability, expected_close_date, push_count, owner_id, source, lead_id,
    campaign_id, product_lines, risks, reason_code, competitor, opened_at, closed_at"""
_SELECT = """
SELECT d.deal_id, d.version, d.customer_id, d.name, d.primary_contact_id, d.stage_id, d.status,
    d.kind, d.amount, d.currency, d.probability, d.expected_close_date, d.push_count, d.owner_id,
    d.source, d.lead_id, d.campaign_id, d.product_lines, d.risks, d.reason_code, d.competitor,
    d.opened_at, d.closed_at, p.pipeline_id, p.pipeline_version, p.name AS pipeline_name,
    p.kind AS pipeline_kind, p.stages, p.published_at
FROM deals AS d
JOIN pipeline_definitions AS p
    ON p.pipeline_id = d.pipeline_id AND p.pipeline_version = d.pipeline_version
"""
_INSERT = f"""
INSERT INTO deals ({_COLUMNS}, pipeline_id, pipeline_version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25)
"""
_UPDATE = """
UPDATE deals SET version = $3, stage_id = $4, status = $5, amount = $6, probability = $7,
    expected_close_date = $8, push_count = $9, risks = $10, reason_code = $11, competitor = $12,
    closed_at = $13, owner_id = $14
WHERE deal_id = $1 AND version = $2
"""
_SAVE_OWNERS = """
UPDATE deals SET version = new.version, owner_id = new.owner_id
FROM unnest($1::uuid[], $2::bigint[], $3::text[]) AS new (deal_id, version, owner_id)
WHERE deals.deal_id = new.deal_id AND deals.version = new.version - 1
"""
_SAVE_REPOINTED = """
UPDATE deals SET version = new.version, customer_id = new.customer_id,
    primary_contact_id = new.primary_contact_id
FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[])
    AS new (deal_id, version, customer_id, primary_contact_id)
WHERE deals.deal_id = new.deal_id AND deals.version = new.version - 1
"""
_FIND = f"{_SELECT} WHERE d.deal_id = $1"
_LOCK = f"{_FIND} FOR UPDATE OF d"
_LOCK_THESE = f"""
{_SELECT} WHERE d.deal_id = ANY($1::uuid[]) ORDER BY d.deal_id FOR UPDATE OF d
"""
_LOCK_OPEN = f"""
{_SELECT} WHERE d.customer_id = ANY($1::uuid[]) AND d.status = 'open'
ORDER BY d.deal_id FOR UPDATE OF d
"""
_LOCK_OPEN_OF_OWNER = f"""
{_SELECT} WHERE d.owner_id = $1 AND d.status = 'open' ORDER BY d.deal_id LIMIT $2 FOR UPDATE OF d
"""
_LIST = f"""
{_SELECT}
WHERE ($1::uuid[] IS NULL OR d.customer_id = ANY($1)) AND ($2::text IS NULL OR d.status = $2)
    AND ($3::text IS NULL OR d.owner_id = $3)
    AND ($4::timestamptz IS NULL OR (d.opened_at, d.deal_id) < ($4, $5::uuid))
ORDER BY d.opened_at DESC, d.deal_id DESC LIMIT $6
"""

_RISKS: TypeAdapter[tuple[Risk, ...]] = TypeAdapter(tuple[Risk, ...])


@dataclass(frozen=True, slots=True)
class DealFilter:
    customer_id: UUID | None = None
    status: DealStatus | None = None
    owner_id: str | None = None


async def record(
    connection: Connection, cause: Cause, deal: Deal, events: Sequence[DealEvent]
) -> Deal:
    """Save what the events make of the deal, then publish them and the deal as it is now."""
    if not events:
        return deal
    after = folded(deal, events)
    await _save_deal(connection, deal.version, after)
    facts = [Fact(event, version) for version, event in enumerate(events, start=deal.version + 1)]
    await outbox.append(connection, cause, [*facts, Fact(snapshot(after), after.version)])
    return after


async def _save_deal(connection: Connection, from_version: int, deal: Deal) -> None:
    if from_version == 0:
        with refusing({"deals_pkey": StaleVersionError}):
            await connection.execute(_INSERT, *_values(deal))
        return
    status = await connection.execute(
        _UPDATE,
        deal.deal_id,
        from_version,
        deal.version,
        deal.stage_id,
        deal.status,
        deal.amount,
        deal.probability,
        deal.expected_close_date,
        deal.push_count,
        _RISKS.dump_json(deal.risks).decode(),
        deal.reason_code,
        deal.competitor,
        deal.closed_at,
        deal.owner_id,
    )
    if rows_affected(status) == 0:
        raise StaleVersionError(deal_id=deal.deal_id)


async def record_owners(
    connection: Connection, cause: Cause, changes: Sequence[tuple[Deal, DealOwnerChanged]]
) -> None:
    """Save and publish new owners of locked deals."""
    await _record_changes(connection, cause, changes, _SAVE_OWNERS, ("owner_id",))


async def record_repointed(
    connection: Connection, cause: Cause, changes: Sequence[tuple[Deal, DealRepointed]]
) -> None:
    """Save and publish whom locked deals name now."""
    await _record_changes(
        connection, cause, changes, _SAVE_REPOINTED, ("customer_id", "primary_contact_id")
    )


async def _record_changes(
    connection: Connection,
    cause: Cause,
    changes: Sequence[tuple[Deal, DealEvent]],
    statement: str,
    fields: Sequence[str],
) -> None:
    """One fact of each of these locked deals: two statements, however many."""
    if not changes:
        return
    after = [(folded(deal, [event]), event) for deal, event in changes]
    names = ("deal_id", "version", *fields)
    columns = [[getattr(deal, name) for deal, _ in after] for name in names]
    status = await connection.execute(statement, *columns)
    if rows_affected(status) != len(after):
        raise StaleVersionError
    told = [Fact(said, deal.version) for deal, event in after for said in (event, snapshot(deal))]
    await outbox.append(connection, cause, told)


async def find_deal(connection: Connection, deal_id: UUID) -> Deal | None:
    row = await connection.fetchrow(_FIND, deal_id)
    return _deal(row) if row else None


async def load_deal(connection: Connection, deal_id: UUID) -> Deal:
    deal = await find_deal(connection, deal_id)
    if deal is None:
        raise DealNotFoundError(deal_id=deal_id)
    return deal


async def lock_deal(connection: Connection, deal_id: UUID) -> Deal:
    row = await connection.fetchrow(_LOCK, deal_id)
    if row is None:
        raise DealNotFoundError(deal_id=deal_id)
    return _deal(row)


async def lock_snapshots(connection: Connection, deal_ids: Sequence[UUID]) -> list[Fact]:
    """The deals among these ids as they are now, locked, with their versions."""
    deals = await lock_deals(connection, deal_ids)
    return [Fact(snapshot(deal), deal.version) for deal in deals]


async def lock_deals(connection: Connection, deal_ids: Sequence[UUID]) -> list[Deal]:
    return [_deal(row) for row in await connection.fetch(_LOCK_THESE, deal_ids)]


async def lock_open_deals(connection: Connection, customer_ids: Sequence[UUID]) -> list[Deal]:
    """The open deals of a customer, by every id that means it."""
    return [_deal(row) for row in await connection.fetch(_LOCK_OPEN, customer_ids)]


async def lock_open_deals_of_owner(connection: Connection, owner_id: str, limit: int) -> list[Deal]:
    """Some of the open deals that an employee answers for."""
    rows = await connection.fetch(_LOCK_OPEN_OF_OWNER, owner_id, limit)
    return [_deal(row) for row in rows]


async def list_deals(
    pool: Pool, wanted: DealFilter, after: Sequence[Any] | None, limit: int
) -> list[Deal]:
    """Deals, the last opened first."""
    opened_at, deal_id = after or (None, None)
    async with pool.acquire() as connection:
        ids = await ids_of(connection, wanted.customer_id) if wanted.customer_id else None
        rows = await connection.fetch(
            _LIST, ids, wanted.status, wanted.owner_id, opened_at, deal_id, limit
        )
    return [_deal(row) for row in rows]


def _values(deal: Deal) -> tuple[object, ...]:
    return (
        deal.deal_id,
        deal.version,
        deal.customer_id,
        deal.name,
        deal.primary_contact_id,
        deal.stage_id,
        deal.status,
        deal.kind,
        deal.amount,
        deal.currency,
        deal.probability,
        deal.expected_close_date,
        deal.push_count,
        deal.owner_id,
        deal.source,
        deal.lead_id,
        deal.campaign_id,
        deal.product_lines,
        _RISKS.dump_json(deal.risks).decode(),
        deal.reason_code,
        deal.competitor,
        deal.opened_at,
        deal.closed_at,
        deal.pipeline_id,
        deal.pipeline_version,
    )


def _deal(row: asyncpg.Record) -> Deal:
    columns: dict[str, Any] = dict(row)
    pipeline = Definition(
        pipeline_id=columns.pop("pipeline_id"),
        pipeline_version=columns.pop("pipeline_version"),
        name=columns.pop("pipeline_name"),
        kind=columns.pop("pipeline_kind"),
        stages=STAGES.validate_json(columns.pop("stages")),
        published_at=columns.pop("published_at"),
    )
    columns["product_lines"] = tuple(columns["product_lines"])
    columns["risks"] = _RISKS.validate_json(columns["risks"])
    return Deal(**columns, pipeline=pipeline)
