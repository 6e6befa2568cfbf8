"""Segments over HTTP: put in force, look at, and edit lists of people."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from shared.auth import Caller, Reader, allow
from shared.http.requests import (
    Cursor,
    Database,
    Limit,
    NewId,
    Page,
    Text,
    page_of,
    read_cursor,
    tag_version,
)

from campaigns.rules import RuleInvalidError, parse_rule
from campaigns.segments import handlers, store
from campaigns.segments.domain import ActivateSegment, Kind, Segment

router = APIRouter(prefix="/v1/segments", tags=["segments"])

Marketer = Annotated[Caller, Depends(allow("marketing"))]
LARGEST_RULE = 20_000


class SegmentIn(BaseModel):
    """A segment; the rule of a dynamic one is a tree of `all`, `any`, `not` and comparisons."""

    name: Text
    kind: Kind
    rule: dict[str, Any] | None = Field(
        default=None,
        examples=[{"fact": "customer.lifecycle", "op": "eq", "value": "customer"}],
    )


class SegmentOut(BaseModel):
    """`is_evaluated` is false while the first look over everybody goes on."""

    segment_id: UUID
    version: int
    name: str
    kind: Kind
    depends_on: list[str]
    is_evaluated: bool

    @classmethod
    def of(cls, segment: Segment) -> Self:
        return cls(
            segment_id=segment.segment_id,
            version=segment.version,
            name=segment.name,
            kind=segment.kind,
            depends_on=sorted(segment.depends_on),
            is_evaluated=segment.is_evaluated,
        )


class MembersIn(BaseModel):
    """People to add."""

    contact_ids: list[UUID] = Field(min_length=1, max_length=1000)


class MemberOut(BaseModel):
    """A person in a segment."""

    contact_id: UUID
    customer_id: UUID | None


@router.post("", status_code=201)
async def post_segment(
    body: SegmentIn, segment_id: NewId, pool: Database, caller: Marketer, response: Response
) -> SegmentOut:
    """Put a segment in force; the members of a dynamic one are found in the background."""
    rule = parse_rule(_bounded(body.rule)) if body.rule is not None else None
    command = ActivateSegment(segment_id, body.name, body.kind, rule)
    segment = await handlers.activate_segment(pool, caller.cause, command, body.rule)
    tag_version(response, segment.version)
    return SegmentOut.of(segment)


def _bounded(rule: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(json.dumps(rule)) > LARGEST_RULE:
        raise RuleInvalidError(field="rule", problem="too-large")
    return rule


@router.get("")
async def get_segments(
    pool: Database, _caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[SegmentOut]:
    """Segments by id."""
    key = read_cursor(cursor, UUID)
    segments = await store.list_segments(pool, key[0] if key else None, limit + 1)
    page = page_of(segments, limit, lambda segment: [segment.segment_id])
    return Page(items=[SegmentOut.of(segment) for segment in page.items], next=page.next)


@router.get("/{segment_id}")
async def get_segment(
    segment_id: UUID, pool: Database, _caller: Reader, response: Response
) -> SegmentOut:
    """The segment as it is; its version is in ETag."""
    segment = await store.load_segment(pool, segment_id)
    tag_version(response, segment.version)
    return SegmentOut.of(segment)


@router.get("/{segment_id}/members")
async def get_members(
    segment_id: UUID, pool: Database, _caller: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[MemberOut]:
    """The people who are in the segment now, by id."""
    await store.load_segment(pool, segment_id)
    key = read_cursor(cursor, UUID)
    members = await store.list_members(pool, segment_id, key[0] if key else None, limit + 1)
    page = page_of(members, limit, lambda member: [member.contact_id])
    items = [MemberOut(contact_id=m.contact_id, customer_id=m.customer_id) for m in page.items]
    return Page(items=items, next=page.next)


@router.post("/{segment_id}/members")
async def post_members(
    segment_id: UUID, body: MembersIn, pool: Database, caller: Marketer, response: Response
) -> SegmentOut:
    """Add people to a static segment; who is in it already stays."""
    segment = await handlers.place_members(
        pool, caller.cause, segment_id, body.contact_ids, is_in=True
    )
    tag_version(response, segment.version)
    return SegmentOut.of(segment)


@router.delete("/{segment_id}/members/{contact_id}")
async def delete_member(
    segment_id: UUID, contact_id: UUID, pool: Database, caller: Marketer, response: Response
) -> SegmentOut:
    """Take a person out of a static segment; who is not in it stays out."""
    segment = await handlers.place_members(
        pool, caller.cause, segment_id, [contact_id], is_in=False
    )
    tag_version(response, segment.version)
    return SegmentOut.of(segment)
