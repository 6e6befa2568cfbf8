"""HTTP: the orders that the ERP told, and those that wait for their customer. Read only."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict
from shared.auth import Reader
from shared.contracts.pipeline import OrderLine, OrderStatus
from shared.http.requests import Cursor, Database, Limit, Page, page_of, read_cursor, tag_version

from pipeline.orders import store

router = APIRouter(prefix="/v1/orders", tags=["orders"])


class OrderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    order_id: UUID
    version: int
    external_system: str
    external_ref: str
    customer_id: UUID
    revision: int
    status: OrderStatus
    lines: tuple[OrderLine, ...]
    total: Decimal
    currency: str
    ordered_at: datetime
    invoiced_at: datetime | None
    overdue_level: int


class WaitingOrderOut(BaseModel):
    order_id: UUID
    external_system: str
    external_ref: str
    customer_ref: str
    revision: int
    waiting_since: datetime


@router.get("/waiting")
async def waiting_orders(
    pool: Database, _reader: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[WaitingOrderOut]:
    """Orders whose customer nobody has told us of yet."""
    after = read_cursor(cursor, UUID)
    rows = await store.list_waiting(pool, after[0] if after else None, limit + 1)
    items = [
        WaitingOrderOut(
            order_id=row.order_id,
            external_system=row.seen.customer_system,
            external_ref=row.seen.order_no,
            customer_ref=row.seen.customer_ref,
            revision=row.seen.revision,
            waiting_since=row.waiting_since,
        )
        for row in rows
    ]
    return page_of(items, limit, lambda order: [order.order_id])


@router.get("/{order_id}")
async def get_order(
    order_id: UUID, pool: Database, _reader: Reader, response: Response
) -> OrderOut:
    """One order as the ERP told it last."""
    order = await store.load_order(pool, order_id)
    tag_version(response, order.version)
    return OrderOut.model_validate(order)


@router.get("")
async def list_orders(
    pool: Database,
    _reader: Reader,
    customer_id: Annotated[UUID, Query()],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[OrderOut]:
    """A customer's orders, newest first."""
    after = read_cursor(cursor, datetime.fromisoformat, UUID)
    rows = await store.list_orders(pool, customer_id, after, limit + 1)
    items = [OrderOut.model_validate(row) for row in rows]
    return page_of(items, limit, lambda order: [order.ordered_at.isoformat(), order.order_id])
