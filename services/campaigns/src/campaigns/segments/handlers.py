"""Use cases of segments: activate one, edit a list, and keep rules current."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID

from shared.aliases import current_ids
from shared.cause import Cause
from shared.db import Connection, Pool, transaction, with_retries
from shared.errors import StaleVersionError
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.telemetry import new_trace

from campaigns.audience import store as audience
from campaigns.segments import store
from campaigns.segments.decisions import MemberMove, moved
from campaigns.segments.domain import (
    ActivateSegment,
    Changed,
    Member,
    MemberEvent,
    PlaceMember,
    Segment,
    SegmentIsDynamicError,
    activated,
    decide,
    place,
    placed,
    touched,
)

PAGE = 500
Ends: TypeAlias = tuple[UUID, UUID]
"""From whom, to whom."""


async def activate_segment(
    pool: Pool, cause: Cause, command: ActivateSegment, rule: dict[str, Any] | None
) -> Segment:
    """Put a segment in force; its first evaluation follows in the background."""

    async def attempt() -> Segment:
        async with transaction(pool) as connection:
            known = await store.find_segment(connection, command.segment_id)
            events = decide(known, command)
            if known is not None:
                return known
            segment = activated(command)
            if not await store.insert_segment(connection, segment, rule):
                raise StaleVersionError(segment_id=segment.segment_id)
            await outbox.append(
                connection, cause, [Fact(event, segment.version) for event in events]
            )
            return segment

    return await with_retries(attempt)


async def place_members(
    pool: Pool, cause: Cause, segment_id: UUID, contact_ids: Sequence[UUID], *, is_in: bool
) -> Segment:
    """Add people to a static segment, or take them out; an old id means whom it means now."""
    async with transaction(pool) as connection:
        segment = await store.load_segment(connection, segment_id)
        if segment.kind == "dynamic":
            raise SegmentIsDynamicError(segment_id=segment_id)
        await store.lock_segments(connection, [segment_id])
        meant = list(dict.fromkeys((await current_ids(connection, contact_ids)).values()))
        wanted = {
            (segment_id, contact_id): PlaceMember(is_in=is_in, at=cause.at) for contact_id in meant
        }
        await record(connection, wanted, dict.fromkeys(meant, cause))
        if not is_in:
            await store.stand_by_nobody(connection, [segment_id], meant)
        return segment


async def move_members(connection: Connection, cause: Cause, moves: Mapping[UUID, Ends]) -> None:
    """Let these memberships, by their ids, go from one person to another with whom they are now."""
    things = await store.load_members_by_id(connection, list(moves))
    segment_ids = {thing.segment_id for thing in things}
    await store.lock_segments(connection, segment_ids)
    people = {contact_id for ends in moves.values() for contact_id in ends}
    people |= {thing.contact_id for thing in things}
    known = await store.load_members_around(connection, segment_ids, people)
    wanted = [
        MemberMove((thing.segment_id, thing.contact_id), *moves[thing.member_id])
        for thing in things
    ]
    changed = moved(known, wanted, cause.at)
    if changed:
        await store.save_members(connection, [member for member, _ in changed])
        facts = [Fact(event, member.version) for member, events in changed for event in events]
        await outbox.append(connection, cause, facts)


async def keep_current(
    connection: Connection, causes: Mapping[UUID, Cause], changed: Changed
) -> None:
    """Look again at these people, in those segments alone that ask for what changed.

    The caller has locked the audience, and then found out who these people are.
    """
    if causes:
        segments = touched(await store.list_dynamic_segments(connection), changed)
        await _evaluate(connection, segments, list(causes), causes)


async def exit_people(connection: Connection, causes: Mapping[UUID, Cause]) -> None:
    """Take people who are gone out of every segment."""
    members = await store.list_memberships_of(connection, list(causes))
    segment_ids = {member.segment_id for member in members}
    await store.lock_segments(connection, segment_ids)
    members = await store.list_memberships_of(connection, list(causes))
    now = datetime.now(UTC)
    wanted = {
        (member.segment_id, member.contact_id): PlaceMember(is_in=False, at=now)
        for member in members
    }
    await record(connection, wanted, causes)
    await store.stand_by_nobody(connection, segment_ids, list(causes))


async def evaluate_new_segments(pool: Pool) -> bool:
    """The job: the first evaluation of each dynamic segment, a page of people a transaction."""
    was_busy = False
    while await _evaluate_page(pool):
        was_busy = True
    return was_busy


async def _evaluate_page(pool: Pool) -> bool:
    async with transaction(pool) as connection:
        segment = await store.lock_unevaluated_segment(connection)
        if segment is None:
            return False
        await audience.lock_audience(connection)
        page = await audience.list_contact_ids(connection, segment.evaluated_to, PAGE)
        cause = Cause("service:campaigns", datetime.now(UTC), str(new_id()), new_trace())
        await _evaluate(connection, [segment], page, dict.fromkeys(page, cause))
        reached = page[-1] if page else segment.evaluated_to
        await store.save_progress(connection, segment.segment_id, reached, is_done=len(page) < PAGE)
        return True


async def _evaluate(
    connection: Connection,
    segments: Sequence[Segment],
    contact_ids: Sequence[UUID],
    causes: Mapping[UUID, Cause],
) -> None:
    if not segments or not contact_ids:
        return
    now = datetime.now(UTC)
    people = await audience.load_facts(connection, contact_ids)
    wanted: dict[tuple[UUID, UUID], PlaceMember] = {}
    for segment in segments:
        if segment.rule is None:
            continue
        asked = segment.depends_on
        for person in people:
            key = (segment.segment_id, person.contact_id)
            wanted[key] = place(segment.rule, asked, person, now)
    await record(connection, wanted, causes)


async def record(
    connection: Connection,
    wanted: Mapping[tuple[UUID, UUID], PlaceMember],
    causes: Mapping[UUID, Cause],
) -> None:
    """Save the memberships that change, with a fact for each."""
    known = await store.load_members(
        connection,
        list({segment_id for segment_id, _ in wanted}),
        list({contact_id for _, contact_id in wanted}),
    )
    changed: list[tuple[Member, list[MemberEvent]]] = []
    for key, command in wanted.items():
        before = known.get(key) or Member(*key)
        member, events = placed(before, command)
        if member != before:
            changed.append((member, events))
    if changed:
        await store.save_members(connection, [member for member, _ in changed])
        facts = [
            Fact(event, member.version, causes[member.contact_id])
            for member, events in changed
            for event in events
        ]
        await outbox.append(connection, next(iter(causes.values())), facts)
