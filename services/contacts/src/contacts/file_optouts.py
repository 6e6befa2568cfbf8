"""What rows of a file say against being written to: denied consents, and suppressed addresses."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from shared.aliases import ids_of_each
from shared.contact_points import CHANNEL_OF_POINT
from shared.contracts.contacts import Channel, ContactState, Purpose
from shared.db import Connection

from contacts.consents import store as consents
from contacts.consents.commands import Subject, WithdrawConsent
from contacts.file_layout import Batch
from contacts.permits.store import lock_against_sending
from contacts.person_rows import OptOut
from contacts.points import PointRules
from contacts.suppressions import store as suppressions
from contacts.suppressions.domain import AddSuppression

SELLING: tuple[Purpose, ...] = ("marketing", "newsletter", "events", "partner-offers")
"""What whoever opts out of a channel refuses."""


async def honour_opt_outs(
    connection: Connection,
    batch: Batch,
    said: Mapping[UUID, Sequence[OptOut]],
    people: Mapping[UUID, ContactState],
    rules: PointRules,
) -> None:
    """Take consents back and suppress the addresses, as when the people had said it to us.

    Whoever wants nothing on a channel is suppressed there altogether; whoever does not want one
    purpose, for that one. Nothing is ever lifted or granted by a file.
    A no is one of whoever was merged into them, too.
    """
    if not said:
        return
    commands = [
        AddSuppression(
            opt_out.channel,
            subject_hash,
            "opt-out",
            batch.cause.at,
            opt_out.purpose or "all",
            source_ref=f"import:{batch.import_id}",
        )
        for contact_id, several in said.items()
        for opt_out in several
        for subject_hash in _hashes(people[contact_id], opt_out.channel, rules)
    ]
    hashes = sorted({command.subject_hash for command in commands})
    await lock_against_sending(connection, sorted(said), hashes)
    named = await ids_of_each(connection, said)
    everybody = {each: said[contact_id] for contact_id, ids in named.items() for each in ids}
    await consents.record_all(connection, batch.cause, _withdrawals(batch, everybody))
    await suppressions.record_all(connection, batch.cause, commands)


def _withdrawals(batch: Batch, said: Mapping[UUID, Sequence[OptOut]]) -> list[WithdrawConsent]:
    subjects = {
        Subject(contact_id, opt_out.channel, purpose): None
        for contact_id, several in said.items()
        for opt_out in several
        for purpose in ((opt_out.purpose,) if opt_out.purpose else SELLING)
    }
    source_ref = f"import:{batch.import_id}"
    return [WithdrawConsent(subject, "import", batch.cause.at, source_ref) for subject in subjects]


def _hashes(state: ContactState, channel: Channel, rules: PointRules) -> list[str]:
    """Of the addresses by which the person is reached on the channel."""
    return [
        rules.subject(channel, point.normalized)
        for point in state.points
        if point.status == "active" and CHANNEL_OF_POINT[point.type] == channel
    ]
