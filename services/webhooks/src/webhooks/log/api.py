"""The delivery log over HTTP: what was sent, every attempt, and sending again."""

from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from shared.http.requests import Cursor, Database, Limit, Page, page_of, read_cursor

from webhooks.deliveries.domain import Status
from webhooks.log import handlers, store
from webhooks.log.domain import Again, DeliveryNotFoundError
from webhooks.subscriptions.api import Subscriber, owner_of
from webhooks.subscriptions.store import load_visible

router = APIRouter(prefix="/v1/subscriptions/{subscription_id}", tags=["deliveries"])

MAX_ATTEMPTS = 200
LARGEST_ID = 2**63 - 1

DeliveryId: TypeAlias = Annotated[int, Path(ge=1, le=LARGEST_ID)]
IdIn: TypeAlias = Annotated[int, Field(ge=1, le=LARGEST_ID)]


class DeliveryOut(BaseModel):
    """A fact on its way to a subscriber; `event_id` is its `webhook-id`."""

    model_config = ConfigDict(from_attributes=True)

    delivery_id: int
    event_id: UUID
    type: str
    status: Status
    attempts: int
    due_at: datetime
    created_at: datetime
    last_attempted_at: datetime | None
    last_status_code: int | None
    last_error: str | None


class AttemptOut(BaseModel):
    """One request: its status code, or what went wrong before there was one."""

    model_config = ConfigDict(from_attributes=True)

    attempted_at: datetime
    status_code: int | None
    error: str | None
    duration_ms: int


class AttemptsOut(BaseModel):
    """The newest first."""

    items: list[AttemptOut]


class AgainIn(BaseModel):
    """Either a range of deliveries, both ends included, or all since a time; narrowed by status."""

    from_delivery_id: IdIn | None = None
    to_delivery_id: IdIn | None = None
    since: AwareDatetime | None = None
    statuses: tuple[Status, ...] | None = None


class QueuedOut(BaseModel):
    """How many deliveries are sent again."""

    deliveries: int


@router.get("/deliveries")
async def list_deliveries(
    caller: Subscriber,
    pool: Database,
    subscription_id: UUID,
    status: Status | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeliveryOut]:
    """What was and is to be sent, the newest first."""
    before = read_cursor(cursor, int)
    async with pool.acquire() as connection:
        await load_visible(connection, subscription_id, owner_of(caller))
        rows = await store.list_deliveries(
            connection, subscription_id, status, before[0] if before else None, limit + 1
        )
    items = [DeliveryOut.model_validate(row) for row in rows]
    return page_of(items, limit, lambda item: [item.delivery_id])


@router.get("/deliveries/{delivery_id}")
async def show_delivery(
    caller: Subscriber, pool: Database, subscription_id: UUID, delivery_id: DeliveryId
) -> DeliveryOut:
    """One delivery."""
    async with pool.acquire() as connection:
        await load_visible(connection, subscription_id, owner_of(caller))
        found = await store.load_delivery(connection, subscription_id, delivery_id)
    return DeliveryOut.model_validate(found)


@router.get("/deliveries/{delivery_id}/attempts")
async def list_attempts(
    caller: Subscriber, pool: Database, subscription_id: UUID, delivery_id: DeliveryId
) -> AttemptsOut:
    """Every request of a delivery, the newest first."""
    async with pool.acquire() as connection:
        await load_visible(connection, subscription_id, owner_of(caller))
        await store.load_delivery(connection, subscription_id, delivery_id)
        rows = await store.list_attempts(connection, subscription_id, delivery_id, MAX_ATTEMPTS)
    return AttemptsOut(items=[AttemptOut.model_validate(row) for row in rows])


@router.post("/deliveries/{delivery_id}/resend", status_code=202)
async def resend_delivery(
    caller: Subscriber, pool: Database, subscription_id: UUID, delivery_id: DeliveryId
) -> QueuedOut:
    """Send one again, under the id that it had."""
    one = Again(first=delivery_id, last=delivery_id)
    queued = await handlers.send_again(pool, subscription_id, owner_of(caller), one)
    if not queued:
        raise DeliveryNotFoundError(delivery_id=delivery_id)
    return QueuedOut(deliveries=queued)


@router.post("/resend", status_code=202)
async def resend_many(
    caller: Subscriber, pool: Database, subscription_id: UUID, body: AgainIn
) -> QueuedOut:
    """Send a range again, or all since a time, in their order and under the ids that they had."""
    again = Again(body.from_delivery_id, body.to_delivery_id, body.since, body.statuses)
    queued = await handlers.send_again(pool, subscription_id, owner_of(caller), again)
    return QueuedOut(deliveries=queued)
