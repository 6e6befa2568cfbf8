"""The sender: takes messages through the gate and hands them to the mail server, a batch at a time.

A batch is small, so that what passed the gate starts at once; it goes out over a few connections.
Gate and hand-over are committed, then contacts has the last word, then SMTP begins.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias, TypeVar
from uuid import UUID

import structlog
from shared.contracts.campaigns import SuppressedFor
from shared.db import Pool
from shared.failpoints import Failpoint

from campaigns.asking import START_WITHIN, Contacts, ContactsSilentError, Recipient
from campaigns.gate.store import Letter
from campaigns.links import Links
from campaigns.mail import CannotBeComposedError, Draft, MailServer, compose, greeting
from campaigns.mail_outcomes import Outcome
from campaigns.messages.domain import Message, ReportDelivery
from campaigns.messages.handlers import open_gate, refuse, report_delivery, take_all_back

BATCH = 100
CONNECTIONS = 4
LINK_ID = "link"
"""The one link that a campaign has."""

_BEFORE_HANDOVER = Failpoint("mail.before-handover")
_AFTER_HANDOVER = Failpoint("mail.after-handover")

logger = structlog.stdlib.get_logger()
ItemT = TypeVar("ItemT")
Passed: TypeAlias = tuple[Message, Letter]


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends as `address` (with a name, or without) through the server at `smtp_url`."""

    smtp_url: str
    address: str
    links: Links
    contacts: Contacts

    async def send_due(self, pool: Pool) -> bool:
        """The job: go on until nothing is due."""
        was_busy = False
        while True:
            start_by = time.monotonic() + START_WITHIN.total_seconds()
            batch = await open_gate(pool, datetime.now(UTC), BATCH)
            if batch is None:
                return was_busy
            if batch:
                await self._send_batch(pool, batch, start_by)
            was_busy = True

    async def _send_batch(self, pool: Pool, batch: Sequence[Passed], start_by: float) -> None:
        """What contacts says no to is refused; where it says nothing, all of it waits."""
        try:
            async with self.contacts.permit(list(map(_recipient, batch))) as permit:
                allowed, refused = _sorted_out(batch, permit.against)
                await refuse(pool, refused, datetime.now(UTC))
                await in_shares(allowed, lambda share: self._send_share(pool, share, start_by))
        except ContactsSilentError:
            ids = [message.message_id for message, _ in batch]
            await take_all_back(pool, ids, datetime.now(UTC))

    async def _send_share(self, pool: Pool, share: Sequence[Passed], start_by: float) -> None:
        async with MailServer(self.smtp_url) as server:
            for message, letter in share:
                _BEFORE_HANDOVER.reach()
                outcome, code = await self._send(server, message, letter, start_by)
                _AFTER_HANDOVER.reach()
                report = ReportDelivery(outcome, letter.subject, datetime.now(UTC), code)
                after = await report_delivery(pool, message.message_id, report, letter)
                logger.info(
                    "message_handed_over",
                    message_id=str(message.message_id),
                    outcome=outcome,
                    status=after.status,
                    smtp_code=code,
                )

    async def _send(
        self, server: MailServer, message: Message, letter: Letter, start_by: float
    ) -> tuple[Outcome, int | None]:
        try:
            mail = compose(self._draft(message, letter, datetime.now(UTC)))
        except CannotBeComposedError:
            return "rejected", None
        return await server.deliver(mail, start_by)

    def _draft(self, message: Message, letter: Letter, now: datetime) -> Draft:
        assert letter.email is not None
        has_link = letter.link_url is not None
        return Draft(
            send_id=message.send_id,
            sender=self.address,
            recipient=letter.email,
            greeting=greeting(letter.salutation, letter.given_name, letter.family_name),
            subject=letter.subject,
            body_text=letter.body_text,
            link_url=letter.link_url,
            click_url=self.links.click_url(message.message_id, LINK_ID) if has_link else None,
            unsubscribe_url=self.links.unsubscribe_url(message.message_id),
            at=now,
        )


async def in_shares(
    items: Sequence[ItemT], send: Callable[[Sequence[ItemT]], Awaitable[None]]
) -> None:
    """Send over a few connections at once; returns, or raises, when all of them are done."""
    shares = [items[at::CONNECTIONS] for at in range(CONNECTIONS)]
    ends = await asyncio.gather(*(send(share) for share in shares if share), return_exceptions=True)
    for error in filter(None, ends):
        raise error


def _recipient(passed: Passed) -> Recipient:
    message, letter = passed
    assert letter.subject_hash is not None
    return Recipient(message.contact_id, letter.purpose, letter.subject_hash)


def _sorted_out(
    batch: Sequence[Passed], against: Sequence[str | None]
) -> tuple[list[Passed], dict[UUID, SuppressedFor]]:
    allowed: list[Passed] = []
    refused: dict[UUID, SuppressedFor] = {}
    for (message, letter), reason in zip(batch, against, strict=True):
        if reason is None:
            allowed.append((message, letter))
        else:
            is_listed = reason == "suppression-list"
            refused[message.message_id] = "suppression-list" if is_listed else "consent"
    return allowed, refused
