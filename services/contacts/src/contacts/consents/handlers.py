"""What is done with consents; before a no is answered, no sender has anything under way."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import structlog
from shared.aliases import all_ids_of
from shared.cause import Cause
from shared.contracts.campaigns import ConfirmationConfirmed, FormState, MessageUnsubscribed
from shared.contracts.contacts import Channel, Purpose
from shared.db import Connection, Pool, transaction, with_retries
from shared.ids import derived_id, new_id
from shared.telemetry import continue_trace

from contacts.consents import store
from contacts.consents.commands import (
    Command,
    ConfirmConsent,
    Consent,
    DenyConsent,
    Evidence,
    ExpireConsent,
    GrantConsent,
    RequestConsent,
    Subject,
    WithdrawConsent,
    of_person,
)
from contacts.consents.domain import is_new_act
from contacts.current import lock_current_against_sending
from contacts.people import store as people
from contacts.people.addresses import verify_address
from contacts.people.domain import require_changeable
from contacts.permits.handlers import none_can_send
from contacts.points import PointRules
from contacts.suppressions import store as suppressions
from contacts.suppressions.domain import AddSuppression

CHANNELS: tuple[Channel, ...] = get_args(Channel)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
_AT_ONCE = 1000

logger = structlog.stdlib.get_logger()


async def change_consents(
    pool: Pool, cause: Cause, contact_id: UUID, commands: Sequence[Command]
) -> list[Consent]:
    """Change consents of a person that we know, in one transaction."""

    async def attempt() -> list[Consent]:
        async with transaction(pool) as connection:
            current = await lock_current_against_sending(connection, contact_id)
            person = await people.load_person(connection, current)
            if any(isinstance(each, GrantConsent | RequestConsent) for each in commands):
                require_changeable(person)
            theirs = [of_person(command, current) for command in commands]
            nos = await _of_whoever_was_merged(connection, current, theirs)
            consents = await store.record_all(connection, cause, [*theirs, *nos])
            return [consent for consent in consents[: len(theirs)] if consent is not None]

    return await with_retries(attempt)


async def _of_whoever_was_merged(
    connection: Connection, current: UUID, commands: Sequence[Command]
) -> list[Command]:
    """A no is one of each of them, too: so it outlives the undoing of the merge."""
    nos = [
        command
        if isinstance(command, WithdrawConsent)
        else WithdrawConsent(command.subject, command.source, command.captured_at)
        for command in commands
        if isinstance(command, DenyConsent | WithdrawConsent)
    ]
    ids = await all_ids_of(connection, current) if nos else []
    return [of_person(no, each) for each in ids if each != current for no in nos]


async def change_consent(pool: Pool, cause: Cause, command: Command) -> Consent:
    """Change one consent of a person that we know."""
    [consent] = await change_consents(pool, cause, command.subject.contact_id, [command])
    return consent


async def withdraw(
    pool: Pool, cause: Cause, contact_id: UUID, commands: Sequence[WithdrawConsent]
) -> list[Consent]:
    """Take back; answers when nobody can send any more, a repeat like the first time."""
    consents = await change_consents(pool, cause, contact_id, commands)
    named = {consent.subject.contact_id for consent in consents}
    await none_can_send(pool, [contact_id, *named])
    return consents


def every_subject(
    contact_id: UUID, channel: Channel | None, purpose: Purpose | None
) -> list[Subject]:
    """All that a person can be asked about, as far as it is not narrowed down."""
    channels = (channel,) if channel else CHANNELS
    purposes = (purpose,) if purpose else PURPOSES
    return [Subject(contact_id, each, what) for each in channels for what in purposes]


async def keep_ticked(
    connection: Connection, cause: Cause, contact_id: UUID, form: FormState
) -> None:
    """Store the boxes that the person ticked. What they took back since stays taken back."""
    for ticked in form.consents:
        subject = Subject(contact_id, ticked.channel, ticked.purpose)
        evidence = Evidence(
            f"form:{form.form_id}/v{form.form_version}/{form.submission_id}",
            f"{form.form_id}/v{form.form_version}",
            form.ip_hash,
        )
        command: GrantConsent | RequestConsent
        if ticked.double_opt_in and ticked.channel == "email":
            token_id = derived_id("confirmation", form.submission_id, subject.consent_id)
            command = RequestConsent(subject, token_id, "form", form.submitted_at, evidence)
        else:
            command = GrantConsent(subject, "consent", "form", form.submitted_at, evidence)
        if is_new_act(await store.lock_consent(connection, subject.consent_id), command):
            await store.record(connection, cause, command)


async def honour_confirmation(
    connection: Connection, cause: Cause, confirmed: ConfirmationConfirmed, rules: PointRules
) -> None:
    """The owner of the address said yes, in time or not; so the address is surely theirs."""
    contact_id = await lock_current_against_sending(connection, confirmed.contact_id)
    await verify_address(connection, cause, confirmed, rules)
    subject = Subject(contact_id, confirmed.channel, confirmed.purpose)
    command = ConfirmConsent(subject, confirmed.token_id, confirmed.confirmed_at)
    await store.record(connection, cause, command)


async def honour_opt_out(connection: Connection, cause: Cause, optout: MessageUnsubscribed) -> None:
    """Withdraw the consent and suppress the address, for one purpose or for all mail."""
    contact_id = await lock_current_against_sending(
        connection, optout.contact_id, [optout.subject_hash]
    )
    ids = await all_ids_of(connection, contact_id)
    subjects = {Subject(each, optout.channel, optout.purpose) for each in ids}
    if optout.scope == "all":
        subjects |= set(await store.list_granted(connection, ids, optout.channel))
    source_ref = f"message:{optout.message_id}"
    commands = [
        WithdrawConsent(subject, "unsubscribe-link", optout.unsubscribed_at, source_ref)
        for subject in sorted(subjects, key=lambda each: each.consent_id)
    ]
    await store.record_all(connection, cause, commands)
    suppression = AddSuppression(
        channel=optout.channel,
        subject_hash=optout.subject_hash,
        scope="all" if optout.scope == "all" else optout.purpose,
        reason_code="opt-out",
        source_ref=source_ref,
        at=cause.at,
    )
    await suppressions.record(connection, cause, suppression)


async def expire_consents(pool: Pool) -> bool:
    """The job: tell of consents whose time is over, a thousand a transaction.

    In force the end is without it: whoever decides compares the time. A row is taken by one
    process, and what it has told of is `expired` when its lock is gone.
    """
    was_busy = False
    while await _expire_some(pool, datetime.now(UTC)):
        was_busy = True
    return was_busy


async def _expire_some(pool: Pool, now: datetime) -> int:
    async with transaction(pool) as connection:
        over = await store.lock_expired(connection, now, _AT_ONCE)
        commands = [ExpireConsent(consent.subject, now) for consent in over]
        cause = Cause("service:contacts", now, str(new_id()), continue_trace(None))
        await store.record_locked(connection, cause, over, commands)
    if over:
        logger.info("consents_expired", count=len(over))
    return len(over)
