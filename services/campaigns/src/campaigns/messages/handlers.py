"""Use cases of messages: pass the gate, hand over, report, click, opt out.

The gate is read and the message marked in one committed transaction, before contacts is asked and
the mail server hears of it; what they said is a second one.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from shared.aliases import current_ids, ids_of
from shared.cause import Cause
from shared.contracts.campaigns import SuppressedFor
from shared.db import Connection, Pool, transaction, with_retries
from shared.ids import derived_id, new_id
from shared.messaging import outbox
from shared.messaging.outbox import Fact
from shared.telemetry import continue_trace

from campaigns.asking import PERMIT_SECONDS
from campaigns.gate.domain import HandOver, Suppress, gate
from campaigns.gate.store import Letter, load_gate_facts
from campaigns.messages import store
from campaigns.messages.domain import (
    Event,
    FollowLink,
    Message,
    ReportDelivery,
    Unsubscribe,
    decide,
    evolve,
    hand_over,
    judge,
    passed_on,
    take_back,
)
from campaigns.permissions import store as permissions
from campaigns.policies.domain import Policy
from campaigns.policies.store import load_policy
from campaigns.responses.domain import Response
from campaigns.responses.store import insert_response

LOST_AFTER = timedelta(seconds=120)
"""Longer than a mail can take from its hand-over to the mail server's last answer."""


async def open_gate(pool: Pool, now: datetime, limit: int) -> list[tuple[Message, Letter]] | None:
    """Judge the messages that are due; answers those to hand over now, None where none was due.

    One message per person at a time, by whatever id: the second sees the first in its count.
    """
    async with transaction(pool) as connection:
        waiting = await store.lock_due(connection, now, limit)
        if not waiting:
            return None
        current = await current_ids(connection, {message.contact_id for message in waiting})
        due: dict[UUID, Message] = {}
        for message in waiting:
            due.setdefault(current[message.contact_id], message)
        named = {message.contact_id for message in due.values()}
        await permissions.lock_permissions(connection, list(named | due.keys()))
        policy = await load_policy(connection)
        return await _judge(connection, policy, list(due.values()), now)


async def _judge(
    connection: Connection, policy: Policy, messages: Sequence[Message], now: datetime
) -> list[tuple[Message, Letter]]:
    recipients = {message.message_id: message.contact_id for message in messages}
    known = await load_gate_facts(connection, recipients, policy, now)
    passed: list[tuple[Message, Letter]] = []
    refused: list[Message] = []
    facts: list[Fact] = []
    for message in messages:
        gate_facts, letter = known[message.message_id]
        verdict = gate(policy, gate_facts)
        if isinstance(verdict, HandOver):
            passed.append((hand_over(message, letter.subject_hash, now), letter))
            continue
        for event in judge(message, verdict, now):
            refused.append(evolve(message, event))
            facts.append(Fact(event, refused[-1].version, _cause(letter.launch, now)))
    await store.save_progress(connection, [*(message for message, _ in passed), *refused])
    if facts:
        await outbox.append(connection, facts[0].cause or _cause(None, now), facts)
    return passed


async def report_delivery(
    pool: Pool, message_id: UUID, report: ReportDelivery, letter: Letter | None = None
) -> Message:
    """Note what the mail server said; a message it surely has not taken goes back."""
    async with transaction(pool) as connection:
        message = await store.lock_message(connection, message_id)
        return await _report(connection, message, report, letter)


async def _report(
    connection: Connection, message: Message, report: ReportDelivery, letter: Letter | None
) -> Message:
    events = decide(message, report)
    if message.status != "handing-over":
        return message
    after = message if events else take_back(message, report)
    facts: list[Fact] = []
    for event in events:
        after = evolve(after, event)
        facts.append(Fact(event, after.version))
    await store.save_progress(connection, [after])
    await outbox.append(connection, _cause(letter.launch if letter else None, report.at), facts)
    return after


async def refuse(pool: Pool, refused: Mapping[UUID, SuppressedFor], at: datetime) -> None:
    """Note whom contacts said no to, although our copy of the consents let them pass."""
    if not refused:
        return
    async with transaction(pool) as connection:
        messages: list[Message] = []
        facts: list[Fact] = []
        launches = await store.load_launches(connection, list(refused))
        for message in await store.lock_messages(connection, list(refused)):
            for event in judge(message, Suppress(refused[message.message_id]), at):
                messages.append(replace(evolve(message, event), handed_over_at=None))
                facts.append(
                    Fact(event, messages[-1].version, _cause(launches[message.message_id], at))
                )
        await store.save_progress(connection, messages)
        await outbox.append(connection, _cause(None, at), facts)


async def pass_on(connection: Connection, cause: Cause, heirs: Mapping[UUID, UUID]) -> None:
    """What waits for somebody who was merged waits for the one who stays, who gets it once."""
    ended: list[Message] = []
    facts: list[Fact] = []
    for message in await store.lock_messages(connection, list(heirs)):
        for event in passed_on(message, cause.at):
            heir = (heirs[message.message_id], message.customer_id)
            await store.insert_reserved(
                connection, message.campaign_id, message.step, [heir], cause.at
            )
            ended.append(evolve(message, event))
            facts.append(Fact(event, ended[-1].version))
    await store.save_progress(connection, ended)
    await outbox.append(connection, cause, facts)


async def take_all_back(pool: Pool, message_ids: Sequence[UUID], at: datetime) -> None:
    """Nobody said whether they may go out: they pass the gate again in a while."""
    report = ReportDelivery("unreachable", "", at)
    async with transaction(pool) as connection:
        locked = await store.lock_messages(connection, message_ids)
        waiting = [message for message in locked if message.status == "handing-over"]
        await store.save_progress(connection, [take_back(message, report) for message in waiting])


async def give_up_lost(pool: Pool) -> None:
    """The job: what a dead sender left behind has failed, for reasons unknown."""
    now = datetime.now(UTC)
    async with transaction(pool) as connection:
        for message in await store.lock_lost(connection, now - LOST_AFTER):
            content = await store.load_content(connection, message.message_id)
            report = ReportDelivery("unknown", content.subject, now)
            await _report(connection, message, report, None)


async def release_held(pool: Pool) -> bool:
    """The job: messages whose tickets have ended are due again, and pass the gate from its top."""
    async with transaction(pool) as connection:
        policy = await load_policy(connection)
        return await store.release_held(connection, policy, datetime.now(UTC)) > 0


async def follow_link(
    pool: Pool, cause: Cause, message_id: UUID, command: FollowLink
) -> str | None:
    """Note a click, once per link; answers where the link leads."""
    async with transaction(pool) as connection:
        message = await store.lock_message(connection, message_id)
        content = await store.load_content(connection, message_id)
        facts, after = _apply(message, decide(message, command))
        if facts:
            policy = await load_policy(connection)
            await store.save_reaction(connection, after)
            response = Response(
                response_id=derived_id(message_id, command.link_id, "response"),
                kind="click",
                score_delta=policy.score("click"),
                occurred_at=command.at,
                campaign_id=message.campaign_id,
                contact_id=message.contact_id,
                customer_id=message.customer_id,
                product_interests=content.product_lines,
            )
            recorded = await insert_response(connection, response)
            await outbox.append(connection, cause, [*facts, recorded])
        return content.link_url


async def unsubscribe(pool: Pool, cause: Cause, message_id: UUID) -> None:
    """Close the gate for the person, by every id; when this returns, no further mail goes out."""

    async def attempt() -> list[UUID]:
        async with transaction(pool) as connection:
            message = await store.lock_message(connection, message_id)
            ids = [*{message.contact_id, *await ids_of(connection, message.contact_id)}]
            await permissions.lock_permissions(connection, ids)
            if message.subject_hash is None:  # it was never sent
                return ids
            content = await store.load_content(connection, message_id)
            has_opted_out = await permissions.have_opted_out(
                connection, ids, "email", message.subject_hash
            )
            command = Unsubscribe(content.purpose, has_opted_out, cause.at)
            facts, after = _apply(message, decide(message, command))
            if facts:
                await permissions.insert_opt_outs(
                    connection, ids, "email", message.subject_hash, cause.at
                )
                await store.save_reaction(connection, after)
                await outbox.append(connection, cause, facts)
            return ids

    await _until_none_is_under_way(pool, await with_retries(attempt))


async def _until_none_is_under_way(pool: Pool, contact_ids: Sequence[UUID]) -> None:
    """Wait for the end of a mail that had passed the gate before; a dead sender's ends by time."""
    longest = timedelta(seconds=PERMIT_SECONDS)
    while await store.is_mail_under_way(pool, contact_ids, datetime.now(UTC) - longest):
        await asyncio.sleep(0.05)


def _apply(message: Message, events: Sequence[Event]) -> tuple[list[Fact], Message]:
    facts: list[Fact] = []
    for event in events:
        message = evolve(message, event)
        facts.append(Fact(event, message.version))
    return facts, message


def _cause(launch: Mapping[str, str] | None, at: datetime) -> Cause:
    """A message continues the request that launched its campaign."""
    launch = launch or {}
    return Cause(
        actor="service:campaigns",
        at=at,
        correlation_id=launch.get("correlation_id") or str(new_id()),
        trace=continue_trace(launch.get("traceparent")),
    )
