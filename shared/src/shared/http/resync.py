"""Resyncs over HTTP: have snapshots published again, and see how far that is."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel, Field, model_validator

from shared.auth import Caller, allow
from shared.contracts.parking import RECORD_PARKED
from shared.contracts.readers import own_topics
from shared.contracts.resync import ChosenBy, topic_of
from shared.errors import InvalidError
from shared.http.requests import Code, Cursor, Database, Limit, NewId, Page, page_of, read_cursor
from shared.messaging import resyncs
from shared.messaging.resyncing import Resyncing
from shared.messaging.resyncs import Asked, Resync

router = APIRouter(prefix="/v1/resync", tags=["resync"])
Integrator = Annotated[Caller, Depends(allow("integration"))]

MOST_IDS = 10_000
DEFAULT_RATE = 500
HIGHEST_RATE = 5_000


class AggregateUnknownError(InvalidError):
    """This service publishes no such aggregate."""


class ResyncIn(BaseModel):
    """What is to be published again: all of it, or what is named by `ids`, or what has changed.

    `ids` go with one aggregate. The times are those at which facts were published; both ends may
    be left open. Of an aggregate without a state topic nothing can be given: it is told as a gap.
    """

    aggregates: list[Code] = Field(
        min_length=1, max_length=50, description="Kinds of records, e.g. `deal`, `order`."
    )
    ids: list[UUID] | None = Field(default=None, min_length=1, max_length=MOST_IDS)
    changed_since: AwareDatetime | None = None
    changed_until: AwareDatetime | None = None
    facts_per_second: int = Field(
        default=DEFAULT_RATE,
        ge=1,
        le=HIGHEST_RATE,
        description="So that whatever else the service publishes does not wait.",
    )

    @model_validator(mode="after")
    def _is_one_choice(self) -> Self:
        has_times = self.changed_since is not None or self.changed_until is not None
        if self.ids is not None and (has_times or len(set(self.aggregates)) > 1):
            raise ValueError("ids name records of one aggregate, and go without times")
        if self.changed_since and self.changed_until and self.changed_since > self.changed_until:
            raise ValueError("changed_since is after changed_until")
        return self

    def asked(self) -> Asked:
        chosen_by: ChosenBy = "ids" if self.ids else "all"
        if self.changed_since is not None or self.changed_until is not None:
            chosen_by = "time"
        return Asked(
            tuple(dict.fromkeys(self.aggregates)),
            chosen_by,
            self.facts_per_second,
            self.changed_since,
            self.changed_until,
        )


class ResyncOut(BaseModel):
    """A resync and how far it is.

    `looking`: the log is looked through for what has changed. `total` is what was counted at the
    beginning, null while that is not known. `published` counts snapshots by aggregate, `missing`
    the ids that were told as a gap.
    """

    resync_id: UUID
    status: Literal["looking", "publishing", "paused", "completed", "cancelled"]
    aggregates: list[str]
    chosen_by: ChosenBy
    changed_since: datetime | None
    changed_until: datetime | None
    facts_per_second: int
    total: int | None
    published: dict[str, int]
    missing: int
    requested_by: str
    requested_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, resync: Resync) -> Self:
        is_resting = resync.is_paused and not resync.has_ended
        return cls(
            resync_id=resync.resync_id,
            status="paused" if is_resting else resync.phase,
            aggregates=list(resync.asked.aggregates),
            chosen_by=resync.asked.chosen_by,
            changed_since=resync.asked.changed_since,
            changed_until=resync.asked.changed_until,
            facts_per_second=resync.asked.rate,
            total=resync.total,
            published=resync.published,
            missing=resync.missing,
            requested_by=resync.requested_by,
            requested_at=resync.requested_at,
            ended_at=resync.ended_at,
        )


async def _resyncing(request: Request) -> Resyncing:
    resyncing: Resyncing = request.app.state.resyncing
    return resyncing


Service = Annotated[Resyncing, Depends(_resyncing)]


@router.post("", status_code=202)
async def begin_resync(
    body: ResyncIn, caller: Integrator, pool: Database, service: Service, resync_id: NewId
) -> ResyncOut:
    """Publish snapshots again, in the background, on their state topics.

    Each has the version that it has had, an id of its own and `ce_resyncid`: who keeps the highest
    version per key sees no change, who lost something finds it. Beginning, gaps and end are told on
    `crm.<service>.resync.events.v1`. The same Idempotency-Key is the same resync.
    """
    known = _aggregates(service.service)
    unknown = sorted(set(body.aggregates) - known)
    if unknown:
        raise AggregateUnknownError(aggregates=unknown, known=sorted(known))
    asked = body.asked()
    return ResyncOut.of(await service.begin(pool, resync_id, asked, body.ids or (), caller.cause))


@router.get("")
async def list_resyncs(
    _caller: Integrator, pool: Database, cursor: Cursor = None, limit: Limit = 50
) -> Page[ResyncOut]:
    """Resyncs, the highest id first."""
    key = read_cursor(cursor, UUID)
    async with pool.acquire() as connection:
        found = await resyncs.list_resyncs(connection, key[0] if key else None, limit + 1)
    return page_of([ResyncOut.of(each) for each in found], limit, lambda each: [each.resync_id])


@router.get("/{resync_id}")
async def get_resync(_caller: Integrator, pool: Database, resync_id: UUID) -> ResyncOut:
    """How far it is."""
    async with pool.acquire() as connection:
        return ResyncOut.of(await resyncs.load_resync(connection, resync_id))


@router.post("/{resync_id}/pause")
async def pause_resync(
    _caller: Integrator, pool: Database, service: Service, resync_id: UUID
) -> ResyncOut:
    """Let it rest where it is."""
    return ResyncOut.of(await service.pause(pool, resync_id, is_paused=True))


@router.post("/{resync_id}/resume")
async def resume_resync(
    _caller: Integrator, pool: Database, service: Service, resync_id: UUID
) -> ResyncOut:
    """Go on where it rested."""
    return ResyncOut.of(await service.pause(pool, resync_id, is_paused=False))


@router.post("/{resync_id}/cancel")
async def cancel_resync(
    caller: Integrator, pool: Database, service: Service, resync_id: UUID
) -> ResyncOut:
    """End it; what has been published stays published."""
    return ResyncOut.of(await service.cancel(pool, resync_id, caller.cause))


def _aggregates(service: str) -> set[str]:
    """Whatever the service publishes about its records."""
    about_itself = {topic_of(service).aggregate, RECORD_PARKED[service].topic.aggregate}
    return {topic.aggregate for topic in own_topics(service)} - about_itself
