"""What is done with consents; an opt-out is committed before anybody is told so."""

from uuid import UUID

from shared.cause import Cause
from shared.contracts.campaigns import FormState, MessageUnsubscribed
from shared.db import Connection, Pool, transaction, with_retries

from contacts.consents import store
from contacts.consents.domain import (
    Command,
    Consent,
    GrantConsent,
    Subject,
    WithdrawConsent,
    is_new_act,
)
from contacts.people import store as people
from contacts.people.domain import require_changeable
from contacts.suppressions import store as suppressions
from contacts.suppressions.domain import AddSuppression


async def change_consent(pool: Pool, cause: Cause, command: Command) -> Consent:
    """Grant, deny or withdraw one consent of a person that we know."""

    async def attempt() -> Consent:
        async with transaction(pool) as connection:
            person = await people.load_person(connection, command.subject.contact_id)
            if isinstance(command, GrantConsent):
                require_changeable(person)
            consent = await store.record(connection, cause, command)
            assert consent is not None
            return consent

    return await with_retries(attempt)


async def keep_ticked(
    connection: Connection, cause: Cause, contact_id: UUID, form: FormState
) -> None:
    """Store the boxes that the person ticked. What they took back since stays taken back."""
    for ticked in form.consents:
        command = GrantConsent(
            Subject(contact_id, ticked.channel, ticked.purpose),
            lawful_basis="consent",
            source="form",
            captured_at=form.submitted_at,
            evidence_ref=f"form:{form.form_id}/v{form.form_version}/{form.submission_id}",
        )
        consent = await store.lock_consent(connection, command.subject.consent_id)
        if is_new_act(consent, command):
            await store.record(connection, cause, command)


async def honour_opt_out(connection: Connection, cause: Cause, optout: MessageUnsubscribed) -> None:
    """Withdraw the consent and suppress the address, for one purpose or for all mail."""
    subjects = {Subject(optout.contact_id, optout.channel, optout.purpose)}
    if optout.scope == "all":
        subjects |= set(await store.list_granted(connection, optout.contact_id, optout.channel))
    for subject in sorted(subjects, key=lambda each: each.consent_id):
        command = WithdrawConsent(
            subject, "unsubscribe-link", optout.unsubscribed_at, f"message:{optout.message_id}"
        )
        await store.record(connection, cause, command)
    suppression = AddSuppression(
        channel=optout.channel,
        subject_hash=optout.subject_hash,
        scope="all" if optout.scope == "all" else optout.purpose,
        reason_code="opt-out",
        source_ref=f"message:{optout.message_id}",
        at=cause.at,
    )
    await suppressions.record(connection, cause, suppression)
