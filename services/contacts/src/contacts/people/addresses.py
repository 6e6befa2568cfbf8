"""What is found out of people's addresses: that they are surely theirs, or reach them no longer."""

from uuid import UUID

from shared.cause import Cause
from shared.contact_points import CHANNEL_OF_POINT
from shared.contracts.campaigns import ConfirmationConfirmed, MessageBounced
from shared.db import Connection, Pool, transaction, with_retries

from contacts.current import lock_current
from contacts.identities import store as identities
from contacts.identities.domain import LinkIdentity, UnlinkIdentity
from contacts.people import store
from contacts.people.domain import Person, PersonChange, carry_out
from contacts.people.finding import is_verified
from contacts.people.handlers import lock_person
from contacts.people.points import InvalidatePoint
from contacts.points import PointRules
from contacts.suppressions import store as suppressions
from contacts.suppressions.domain import AddSuppression
from contacts.verified_points import EmailIsAnothersError, VerifyPoint


async def give_up_address(
    connection: Connection, cause: Cause, bounced: MessageBounced, rules: PointRules
) -> None:
    """A mail came back for good: the person's point is invalid, the address is suppressed.

    Whoever has gone, or has taken the address off since, leaves only the suppression.
    """
    source_ref = f"message:{bounced.message_id}"
    suppression = AddSuppression(
        bounced.channel, bounced.subject_hash, "hard-bounce", cause.at, source_ref=source_ref
    )
    locked = await lock_current(connection, store.lock_people, [bounced.contact_id])
    for person in locked.values():
        commands = [
            InvalidatePoint(point.point_id, "hard-bounce")
            for point in person.state.points
            if point.status == "active"
            and CHANNEL_OF_POINT[point.type] == bounced.channel
            and rules.subject(bounced.channel, point.normalized) == bounced.subject_hash
        ]
        await _save_invalid(connection, cause, rules, carry_out(person, *commands))
    await suppressions.record(connection, cause, suppression)


async def invalidate_point(
    pool: Pool, cause: Cause, rules: PointRules, contact_id: UUID, command: InvalidatePoint
) -> Person:
    """The address does not reach the person; whoever it was verified for has it no longer."""

    async def attempt() -> Person:
        async with transaction(pool) as connection:
            person = await lock_person(connection, contact_id)
            change = carry_out(person, command)
            await _save_invalid(connection, cause, rules, change)
            return change.after

    return await with_retries(attempt)


async def _save_invalid(
    connection: Connection, cause: Cause, rules: PointRules, change: PersonChange
) -> None:
    assert change.before is not None
    await store.save_changes(connection, cause, [change])
    state = change.after.state
    for email in _verified_emails(change.before) - _verified_emails(change.after):
        link_id = claim_of(rules, state.contact_id, email).link_id
        await _give_up_claim(connection, cause, link_id, state.contact_id)


async def verify_point(
    pool: Pool, cause: Cause, rules: PointRules, contact_id: UUID, command: VerifyPoint
) -> Person:
    """Note that an address is surely the person's. One that is another's stays with the other.

    The refusal names whose it is, and the conflict becomes a fact.
    """

    async def attempt() -> tuple[Person, UUID]:
        async with transaction(pool) as connection:
            person = await lock_person(connection, contact_id)
            return await _verify(connection, cause, rules, person, command)

    person, owner = await with_retries(attempt)
    if owner != person.state.contact_id:
        raise EmailIsAnothersError(contact_id=owner)
    return person


async def verify_address(
    connection: Connection, cause: Cause, confirmed: ConfirmationConfirmed, rules: PointRules
) -> None:
    """Whoever followed the link in a mail has the address that it went to.

    Nothing follows where the address was taken off, or nobody may change the record now.
    """
    locked = await lock_current(connection, store.lock_people, [confirmed.contact_id])
    for person in locked.values():
        if person.is_restricted or person.state.record_status != "active":
            continue
        for point in person.state.points:
            if point.type != "email" or point.status != "active":
                continue
            if rules.subject("email", point.normalized) == confirmed.subject_hash:
                command = VerifyPoint(point.point_id, "mail-link", confirmed.confirmed_at)
                await _verify(connection, cause, rules, person, command)


async def _verify(
    connection: Connection, cause: Cause, rules: PointRules, person: Person, command: VerifyPoint
) -> tuple[Person, UUID]:
    """The person as they are then, and whose the address is."""
    change = carry_out(person, command)
    for email in _verified_emails(change.after) - _verified_emails(person):
        claim = claim_of(rules, person.state.contact_id, email)
        owner = await _make_claim(connection, cause, claim, email)
        if owner != claim.contact_id:
            return person, owner
    await store.save_changes(connection, cause, [change])
    return change.after, person.state.contact_id


async def _make_claim(
    connection: Connection, cause: Cause, claim: LinkIdentity, email: str
) -> UUID:
    """Whose the address is now. Who has it no longer (erased, or merged since) gives it up."""
    link = await identities.find_link(connection, claim.link_id)
    if link is not None and link.linked.contact_id != claim.contact_id:
        owner = link.linked.contact_id
        if link.is_active and not await is_verified(connection, owner, email):
            await _give_up_claim(connection, cause, claim.link_id, owner)
    claimed = await identities.carry_out(connection, cause, claim.link_id, claim)
    assert claimed is not None
    return claimed.linked.contact_id


async def _give_up_claim(
    connection: Connection, cause: Cause, link_id: UUID, contact_id: UUID
) -> None:
    link = await identities.find_link(connection, link_id)
    if link is not None and link.linked.contact_id == contact_id:
        unlink = UnlinkIdentity(contact_id, "withdrawn")
        await identities.carry_out(connection, cause, link_id, unlink)


def claim_of(rules: PointRules, contact_id: UUID, email: str) -> LinkIdentity:
    """A verified address identifies its person, and nobody else."""
    hashed = rules.subject("email", email)
    return LinkIdentity("email_hash", hashed, contact_id, None, "verified-email")


def _verified_emails(person: Person) -> set[str]:
    points = person.state.points
    return {each.normalized for each in points if each.type == "email" and each.verified_at}
