"""Many parked records at once over HTTP: count them, discard or redrive those that are chosen."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from shared.contracts.parking import ParkedReason
from shared.http.parked import ConsumerNotFoundError, Consumers, Operator
from shared.http.requests import Database, Text
from shared.messaging.clearing import Chosen, discard_chosen, redrive_chosen, summarize

MOST_KEYS = 200

router = APIRouter(prefix="/v1/parked", tags=["parked records"])

PortionOfKeys = Annotated[int, Field(ge=1, le=MOST_KEYS)]


class ParkedGroup(BaseModel):
    """How many records, of how many keys, wait for one reason."""

    consumer: str
    topic: str
    reason: ParkedReason
    records: int
    keys: int
    oldest_at: datetime


class ParkedSummary(BaseModel):
    """All groups; there are at most as many as consumers, topics and reasons."""

    items: list[ParkedGroup]


class ChosenIn(BaseModel):
    """Which records are meant: of a consumer, and of a topic or parked for a reason if given."""

    consumer: Text
    topic: Text | None = None
    parked_for: ParkedReason | None = None
    most_keys: PortionOfKeys = MOST_KEYS

    def chosen(self) -> Chosen:
        return Chosen(self.consumer, self.topic, self.parked_for)


class DiscardChosenIn(ChosenIn):
    """Which records are given up, and why."""

    reason: Text


class DiscardChosenOut(BaseModel):
    """How many records were given up, and how many of the chosen ones are left."""

    discarded: int
    remaining: int


class RedriveChosenIn(ChosenIn):
    """Which keys are redriven; `after` is what the call before answered."""

    after: int = Field(default=0, ge=0, lt=2**63)


class RedriveChosenOut(BaseModel):
    """How many keys were tried, records applied, keys stuck; `after` is null at the end."""

    keys: int
    applied: int
    failed: int
    after: int | None


@router.get("/summary")
async def summarize_parked_records(
    caller: Operator, pool: Database, consumers: Consumers
) -> ParkedSummary:
    """What waits, counted by consumer, topic and reason."""
    del caller
    async with pool.acquire() as connection:
        groups = await summarize(connection, list(consumers))
    return ParkedSummary(items=[ParkedGroup(**group) for group in groups])


@router.post("/discard")
async def discard_chosen_records(
    caller: Operator, pool: Database, consumers: Consumers, body: DiscardChosenIn
) -> DiscardChosenOut:
    """Give up the chosen records of up to `most_keys` keys; call it until none remains."""
    if body.consumer not in consumers:
        raise ConsumerNotFoundError(consumer=body.consumer)
    discarded, remaining = await discard_chosen(
        pool,
        body.chosen(),
        by=caller.cause.actor,
        reason=body.reason,
        most_keys=body.most_keys,
    )
    return DiscardChosenOut(discarded=discarded, remaining=remaining)


@router.post("/redrive")
async def redrive_chosen_records(
    caller: Operator, pool: Database, consumers: Consumers, body: RedriveChosenIn
) -> RedriveChosenOut:
    """Redrive up to `most_keys` keys, each in order; call it with `after` until that is null."""
    del caller
    consumer = consumers.get(body.consumer)
    if consumer is None:
        raise ConsumerNotFoundError(consumer=body.consumer)
    done = await redrive_chosen(
        pool, consumer, body.chosen(), after=body.after, most_keys=body.most_keys
    )
    return RedriveChosenOut(
        keys=done.keys, applied=done.applied, failed=done.failed, after=done.after
    )
